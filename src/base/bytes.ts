const utf8Decoder = new TextDecoder();
const utf8Encoder = new TextEncoder();

/** Decodes UTF-8; malformed sequences become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

/** Encodes as UTF-8. */
export function encodeUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/**
 * Reads big-endian numbers and byte runs from one buffer. It never copies: byte runs are views on the input.
 *
 * Every read past the end throws `RangeError` and leaves the position unchanged.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #pos = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#pos;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#bytes.length - this.#pos;
  }

  #take(count: number): number {
    if (count > this.remaining) throw new RangeError(`Cannot read ${count} bytes: ${this.remaining} left`);
    const at = this.#pos;
    this.#pos += count;
    return at;
  }

  readU8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  readU16(): number {
    return this.#view.getUint16(this.#take(2));
  }

  readI16(): number {
    return this.#view.getInt16(this.#take(2));
  }

  readU24(): number {
    const at = this.#take(3);
    return (this.#view.getUint16(at) << 8) | this.#view.getUint8(at + 2);
  }

  readU32(): number {
    return this.#view.getUint32(this.#take(4));
  }

  readF64(): number {
    return this.#view.getFloat64(this.#take(8));
  }

  /** The next `count` bytes as a view on the input. */
  readBytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  /** Everything that is left, as a view on the input. */
  readRest(): Uint8Array {
    return this.readBytes(this.remaining);
  }

  /** The byte `ahead` positions from here, or -1 past the end. */
  peekU8(ahead = 0): number {
    return this.#bytes[this.#pos + ahead] ?? -1;
  }
}

const nothing = new Uint8Array(0);
const LEAST_GROWN_BYTES = 64;

/** Builds a byte string of big-endian numbers and byte runs; grows as needed. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const need = at + count;
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(need, this.#bytes.length * 2, LEAST_GROWN_BYTES));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = need;
    return at;
  }

  writeU8(value: number): this {
    const at = this.#reserve(1);
    this.#view.setUint8(at, value);
    return this;
  }

  writeU16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setUint16(at, value);
    return this;
  }

  writeI16(value: number): this {
    const at = this.#reserve(2);
    this.#view.setInt16(at, value);
    return this;
  }

  writeU24(value: number): this {
    const at = this.#reserve(3);
    this.#view.setUint16(at, value >>> 8);
    this.#view.setUint8(at + 2, value);
    return this;
  }

  writeU32(value: number): this {
    const at = this.#reserve(4);
    this.#view.setUint32(at, value);
    return this;
  }

  writeF64(value: number): this {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value);
    return this;
  }

  writeBytes(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  /** A view on what was written; later writes may or may not show in it. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Moves out what was written; the writer starts over and no longer touches those bytes. */
  take(): Uint8Array<ArrayBuffer> {
    const out = this.view();
    // Most are not written to any more.
    this.#bytes = nothing;
    this.#length = 0;
    return out;
  }
}

/** Joins byte runs into a new one. */
export function concatBytes(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** True when both runs hold the same bytes. Not constant-time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
