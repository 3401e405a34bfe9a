import { encodeUtf8 } from "../../base/bytes.ts";
import { encryptSegment, keyNumberOf, segmentKey } from "../../hls/encryption.ts";
import type { SegmentWindow } from "../../hls/segment_window.ts";

/** Encrypts what is served of one stream, each thing once, and gives out the keys of what is there. */
export class SegmentCipher {
  readonly #secret: Uint8Array;
  readonly #key: string;
  readonly #fragmentsPerKey: number;
  /** By segment or part, for as long as that is kept. */
  readonly #made = new WeakMap<object, Uint8Array>();

  /**
   * @param secret The same on all servers of the stream, which then make the same bytes.
   * @param key Of the stream.
   */
  constructor(secret: Uint8Array | string, key: string, fragmentsPerKey: number) {
    this.#secret = typeof secret === "string" ? encodeUtf8(secret) : secret;
    this.#key = key;
    this.#fragmentsPerKey = fragmentsPerKey;
  }

  /** A segment or part, encrypted. @param number Of the segment. */
  encrypted(what: object, pieces: readonly Uint8Array[], number: number): Uint8Array {
    const known = this.#made.get(what);
    if (known !== undefined) return known;
    const key = segmentKey(this.#secret, this.#key, keyNumberOf(number, this.#fragmentsPerKey));
    const bytes = encryptSegment(pieces, key, number);
    this.#made.set(what, bytes);
    return bytes;
  }

  /** A key that something in the window needs; null for others, as those of segments to come. */
  keyOf({ entries, open }: SegmentWindow, keyNumber: number): Uint8Array | null {
    const [first, last] = [entries[0] ?? open, open ?? entries.at(-1)];
    if (first === null || first === undefined || last === null || last === undefined) return null;
    const oldest = keyNumberOf(first.number, this.#fragmentsPerKey);
    // What has just left the playlist may still be in the buffer of a player that lost the key.
    const isThere = keyNumber >= oldest - 1 && keyNumber <= keyNumberOf(last.number, this.#fragmentsPerKey);
    return isThere ? segmentKey(this.#secret, this.#key, keyNumber) : null;
  }
}
