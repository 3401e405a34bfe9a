import { askedVhost } from "../config/mod.ts";
import { formatHost, type StreamUrl } from "../rtmp/url.ts";
import type { SegmentOffer } from "../stream/segment_offer.ts";
import { hlsPath, type PullProtocol, type PullTarget, type UpstreamStream } from "./target.ts";

/** Where another server has the segments of a stream. */
export interface SegmentPlace {
  /** What their addresses begin with: `http://10.0.0.1:8080/live/stream`. */
  readonly base: string;
  /** What their addresses end with, with its question mark. */
  readonly query: string;
  readonly ticket: string;
}

/**
 * Where the segments are that a server offers, which feeds a stream: at the address that it was reached by, whatever it
 * says. Null where they would come in the clear while the stream itself is encrypted.
 *
 * @param remoteIp Address that its name led to.
 */
export function segmentPlace(
  stream: UpstreamStream & { readonly protocol: PullProtocol },
  { host, port, tls = false, namedBy, path }: PullTarget,
  offer: SegmentOffer | null,
  remoteIp: string,
): SegmentPlace | null {
  if (offer === null) return null;
  const isRtmp = stream.protocol === "rtmp";
  if (isRtmp && tls) return null;
  const [scheme, address, at] = isRtmp
    ? ["http", remoteIp, offer.port] as const
    // Certificates and proxies know it by its name; one that another server gave it could lead elsewhere by now.
    : [tls ? "https" : "http", tls || namedBy === null ? host : remoteIp, port] as const;
  const [, way = "", vhost = ""] = /^([^?]*)\.flv(?:\?(?:.*&)?(vhost=[^&]*))?/.exec(path ?? "") ?? [];
  const own = hlsPath(stream.url, askedVhost(stream.vhost.now, stream.url.vhost));
  const { base, query } = path === undefined ? own : { base: way, query: vhost === "" ? "" : `?${vhost}` };
  return { base: `${scheme}://${formatHost(address)}:${at}${base}`, query, ticket: offer.ticket };
}

/** Where a coworker has segments of a stream, as it offers. */
export function holderPlace(
  host: string,
  { port, ticket }: SegmentOffer,
  stream: Pick<StreamUrl, "app" | "stream">,
  vhost: string,
): SegmentPlace {
  const { base, query } = hlsPath(stream, vhost);
  return { base: `http://${formatHost(host)}:${port}${base}`, query, ticket };
}
