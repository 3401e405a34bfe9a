import { DEFAULT_VHOST, formatRtmpUrl, queryValue, type StreamUrl } from "../rtmp/url.ts";
import type { ServerAddress } from "./directory.ts";

/**
 * Where a client finds a stream at its owner: the full address that SRS puts into `redirect2`.
 *
 * The client's own parameters stay; the vhost goes along when the owner could not tell it from the new host.
 * Source: SRS 4 to 6 `SrsRtmpConn::playing`.
 */
export function redirectAddress(url: StreamUrl, owner: ServerAddress): string {
  const vhost = queryValue(url.query, "vhost") === "" ? vhostToName(url) : "";
  const separator = url.query === "" ? "?" : "&";
  const query = vhost === "" ? url.query : `${url.query}${separator}vhost=${vhost}`;
  return formatRtmpUrl(owner.ip, owner.port, `${url.app}/${url.stream}${query}`);
}

/** Where a client should connect again to have the same app: the `tcUrl` of a reconnect request of enhanced RTMP. */
export function moveAddress(url: StreamUrl, { ip, port }: ServerAddress): string {
  const vhost = vhostToName(url);
  return formatRtmpUrl(ip, port, `${url.app}${vhost === "" ? "" : `?vhost=${vhost}`}`);
}

/** The vhost to be named in the query: a configured one, or the host name the client used; an IP address says nothing. */
function vhostToName({ vhost, host }: StreamUrl): string {
  if (vhost !== DEFAULT_VHOST) return vhost;
  return /^[\d.]+$/.test(host) || host.includes(":") ? "" : host;
}
