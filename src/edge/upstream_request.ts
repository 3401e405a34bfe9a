import type { AmfObject } from "../amf/amf0.ts";
import type { VhostConfig } from "../config/mod.ts";
import { DEFAULT_RTMP_PORT, DEFAULT_VHOST, formatHost, parseRtmpAddress, type StreamUrl } from "../rtmp/url.ts";
import type { RtmpClientOptions } from "./rtmp_client.ts";

/** A server to pull from. */
export interface PullTarget {
  host: string;
  port: number;
  /** `host:port`, for logs and comparisons. */
  text: string;
  /** Address of the server that redirected here; null for a configured origin. */
  redirectedFrom: string | null;
}

/** Host and port of `host[:port]`, or of a full RTMP address: an SRS edge takes no more from a redirect either. */
export function parseTarget(address: string): PullTarget | null {
  const parsed = parseRtmpAddress(address.includes("//") ? address : `rtmp://${address}/`);
  if (parsed === null) return null;
  const { host, port } = parsed;
  return { host, port, text: `${formatHost(host)}:${port}`, redirectedFrom: null };
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

function withoutVhost(query: string): string {
  const kept = query.replace(/^\?/, "").split("&").filter((pair) => !/^(vhost|domain)=/.test(pair));
  return kept.length === 0 || kept[0] === "" ? "" : `?${kept.join("&")}`;
}
