import { Prng } from "./mutate.ts";

/** One way to cut bytes into the pieces in which a socket may deliver them. */
export interface Split {
  name: string;
  parts: Uint8Array[];
}

/** Bytes whole, byte by byte, and cut at random (seeded) places, some pieces empty. */
export function splitsOf(bytes: Uint8Array, randomCount = 6): Split[] {
  const splits: Split[] = [
    { name: "whole", parts: [bytes] },
    { name: "byte by byte", parts: Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)) },
  ];
  for (let seed = 1; seed <= randomCount; seed++) splits.push({ name: `split ${seed}`, parts: cut(bytes, seed) });
  return splits;
}

/** Cuts bytes at random places; the bigger the seed, the bigger the pieces. */
export function cut(bytes: Uint8Array, seed: number): Uint8Array[] {
  const prng = new Prng(seed);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + prng.below(4 ** Math.min(seed, 8) + 2);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}
