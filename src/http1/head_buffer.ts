const EMPTY = new Uint8Array(0);

/** Longest request line and headers together. Signed addresses and cookies need some thousand bytes. */
export const MAX_HEAD_BYTES = 32 * 1024;

/** What {@link HeadBuffer.take} finds: a whole head, nothing yet, or what can become no request. */
export type HeadFound = Uint8Array | null | "tooLong" | "noRequest";

/** What is kept of the buffer while nothing waits: most requests fit. */
const MOST_IDLE_BYTES = 2048;

/** Collects bytes until the head of a request is whole; what follows stays for the next one. */
export class HeadBuffer {
  #bytes: Uint8Array = EMPTY;
  /** What waits lies between these two. */
  #start = 0;
  #end = 0;
  /** Up to here there is no end of a head. */
  #searched = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Adds what has come. Views that {@link take} gave are not valid any more. */
  push(bytes: Uint8Array): void {
    if (this.length === 0) this.#reset();
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The head that came first, without the empty line at its end: a view, until the next {@link push}. */
  take(): HeadFound {
    this.#dropEmptyLines();
    const bytes = this.#bytes;
    // RTMP, TLS and the like on this port need not wait for a time-out.
    if (this.length > 0 && !mayBegin(bytes[this.#start]!)) return "noRequest";
    for (let at = this.#searched; at + 4 <= this.#end; at++) {
      if (bytes[at] !== 13 || bytes[at + 1] !== 10 || bytes[at + 2] !== 13 || bytes[at + 3] !== 10) continue;
      const head = bytes.subarray(this.#start, at);
      if (head.length > MAX_HEAD_BYTES) return "tooLong";
      this.#drop(at + 4);
      return head;
    }
    this.#searched = Math.max(this.#start, this.#end - 3);
    return this.length > MAX_HEAD_BYTES ? "tooLong" : null;
  }

  /** Everything that waits. */
  takeRest(): Uint8Array {
    const rest = this.#bytes.slice(this.#start, this.#end);
    this.#bytes = EMPTY;
    this.#reset();
    return rest;
  }

  /** They may stand before a request (RFC 9112 §2.2). */
  #dropEmptyLines(): void {
    let at = this.#start;
    while (at + 2 <= this.#end && this.#bytes[at] === 13 && this.#bytes[at + 1] === 10) at += 2;
    if (at > this.#start) this.#drop(at);
  }

  #drop(end: number): void {
    this.#start = this.#searched = end;
  }

  #reset(): void {
    if (this.#bytes.length > MOST_IDLE_BYTES) this.#bytes = EMPTY;
    this.#start = this.#end = this.#searched = 0;
  }

  /** Moves what waits to the beginning of a buffer that is large enough. */
  #makeRoom(count: number): void {
    const waiting = this.#bytes.subarray(this.#start, this.#end);
    const needed = waiting.length + count;
    const isRoomy = needed * 2 <= this.#bytes.length;
    const bytes = isRoomy
      ? this.#bytes
      : new Uint8Array(Math.max(needed, 1024, Math.min(2 * needed, 2 * MAX_HEAD_BYTES)));
    bytes.set(waiting);
    this.#searched -= this.#start;
    this.#start = 0;
    this.#end = waiting.length;
    this.#bytes = bytes;
  }
}

/** True for bytes that a method, or an empty line before it, begins with. */
function mayBegin(byte: number): boolean {
  return byte === 13 || (byte > 32 && byte < 127);
}
