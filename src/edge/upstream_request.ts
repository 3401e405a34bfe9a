import type { AmfObject } from "../amf/amf0.ts";
import type { VhostConfig } from "../config/mod.ts";
import { DEFAULT_RTMP_PORT, DEFAULT_VHOST, formatHost, parseRtmpAddress, type StreamUrl } from "../rtmp/url.ts";
import type { RtmpClientOptions } from "./rtmp_client.ts";

const DEFAULT_HTTP_PORT = 80;

/** A server to pull from. */
export interface PullTarget {
  host: string;
  port: number;
  /** `host:port`, for logs and comparisons. */
  text: string;
  /** Address of the server that redirected here; null for a configured origin. */
  redirectedFrom: string | null;
  /** Path and query that an HTTP redirect names; without it, those of the stream. */
  path?: string;
}

/** How a stream is pulled: `cluster.protocol`. */
export type PullProtocol = VhostConfig["cluster"]["protocol"];

/** Host and port of `host[:port]`, or of a full RTMP address: an SRS edge takes no more from a redirect either. */
export function parseTarget(address: string): PullTarget | null {
  const parsed = parseRtmpAddress(address.includes("//") ? address : `rtmp://${address}/`);
  if (parsed === null) return null;
  const { host, port } = parsed;
  return { host, port, text: `${formatHost(host)}:${port}`, redirectedFrom: null };
}

/**
 * Host and port of `host[:port]`, or of an HTTP address, whose path is kept: an SRS edge follows an HTTP redirect to the
 * letter.
 */
export function parseFlvTarget(address: string): PullTarget | null {
  const text = address.includes("//") ? address : `http://${address}/`;
  if (!/^http:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { hostname, port: written, pathname, search } = new URL(text);
  const host = hostname.replace(/^\[|\]$/g, "");
  const port = written === "" ? DEFAULT_HTTP_PORT : Number(written);
  if (host === "" || port === 0) return null;
  const target = { host, port, text: `${formatHost(host)}:${port}`, redirectedFrom: null };
  return pathname === "/" ? target : { ...target, path: `${pathname}${search}` };
}

/** As {@link parseTarget} or {@link parseFlvTarget}: the ports differ that stand for none. None is asked over HTTPS. */
export function parseTargetOf(protocol: PullProtocol, address: string): PullTarget | null {
  if (protocol === "flvs") return null;
  return protocol === "rtmp" ? parseTarget(address) : parseFlvTarget(address);
}

/** Where a redirect leads: to an RTMP server, or to an FLV over HTTP. Null for anything else, which is not fetched. */
export function parseRedirect(protocol: PullProtocol, address: string): PullTarget | null {
  if (protocol === "rtmp") return parseTarget(address);
  return /^http:\/\/[^?#]*\.flv(?:[?#]|$)/i.test(address) ? parseFlvTarget(address) : null;
}

/** A stream as another server is asked for it, or given it. */
export interface UpstreamStream {
  url: StreamUrl;
  vhost: VhostConfig;
  pageUrl: string;
  swfUrl: string;
}

/**
 * The play or publish that an edge sends to an origin, as SRS's edge does: the vhost travels in `tcUrl` only, the client's
 * other parameters stay on the name.
 *
 * @param connectArgs Identity for `debug_srs_upnode`, or null.
 */
export function upstreamSession(
  role: "play" | "publish",
  { url, vhost, pageUrl, swfUrl }: UpstreamStream,
  { port }: PullTarget,
  connectArgs: AmfObject | null,
): RtmpClientOptions["session"] {
  const asked = vhost.cluster.vhost.replace("[vhost]", url.vhost);
  const host = asked === "" || asked === DEFAULT_VHOST ? url.host : asked;
  return {
    role,
    tcUrl: `rtmp://${formatHost(host)}${port === DEFAULT_RTMP_PORT ? "" : `:${port}`}/${url.app}`,
    app: url.app,
    name: `${url.stream}${withoutVhost(url.query)}`,
    pageUrl,
    swfUrl,
    chunkSizeBytes: vhost.chunkSizeBytes,
    handshake: "digest",
    canReconnect: true,
    ...(connectArgs === null ? {} : { connectArgs }),
  };
}

/**
 * Path and query by which an edge asks for a stream over HTTP-FLV, as SRS's does: `/app/stream.flv` with the client's
 * parameters. A vhost, which SRS leaves out, travels as one of them.
 */
export function flvPath({ url, vhost }: UpstreamStream): string {
  const asked = vhost.cluster.vhost.replace("[vhost]", url.vhost);
  const isDefault = asked === "" || asked === DEFAULT_VHOST;
  const kept = isDefault ? url.query : withoutVhost(url.query);
  const query = isDefault ? kept : `${kept === "" ? "?" : `${kept}&`}vhost=${asked}`;
  const path = `/${url.app}/${url.stream.replace(/(?<=.)\.(?:flv|ts|aac|mp3)$/, "")}.flv`;
  // A percent sign stays one, and is none of an escape: names are what they are.
  return `${escape(path.replaceAll("%", "%25"))}${escape(query)}`;
}

function escape(text: string): string {
  return text.replace(/[^!-~]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}

function withoutVhost(query: string): string {
  const kept = query.replace(/^\?/, "").split("&").filter((pair) => !/^(vhost|domain)=/.test(pair));
  return kept.length === 0 || kept[0] === "" ? "" : `?${kept.join("&")}`;
}
