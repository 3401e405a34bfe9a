import { encodeUtf8 } from "../../base/bytes.ts";
import { RequestDenied } from "../../base/errors.ts";
import { queryValue, type StreamUrl } from "../../rtmp/url.ts";
import type { AccessKind } from "./security.ts";

const algorithm = { name: "HMAC", hash: "SHA-256" };

/**
 * The signature of an address: HMAC-SHA256 over `STREAM-EXPIRE-KIND`, in hexadecimal digits.
 *
 * STREAM is the name that the API and hooks show as `url`: `/app/stream`, after the vhost's name unless that is the
 * default one. EXPIRE is in seconds since 1970, KIND is `publish` or `play`: permission to play is not permission to publish.
 */
export async function signUrl(key: string, streamKey: string, expire: string, kind: AccessKind): Promise<string> {
  const signature = await crypto.subtle.sign(algorithm.name, await importKey(key), text(streamKey, expire, kind));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Judges a client by `expire` and `sign` among the parameters of its address.
 *
 * Any of the keys may have signed it: a new one is put beside the old one, which goes when all its addresses have
 * expired. The time that a comparison takes tells nothing about the right signature.
 *
 * @param nowMs Wall clock.
 * @throws {RequestDenied} `SecurityCheck`.
 */
export async function checkSignature(
  keys: readonly string[],
  url: StreamUrl,
  kind: AccessKind,
  nowMs: number,
): Promise<void> {
  if (await keyOfSignature(keys, url, kind) === undefined) {
    throw new RequestDenied("SecurityCheck", `the address has no valid signature for ${kind}`);
  }
  // Told only to those who once had leave.
  if (Number(queryValue(url.query, "expire")) * 1000 < nowMs) {
    throw new RequestDenied("SecurityCheck", "the signed address has expired");
  }
}

/** Which of the keys an address is signed with, expired or not; undefined for none. */
export async function keyOfSignature(
  keys: readonly string[],
  url: StreamUrl,
  kind: AccessKind,
): Promise<string | undefined> {
  const expire = queryValue(url.query, "expire");
  const signature = readHex(queryValue(url.query, "sign"));
  if (!/^\d{1,15}$/.test(expire) || signature === null) return undefined;
  const signed = text(url.key, expire, kind);
  return keys[(await Promise.all(keys.map((key) => verify(key, signature, signed)))).indexOf(true)];
}

function text(streamKey: string, expire: string, kind: AccessKind): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encodeUtf8(`${streamKey}-${expire}-${kind}`));
}

function importKey(key: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", new Uint8Array(encodeUtf8(key)), algorithm, false, ["sign", "verify"]);
}

async function verify(key: string, signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>) {
  // `verify` of the Web Crypto API compares in constant time.
  return key !== "" && await crypto.subtle.verify(algorithm.name, await importKey(key), signature, signed);
}

/** The 32 bytes of 64 hexadecimal digits; null for anything else. */
function readHex(digits: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[\da-f]{64}$/i.test(digits)) return null;
  return Uint8Array.from({ length: 32 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
