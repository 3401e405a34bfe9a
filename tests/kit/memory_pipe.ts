import type { Timers } from "../../src/base/clock.ts";

/** What a socket holds that its reader has not taken, as the kernel's buffers do. */
const BUFFER_BYTES = 512 * 1024;
/** Of what was written first, to look at. */
const KEPT_BYTES = 16 * 1024;

/** What travels: bytes, the end after them, or the news that the connection is broken. */
type Piece = Uint8Array | "end" | "reset";

/** How bytes travel in one direction. */
export interface LineModel {
  /** How long a piece takes, in milliseconds; it never overtakes the one before. */
  delayMs(bytes: number): number;
  /** Most bytes that the next segment bears: what was written together may arrive in parts. */
  segmentBytes(): number;
}

/** A line on which everything takes the same time. */
export function steadyLine(latencyMs: number): LineModel {
  return { delayMs: () => latencyMs, segmentBytes: () => Infinity };
}

/** One direction of a connection in memory. */
export class MemoryPipe {
  /** The writer does not wait for more before it sends. */
  sendsAtOnce = false;
  /** The beginning of what was written, a character a byte. */
  text = "";
  /** The reader's system has learnt that the connection is broken. */
  onReset: () => void = () => {};
  /** Something was sent that nobody will get. */
  onLost: () => void = () => {};
  /** Something came for a reader that has closed. */
  onRefused: () => void = () => {};
  readonly #timers: Timers;
  readonly #line: LineModel;
  /** When what was sent last arrives. */
  #arrivalMs = 0;
  /** Arrived, and not yet read. */
  readonly #arrived: Piece[] = [];
  /** Held up on the way. */
  readonly #held: Piece[] = [];
  /** Bytes that were written and not yet read, wherever they are. */
  #bytes = 0;
  #isHeld = false;
  #isLost = false;
  #isReaderFrozen = false;
  #isWriterFrozen = false;
  #isStalled = false;
  #hasEnded = false;
  /** Of reads, once the reader has closed. */
  #readFailure: (() => Error) | null = null;
  #writeFailure: (() => Error) | null = null;
  #onChange: (() => void)[] = [];

  constructor(timers: Timers, line: LineModel) {
    this.#timers = timers;
    this.#line = line;
  }

  /** Bytes that were written and not yet read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing arrives meanwhile, and nothing is lost. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    if (!isHeld) { for (const piece of this.#held.splice(0)) this.#arrive(piece); }
  }

  /** Whoever reads stands still: what arrives waits for it. */
  set isReaderFrozen(isFrozen: boolean) {
    this.#isReaderFrozen = isFrozen;
    this.#changed();
  }

  /** Whoever writes stands still: a write that waits goes on waiting. */
  set isWriterFrozen(isFrozen: boolean) {
    this.#isWriterFrozen = isFrozen;
    this.#changed();
  }

  /** What is on the way and what is sent from now on is lost, and nobody is told. */
  lose(): void {
    this.#isLost = true;
    this.#held.length = 0;
  }

  /** From now on there is no room for more. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Takes what there is room for, at least one byte. */
  async write(view: Uint8Array): Promise<number> {
    while (true) {
      if (!this.#isWriterFrozen) {
        if (this.#writeFailure !== null) throw this.#writeFailure();
        if (this.#hasEnded) throw new Deno.errors.BrokenPipe("the connection has ended");
        const count = this.#isStalled ? 0 : Math.min(view.length, BUFFER_BYTES - this.#bytes);
        if (count > 0) {
          if (this.text.length < KEPT_BYTES) this.text += String.fromCharCode(...view.subarray(0, KEPT_BYTES));
          this.#bytes += count;
          for (let at = 0; at < count;) {
            const segment = view.slice(at, Math.min(count, at + this.#line.segmentBytes()));
            this.#send(segment);
            at += segment.length;
          }
          return count;
        }
      }
      await this.#change();
    }
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      if (this.#readFailure !== null) throw this.#readFailure();
      if (!this.#isReaderFrozen) {
        const [first] = this.#arrived;
        if (first === "end") return null;
        if (first === "reset") throw new Deno.errors.ConnectionReset("reset");
        if (first !== undefined) return this.#take(buffer);
      }
      await this.#change();
    }
  }

  /** The writer has no more; what was written still arrives. */
  end(): void {
    if (this.#hasEnded || this.#writeFailure !== null) return;
    this.#hasEnded = true;
    this.#send("end");
    this.#changed();
  }

  /** The writer breaks the connection: it writes nothing more, and the reader learns of it. */
  reset(): void {
    this.failWrites();
    this.#send("reset");
  }

  /** The reader's system learns from elsewhere that the connection is broken. */
  breakReads(): void {
    this.#arrived.push("reset");
    this.#changed();
  }

  /** The writer's system has learnt that the connection is broken. */
  failWrites(): void {
    this.#writeFailure ??= () => new Deno.errors.ConnectionReset("reset");
    this.#changed();
  }

  /** Nothing more is read; what was not read is lost, as the writer learns. */
  closeReader(failure: () => Error): void {
    if (this.#readFailure !== null) return;
    this.#readFailure = failure;
    const isUnread = this.#arrived.some((piece) => piece instanceof Uint8Array);
    this.#arrived.length = 0;
    this.#changed();
    if (isUnread) this.onRefused();
  }

  #send(piece: Piece): void {
    if (this.#isLost) return this.onLost();
    const nowMs = this.#timers.nowMs();
    const delayMs = this.#line.delayMs(piece instanceof Uint8Array ? piece.length : 0);
    this.#arrivalMs = Math.max(this.#arrivalMs, nowMs + delayMs);
    if (this.#arrivalMs <= nowMs) this.#arrive(piece);
    else this.#timers.after(this.#arrivalMs - nowMs, () => this.#arrive(piece));
  }

  #arrive(piece: Piece): void {
    if (this.#isLost) return;
    if (this.#isHeld) {
      this.#held.push(piece);
      return;
    }
    if (piece === "reset") this.onReset();
    if (this.#readFailure !== null) {
      if (piece instanceof Uint8Array) this.onRefused();
      return;
    }
    this.#arrived.push(piece);
    this.#changed();
  }

  /** As much as there is and has room, whatever writes it came in: a stream has no borders. */
  #take(buffer: Uint8Array): number {
    let count = 0;
    for (let [first] = this.#arrived; first instanceof Uint8Array && count < buffer.length; [first] = this.#arrived) {
      const part = first.subarray(0, buffer.length - count);
      buffer.set(part, count);
      count += part.length;
      if (part.length === first.length) this.#arrived.shift();
      else this.#arrived[0] = first.subarray(part.length);
    }
    this.#bytes -= count;
    this.#changed();
    return count;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  #changed(): void {
    for (const tell of this.#onChange.splice(0)) tell();
  }
}
