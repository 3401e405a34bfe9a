import type { AmfObject } from "../amf/amf0.ts";
import { type Span, TRACEPARENT } from "../base/trace.ts";
import { askedVhost, type VhostConfig, type VhostHandle } from "../config/mod.ts";
import { DEFAULT_RTMP_PORT, DEFAULT_VHOST, formatHost, parseRtmpAddress, type StreamUrl } from "../rtmp/url.ts";
import type { RtmpClientOptions } from "./client/rtmp_client.ts";
import { mayLeadTo, namerOf } from "./redirect_trust.ts";

const HTTP_PORT = 80;
const HTTPS_PORT = 443;
const RTMPS_PORT = 443;

/** A server to pull from, or to send to. */
export interface PullTarget {
  host: string;
  port: number;
  /** `host:port`, for logs and comparisons; with TLS, after `rtmps://` or `https://`. */
  text: string;
  /** Asked over TLS. */
  tls?: boolean;
  /** Host that named it: of the server that redirected here, or of a coworker; null for the configuration. */
  namedBy: string | null;
  /** Path and query that an HTTP redirect names; without it, those of the stream. */
  path?: string;
}

/** How a stream is pulled: `cluster.protocol`. */
export type PullProtocol = VhostConfig["cluster"]["protocol"];

/** Host and port of `host[:port]`, or of a full RTMP address: an SRS edge takes no more from a redirect either. */
export function parseTarget(address: string): PullTarget | null {
  const parsed = parseRtmpAddress(address.includes("//") ? address : `rtmp://${address}/`);
  if (parsed === null) return null;
  const { host, port, tls } = parsed;
  const text = `${formatHost(host)}:${port}`;
  return tls ? { host, port, tls, text: `rtmps://${text}`, namedBy: null } : { host, port, text, namedBy: null };
}

/**
 * Host and port of `host[:port]`, or of an HTTP address, whose path is kept: an SRS edge follows an HTTP redirect to the
 * letter.
 *
 * @param scheme What `host[:port]` alone stands for.
 */
export function parseFlvTarget(address: string, scheme: "http" | "https" = "http"): PullTarget | null {
  const text = address.includes("//") ? address : `${scheme}://${address}/`;
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return null;
  const { protocol, hostname, port: written, pathname, search } = new URL(text);
  const tls = protocol === "https:";
  const host = hostname.replace(/^\[|\]$/g, "");
  const port = written === "" ? tls ? HTTPS_PORT : HTTP_PORT : Number(written);
  if (host === "" || port === 0) return null;
  const server = `${formatHost(host)}:${port}`;
  const target = tls
    ? { host, port, tls, text: `https://${server}`, namedBy: null }
    : { host, port, text: server, namedBy: null };
  return pathname === "/" ? target : { ...target, path: `${pathname}${search}` };
}

/** As {@link parseTarget} or {@link parseFlvTarget}: the ports differ that stand for none. */
export function parseTargetOf(protocol: PullProtocol, address: string): PullTarget | null {
  return protocol === "rtmp" ? parseTarget(address) : parseFlvTarget(address, protocol === "flvs" ? "https" : "http");
}

/** The configured origins of a vhost; what is no address is left out. */
export function originTargets(
  { origin }: Pick<VhostConfig["cluster"], "origin">,
  protocol: PullProtocol,
): PullTarget[] {
  return origin.map(({ text }) => parseTargetOf(protocol, text)).filter((target) => target !== null);
}

/** The owner of a stream, as a directory names it. */
interface NamedOwner {
  readonly ip: string;
  readonly port: number;
  /** Where it serves HTTP-FLV, `host:port`; the same over TLS. */
  readonly http?: string;
  readonly https?: string;
  /** Who names it. */
  readonly coworker: string;
}

/**
 * The owner that a coworker names; null if it does not serve the protocol, or its address is none, or one to which the
 * coworker may not lead.
 */
export function ownerTarget(
  { ip, port, http, https, coworker }: NamedOwner,
  protocol: PullProtocol = "rtmp",
): PullTarget | null {
  const namedBy = namerOf(coworker);
  const address = { rtmp: `${formatHost(ip)}:${port}`, flv: http, flvs: https }[protocol];
  const target = address === undefined ? null : parseTargetOf(protocol, address);
  return target !== null && mayLeadTo(namedBy, target.host) ? { ...target, namedBy } : null;
}

/** Where a redirect leads: to an RTMP server, or to an FLV over HTTP. Null for anything else, which is not fetched. */
export function parseRedirect(protocol: PullProtocol, address: string): PullTarget | null {
  if (protocol === "rtmp") return parseTarget(address);
  return /^https?:\/\/[^?#]*\.flv(?:[?#]|$)/i.test(address) ? parseFlvTarget(address) : null;
}

/** A stream as another server is asked for it, or given it. */
export interface UpstreamStream {
  url: StreamUrl;
  vhost: VhostHandle;
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
  { port, tls = false }: PullTarget,
  connectArgs: AmfObject | null,
): RtmpClientOptions["session"] {
  const asked = askedVhost(vhost.now, url.vhost);
  const host = asked === "" || asked === DEFAULT_VHOST ? url.host : asked;
  const usualPort = tls ? RTMPS_PORT : DEFAULT_RTMP_PORT;
  return {
    role,
    tcUrl: `${tls ? "rtmps" : "rtmp"}://${formatHost(host)}${port === usualPort ? "" : `:${port}`}/${url.app}`,
    app: url.app,
    name: `${url.stream}${withoutVhost(url.query)}`,
    pageUrl,
    swfUrl,
    chunkSizeBytes: vhost.now.chunkSizeBytes,
    handshake: "digest",
    canReconnect: true,
    ...(connectArgs === null ? {} : { connectArgs }),
  };
}

/** Arguments of `connect` by which the server goes on with a trace, if there is one. */
export function withTrace(connectArgs: AmfObject | null, trace: Span | null): AmfObject | null {
  return trace === null ? connectArgs : { ...connectArgs, [TRACEPARENT]: trace.traceparent };
}

/**
 * Path and query by which an edge asks for a stream over HTTP-FLV, as SRS's does: `/app/stream.flv` with the client's
 * parameters. A vhost, which SRS leaves out, travels as one of them.
 */
export function flvPath({ url, vhost }: UpstreamStream): string {
  const asked = askedVhost(vhost.now, url.vhost);
  const isDefault = asked === "" || asked === DEFAULT_VHOST;
  const kept = isDefault ? url.query : withoutVhost(url.query);
  const query = isDefault ? kept : `${kept === "" ? "?" : `${kept}&`}vhost=${asked}`;
  const path = `/${url.app}/${url.stream.replace(/(?<=.)\.(?:flv|ts|aac|mp3)$/, "")}.flv`;
  // A percent sign stays one, and is none of an escape: names are what they are.
  return `${escape(path.replaceAll("%", "%25"))}${escape(query)}`;
}

/** What addresses of the segments of a stream begin and end with, as the server knows it that has the stream. */
export function hlsPath(
  { app, stream }: Pick<StreamUrl, "app" | "stream">,
  vhost: string,
): { readonly base: string; readonly query: string } {
  const query = vhost === "" || vhost === DEFAULT_VHOST ? "" : `?vhost=${encodeURIComponent(vhost)}`;
  return { base: `/${app.split("/").map(encodeURIComponent).join("/")}/${encodeURIComponent(stream)}`, query };
}

function escape(text: string): string {
  return text.replace(/[^!-~]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}

function withoutVhost(query: string): string {
  const kept = query.replace(/^\?/, "").split("&").filter((pair) => !/^(vhost|domain)=/.test(pair));
  return kept.length === 0 || kept[0] === "" ? "" : `?${kept.join("&")}`;
}
