const nothing = new Uint8Array(0);

/**
 * First-in first-out bytes with a bound. Reading moves an offset, so taking small pieces never shifts the rest.
 */
export class ByteQueue {
  readonly #maxBytes: number;
  #bytes = nothing;
  #start = 0;
  #end = 0;

  /** @param maxBytes Most bytes it may hold; a push beyond throws `RangeError`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies `bytes` to the end. */
  push(bytes: Uint8Array): void {
    const length = this.length;
    const need = length + bytes.length;
    if (need > this.#maxBytes) {
      throw new RangeError(`Cannot hold ${need} bytes: the queue is bound to ${this.#maxBytes}`);
    }
    if (this.#end + bytes.length > this.#bytes.length) {
      const grown = need > this.#bytes.length
        ? new Uint8Array(Math.min(this.#maxBytes, Math.max(need, this.#bytes.length * 2, 4096)))
        : this.#bytes;
      grown.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = grown;
      this.#start = 0;
      this.#end = length;
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The first `count` bytes as a view, valid until the next push; null when there are fewer. */
  peek(count: number): Uint8Array | null {
    return count > this.length ? null : this.#bytes.subarray(this.#start, this.#start + count);
  }

  /** Moves out the first `count` bytes as a copy; null when there are fewer. */
  take(count: number): Uint8Array | null {
    const view = this.peek(count);
    if (view === null) return null;
    const out = view.slice();
    this.skip(count);
    return out;
  }

  /** Drops the first `count` bytes; there must be so many. */
  skip(count: number): void {
    this.#start += count;
  }

  /** Moves out everything. */
  takeAll(): Uint8Array {
    const out = this.#bytes.subarray(this.#start, this.#end);
    this.#bytes = nothing;
    this.#start = this.#end = 0;
    return out;
  }
}
