import type { Timers } from "../../src/base/clock.ts";
import { ByteArena } from "./byte_arena.ts";

const arena = new ByteArena();

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
  /** The reader's system has learnt that the connection is broken. */
  onReset: () => void = () => {};
  /** Something was sent that nobody will get. */
  onLost: () => void = () => {};
  /** Something came for a reader that has closed. */
  onRefused: () => void = () => {};
  readonly #timers: Timers;
  readonly #line: LineModel;
  /** The beginning of what was written. */
  readonly #kept: Uint8Array[] = [];
  #keptBytes = 0;
  readonly #keepsText: boolean;
  /** When what was sent last arrives. */
  #arrivalMs = 0;
  /** What arrives then, while more can be added. */
  #together: { readonly arrivalMs: number; readonly pieces: Piece[] } | null = null;
  /** Arrived, and not yet read. */
  readonly #arrived: Piece[] = [];
  /** Held up on the way. */
  readonly #held: Piece[] = [];
  /** Bytes that were written and not yet read, wherever they are. */
  #bytes = 0;
  /** Those among them that have arrived. */
  #arrivedBytes = 0;
  /** The reader is not woken for less. */
  #leastBytes = 1;
  #isHeld = false;
  #isLost = false;
  #isReaderFrozen = false;
  #isWriterFrozen = false;
  #isStalled = false;
  #hasEnded = false;
  /** Of reads, once the reader has closed. */
  #readFailure: (() => Error) | null = null;
  #writeFailure: (() => Error) | null = null;
  readonly #onChange: (() => void)[] = [];

  /** @param keepsText Whether {@link text} is wanted. */
  constructor(timers: Timers, line: LineModel, keepsText = true) {
    this.#keepsText = keepsText;
    this.#timers = timers;
    this.#line = line;
  }

  /** Bytes that were written and not yet read. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The beginning of what was written, a character a byte. */
  get text(): string {
    return this.#kept.map((part) => String.fromCharCode(...part)).join("");
  }

  /** Nothing arrives meanwhile, and nothing is lost. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    if (!isHeld) { for (const piece of this.#held.splice(0)) this.#arrive(piece); }
  }

  /** A read waits until so many have arrived, or the end, or there is hardly room for more (`SO_RCVLOWAT`). */
  set leastBytes(count: number) {
    this.#leastBytes = count;
    this.#changed();
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
          this.#bytes += count;
          this.#sendBytes(arena.copy(view.subarray(0, count)));
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
        const first = this.#arrived[0];
        if (first === "end") return null;
        if (first === "reset") throw new Deno.errors.ConnectionReset("reset");
        if (first !== undefined && this.#isEnough) return this.#take(buffer);
      }
      await this.#change();
    }
  }

  get #isEnough(): boolean {
    return this.#arrivedBytes >= this.#leastBytes || this.#bytes > BUFFER_BYTES / 2 ||
      !(this.#arrived.at(-1) instanceof Uint8Array);
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

  /** In segments; those that wait for the one before arrive with it, as one piece. */
  #sendBytes(bytes: Uint8Array): void {
    this.#keep(bytes);
    let [from, fromMs] = [0, -1];
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(bytes.length - at, this.#line.segmentBytes());
      const arrivalMs = this.#arrivalOf(size);
      if (at > from && arrivalMs > fromMs) {
        this.#sendAt(fromMs, bytes.subarray(from, at));
        from = at;
      }
      fromMs = arrivalMs;
      at += size;
    }
    this.#sendAt(fromMs, from === 0 ? bytes : bytes.subarray(from));
  }

  #send(piece: Piece): void {
    this.#sendAt(this.#arrivalOf(0), piece);
  }

  /** When what is sent now arrives: it overtakes nothing. */
  #arrivalOf(bytes: number): number {
    return this.#arrivalMs = Math.max(this.#arrivalMs, this.#timers.nowMs() + this.#line.delayMs(bytes));
  }

  #sendAt(arrivalMs: number, piece: Piece): void {
    if (this.#isLost) return this.onLost();
    const nowMs = this.#timers.nowMs();
    if (arrivalMs <= nowMs) return this.#arrive(piece);
    if (this.#together?.arrivalMs === arrivalMs) {
      this.#together.pieces.push(piece);
      return;
    }
    const together = this.#together = { arrivalMs, pieces: [piece] };
    this.#timers.after(arrivalMs - nowMs, () => {
      if (this.#together === together) this.#together = null;
      for (const arriving of together.pieces) this.#arrive(arriving);
    });
  }

  #keep(part: Uint8Array): void {
    if (!this.#keepsText || this.#keptBytes >= KEPT_BYTES) return;
    this.#kept.push(part.subarray(0, KEPT_BYTES - this.#keptBytes));
    this.#keptBytes += part.length;
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
    if (piece instanceof Uint8Array) this.#arrivedBytes += piece.length;
    if (this.#isEnough) this.#changed();
  }

  /** As much as there is and has room, whatever writes it came in: a stream has no borders. */
  #take(buffer: Uint8Array): number {
    let count = 0;
    while (count < buffer.length) {
      const first = this.#arrived[0];
      if (!(first instanceof Uint8Array)) break;
      const part = first.subarray(0, buffer.length - count);
      buffer.set(part, count);
      count += part.length;
      if (part.length === first.length) this.#arrived.shift();
      else this.#arrived[0] = first.subarray(part.length);
    }
    this.#bytes -= count;
    this.#arrivedBytes -= count;
    this.#changed();
    return count;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  #changed(): void {
    if (this.#onChange.length === 0) return;
    for (const tell of this.#onChange.splice(0)) tell();
  }
}
