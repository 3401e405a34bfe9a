import { createHash } from "node:crypto";
import { concatBytes, encodeUtf8, equalBytes } from "../base/bytes.ts";

/** Where the digest lies in C1 and S1: in the second half (schema 0: key first) or the first (schema 1). */
export type DigestSchema = 0 | 1;

/** Who signs: each side has its own well-known key. */
export type HandshakeRole = "client" | "server";

/** Length of C1, S1, C2 and S2. */
export const handshakeBlockBytes = 1536;

const digestBytes = 32;
const halfBytes = 764;
const offsetRange = halfBytes - 4 - digestBytes;

// The well-known keys of the digest handshake: a sentence, then (for C2 and S2 only) 32 more bytes.
// deno-fmt-ignore
const keyTail = Uint8Array.of(
  0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
  0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae,
);
const shortKeys: Record<HandshakeRole, Uint8Array> = {
  client: encodeUtf8("Genuine Adobe Flash Player 001"),
  server: encodeUtf8("Genuine Adobe Flash Media Server 001"),
};
const longKeys: Record<HandshakeRole, Uint8Array> = {
  client: concatBytes(shortKeys.client, keyTail),
  server: concatBytes(shortKeys.server, keyTail),
};

/** The digest found in a C1 or S1. */
export interface BlockDigest {
  schema: DigestSchema;
  digest: Uint8Array;
}

/**
 * Looks for the digest that `signer` puts into its C1 or S1, schema 0 first as SRS does; null when there is none.
 *
 * The digest is the HMAC-SHA256 of the other 1504 bytes.
 */
export function findDigest(block: Uint8Array, signer: HandshakeRole): BlockDigest | null {
  for (const schema of [0, 1] as const) {
    const at = digestAt(block, schema);
    const digest = block.slice(at, at + digestBytes);
    if (equalBytes(digest, blockDigest(block, at, signer))) return { schema, digest };
  }
  return null;
}

/** Puts the digest of `signer` into its C1 or S1, whose other bytes must be final, and returns it. */
export function signBlock(block: Uint8Array, schema: DigestSchema, signer: HandshakeRole): Uint8Array {
  const at = digestAt(block, schema);
  const digest = blockDigest(block, at, signer);
  block.set(digest, at);
  return digest;
}

/** Makes C2 or S2 the answer of `signer` to the digest of the peer's block: its last 32 bytes sign the rest. */
export function signAnswer(answer: Uint8Array, peerDigest: Uint8Array, signer: HandshakeRole): void {
  const at = handshakeBlockBytes - digestBytes;
  answer.set(hmac(hmac(longKeys[signer], peerDigest), answer.subarray(0, at)), at);
}

function digestAt(block: Uint8Array, schema: DigestSchema): number {
  // Time and version, then the halves; the digest's half begins with four bytes whose sum tells the place in it.
  const half = 8 + (schema === 0 ? halfBytes : 0);
  let sum = 0;
  for (let i = half; i < half + 4; i++) sum += block[i] ?? 0;
  return half + 4 + sum % offsetRange;
}

function blockDigest(block: Uint8Array, at: number, signer: HandshakeRole): Uint8Array {
  return hmac(shortKeys[signer], block.subarray(0, at), block.subarray(at + digestBytes));
}

const HMAC_BLOCK_BYTES = 64;

/**
 * HMAC-SHA256 (RFC 2104) of the parts, concatenated.
 *
 * Not `createHmac`: on Deno 2.4 it prints a deprecation warning with the first handshake of a process.
 */
function hmac(key: Uint8Array, ...parts: Uint8Array[]): Uint8Array {
  const inner = new Uint8Array(HMAC_BLOCK_BYTES).fill(0x36);
  const outer = new Uint8Array(HMAC_BLOCK_BYTES).fill(0x5c);
  const blockKey = key.length > HMAC_BLOCK_BYTES ? sha256(key) : key;
  blockKey.forEach((byte, i) => {
    inner[i]! ^= byte;
    outer[i]! ^= byte;
  });
  return sha256(outer, sha256(inner, ...parts));
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest()); // not a Buffer, whose slice() shares memory
}
