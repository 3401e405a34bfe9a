import type { Timers } from "../../src/base/clock.ts";

/** What a socket holds that its reader has not taken, as the kernel's buffers do. */
const BUFFER_BYTES = 512 * 1024;
/** Of what was written first, to look at. */
const KEPT_BYTES = 16 * 1024;

/** What travels: bytes, or the end after them. */
type Piece = Uint8Array | "end";

/** One direction of a connection in memory. */
export class MemoryPipe {
  /** The writer does not wait for more before it sends. */
  sendsAtOnce = false;
  /** The beginning of what was written, a character a byte. */
  text = "";
  readonly #timers: Timers;
  readonly #latencyMs: number;
  /** Arrived, and not yet read. */
  readonly #arrived: Piece[] = [];
  /** Held up on the way. */
  readonly #held: Piece[] = [];
  /** Bytes that were written and not yet read, wherever they are. */
  #bytes = 0;
  #isHeld = false;
  #isStalled = false;
  #hasEnded = false;
  #failure: (() => Error) | null = null;
  #onChange: (() => void)[] = [];

  constructor(timers: Timers, latencyMs: number) {
    this.#timers = timers;
    this.#latencyMs = latencyMs;
  }

  /** Nothing arrives meanwhile, and nothing is lost. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    if (!isHeld) { for (const piece of this.#held.splice(0)) this.#arrive(piece); }
  }

  /** From now on there is no room for more. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Takes what there is room for, at least one byte. */
  async write(view: Uint8Array): Promise<number> {
    while (true) {
      if (this.#failure !== null) throw this.#failure();
      if (this.#hasEnded) throw new Deno.errors.BrokenPipe("the connection has ended");
      const count = this.#isStalled ? 0 : Math.min(view.length, BUFFER_BYTES - this.#bytes);
      if (count > 0) {
        if (this.text.length < KEPT_BYTES) this.text += String.fromCharCode(...view.subarray(0, KEPT_BYTES));
        this.#bytes += count;
        this.#send(view.slice(0, count));
        return count;
      }
      await this.#change();
    }
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      const [first] = this.#arrived;
      if (first === "end") return null;
      if (first !== undefined) return this.#take(buffer);
      if (this.#failure !== null) throw this.#failure();
      await this.#change();
    }
  }

  /** The writer has no more; what was written still arrives. */
  end(): void {
    if (this.#hasEnded || this.#failure !== null) return;
    this.#hasEnded = true;
    this.#send("end");
    this.#changed();
  }

  /** Nothing more is read or written; what was not read is lost. */
  fail(failure: () => Error): void {
    this.#failure ??= failure;
    this.#arrived.length = this.#held.length = this.#bytes = 0;
    this.#changed();
  }

  #send(piece: Piece): void {
    if (this.#latencyMs === 0) this.#arrive(piece);
    else this.#timers.after(this.#latencyMs, () => this.#arrive(piece));
  }

  #arrive(piece: Piece): void {
    if (this.#failure !== null) return;
    (this.#isHeld ? this.#held : this.#arrived).push(piece);
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
