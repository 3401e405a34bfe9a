import { askedVhost, type VhostConfig } from "../../config/mod.ts";
import { queryValue, type StreamUrl, withVhost } from "../../rtmp/url.ts";
import type { AccessKind } from "./security.ts";
import { keyOfSignature, signUrl } from "./signed_url.ts";

/** How long a client's signature must still be valid to be used: clocks of servers differ. */
const LEAST_LEFT_S = 60;
/** How long the signature of this server is good: it is used at once. */
const SIGNED_S = 300;

/**
 * The address by which another server is asked for a client's stream. The client's signature was checked here when it
 * came, and lets it stay; should the connection to the origin break after it has expired, this server signs for itself,
 * with the key that the client's signature was made with.
 *
 * @param wallMs Time of day.
 */
export function addressForOrigin(
  vhost: VhostConfig,
  url: StreamUrl,
  kind: AccessKind,
  wallMs: number,
): StreamUrl | Promise<StreamUrl> {
  const { signedUrl } = vhost;
  const nowS = Math.floor(wallMs / 1000);
  const expireS = Number(queryValue(url.query, "expire"));
  if (!signedUrl[kind] || signedUrl.key.length === 0 || expireS - nowS >= LEAST_LEFT_S) return url;
  // The origin knows the stream by the vhost that it is asked for.
  const asked = askedVhost(vhost, url.vhost);
  const { key } = asked === "" ? url : withVhost(url, asked);
  return sign(signedUrl.key, url, key, kind, String(nowS + SIGNED_S));
}

async function sign(keys: readonly string[], url: StreamUrl, streamKey: string, kind: AccessKind, expire: string) {
  const secret = await keyOfSignature(keys, url, kind) ?? keys[0] ?? "";
  const signature = await signUrl(secret, streamKey, expire, kind);
  const kept = url.query.replace(/^\?/, "").split(/[&,;?]+/).filter((pair) => !/^(?:expire|sign)=|^$/.test(pair));
  return { ...url, query: `?${[...kept, `expire=${expire}`, `sign=${signature}`].join("&")}` };
}
