import { createCipheriv, hkdfSync } from "node:crypto";
import { encodeUtf8 } from "../base/bytes.ts";

/** Bytes of a key of AES-128. */
export const HLS_KEY_BYTES = 16;

/** Number of the key that a segment is encrypted with: so many segments in a row have the same. */
export function keyNumberOf(segmentNumber: number, fragmentsPerKey: number): number {
  return Math.floor(segmentNumber / fragmentsPerKey);
}

/**
 * The key with a number: the same on all nodes that know the secret. HKDF with SHA-256 (RFC 5869).
 *
 * @param secret Of all streams of a cluster, or of one.
 * @param stream Name of the stream, so that each has keys of its own.
 */
export function segmentKey(secret: Uint8Array, stream: string, keyNumber: number): Uint8Array {
  const info = encodeUtf8(`hls aes-128 ${keyNumber} ${stream}`);
  return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, HLS_KEY_BYTES));
}

/**
 * Encrypts a segment as `METHOD=AES-128` wants it: CBC, filled up as in PKCS #7; the initialization vector is the
 * segment's number. Source: RFC 8216 §4.3.2.4, §5.2.
 */
export function encryptSegment(pieces: readonly Uint8Array[], key: Uint8Array, segmentNumber: number): Uint8Array {
  const vector = new Uint8Array(16);
  new DataView(vector.buffer).setBigUint64(8, BigInt(segmentNumber));
  const cipher = createCipheriv("aes-128-cbc", key, vector);
  const total = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const out = new Uint8Array(total - total % 16 + 16);
  let at = 0;
  for (const piece of pieces) at = put(out, at, cipher.update(piece));
  put(out, at, cipher.final());
  return out;
}

function put(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}
