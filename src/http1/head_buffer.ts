const EMPTY = new Uint8Array(0);

/** Longest request line and headers together. Signed addresses and cookies need some thousand bytes. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** What {@link HeadBuffer.take} finds: a whole head, nothing yet, or what can become no request. */
export type HeadFound = Uint8Array | null | "tooLong" | "noRequest";

/** Collects bytes until the head of a request is whole; what follows stays for the next one. */
export class HeadBuffer {
  #bytes = EMPTY;
  #used = 0;
  /** Up to here there is no end of a head. */
  #searched = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#used;
  }

  push(bytes: Uint8Array): void {
    const used = this.#used + bytes.length;
    if (used > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(used, 1024, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = used;
  }

  /** The head that came first, without the empty line at its end. */
  take(): HeadFound {
    this.#dropEmptyLines();
    const bytes = this.#bytes;
    // RTMP, TLS and the like on this port need not wait for a time-out.
    if (this.#used > 0 && !mayBegin(bytes[0]!)) return "noRequest";
    for (let at = this.#searched; at + 4 <= this.#used; at++) {
      if (bytes[at] !== 13 || bytes[at + 1] !== 10 || bytes[at + 2] !== 13 || bytes[at + 3] !== 10) continue;
      if (at > MAX_HEAD_BYTES) return "tooLong";
      const head = bytes.slice(0, at);
      this.#drop(at + 4);
      return head;
    }
    this.#searched = Math.max(0, this.#used - 3);
    return this.#used > MAX_HEAD_BYTES ? "tooLong" : null;
  }

  /** Everything that waits. */
  takeRest(): Uint8Array {
    const rest = this.#bytes.slice(0, this.#used);
    this.#drop(this.#used);
    return rest;
  }

  /** They may stand before a request (RFC 9112 §2.2). */
  #dropEmptyLines(): void {
    let count = 0;
    while (count + 2 <= this.#used && this.#bytes[count] === 13 && this.#bytes[count + 1] === 10) count += 2;
    if (count > 0) this.#drop(count);
  }

  #drop(count: number): void {
    this.#bytes = this.#bytes.slice(count, this.#used);
    this.#used -= count;
    this.#searched = 0;
  }
}

/** True for bytes that a method, or an empty line before it, begins with. */
function mayBegin(byte: number): boolean {
  return byte === 13 || (byte > 32 && byte < 127);
}
