import type { Timers } from "../../../src/base/clock.ts";
import { ByteArena } from "../media/byte_arena.ts";

const arena = new ByteArena();
/** Always the same one: connections break all the time, and nobody looks where. */
const brokenHere = new Deno.errors.ConnectionReset("reset");

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

/** A piece on its way. */
interface Sent {
  readonly piece: Piece;
  readonly arrivalMs: number;
}

/** A read or a write that waits; settled by what it returns. */
interface Waiting {
  readonly view: Uint8Array;
  readonly resolve: (count: number | null) => void;
  readonly reject: (error: unknown) => void;
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
  /** What arrives then, or has, but nobody has looked since. */
  readonly #onWay: Sent[] = [];
  /** Somebody looks when the first of it arrives. */
  #isAwaited = false;
  readonly #onArrival = () => {
    this.#isAwaited = false;
    this.#settle();
  };
  /** Arrived, and not yet read. */
  readonly #arrived: Piece[] = [];
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
  readonly #reads: Waiting[] = [];
  readonly #writes: Waiting[] = [];

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
    if (isHeld === this.#isHeld) return;
    if (isHeld) this.#settle();
    this.#isHeld = isHeld;
    if (!isHeld) this.#settle();
  }

  /** A read waits until so many have arrived, or the end, or there is hardly room for more (`SO_RCVLOWAT`). */
  set leastBytes(count: number) {
    this.#leastBytes = count;
    this.#settle();
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
    if (!this.#isHeld) this.#settle();
    this.#isLost = true;
    this.#onWay.length = 0;
  }

  /** From now on there is no room for more. */
  stall(): void {
    this.#isStalled = true;
  }

  /** Takes what there is room for, at least one byte. */
  write(view: Uint8Array): Promise<number> {
    return this.#attempt(this.#writes, view, this.#write) as Promise<number>;
  }

  /** As {@link write}, at once. @returns Bytes taken; 0 where that cannot be. */
  writeNow(view: Uint8Array): number {
    try {
      return this.#writes.length > 0 ? 0 : this.#write(view) ?? 0;
    } catch {
      // A write that may wait says why.
      return 0;
    }
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#onWay.length > 0) this.#settle();
    return this.#attempt(this.#reads, buffer, this.#read);
  }

  /** @param act Returns undefined where it has to wait. */
  #attempt(
    waiting: Waiting[],
    view: Uint8Array,
    act: (view: Uint8Array) => number | null | undefined,
  ): Promise<number | null> {
    try {
      const done = waiting.length > 0 ? undefined : act.call(this, view);
      if (done !== undefined) return Promise.resolve(done);
    } catch (error) {
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => waiting.push({ view, resolve, reject }));
  }

  #write(view: Uint8Array): number | undefined {
    if (this.#isWriterFrozen) return undefined;
    if (this.#writeFailure !== null) throw this.#writeFailure();
    if (this.#hasEnded) throw new Deno.errors.BrokenPipe("the connection has ended");
    const count = this.#isStalled ? 0 : Math.min(view.length, BUFFER_BYTES - this.#bytes);
    if (count <= 0) return undefined;
    this.#bytes += count;
    this.#sendBytes(arena.copy(count === view.length ? view : view.subarray(0, count)));
    return count;
  }

  #read(buffer: Uint8Array): number | null | undefined {
    if (this.#readFailure !== null) throw this.#readFailure();
    if (this.#isReaderFrozen) return undefined;
    const first = this.#arrived[0];
    if (first === "end") return null;
    if (first === "reset") throw brokenHere;
    return first !== undefined && this.#isEnough ? this.#take(buffer) : undefined;
  }

  get #isEnough(): boolean {
    return this.#arrivedBytes >= this.#leastBytes || this.#bytes > BUFFER_BYTES / 2 ||
      typeof this.#arrived.at(-1) === "string";
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
    this.#writeFailure ??= () => brokenHere;
    this.#changed();
  }

  /** Nothing more is read; what was not read is lost, as the writer learns. */
  closeReader(failure: () => Error): void {
    if (this.#readFailure !== null) return;
    this.#settle();
    this.#readFailure = failure;
    const isUnread = this.#arrived.some((piece) => piece instanceof Uint8Array);
    this.#arrived.length = 0;
    this.#changed();
    if (isUnread) this.onRefused();
    this.#await();
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
    this.#onWay.push({ piece, arrivalMs });
    if (arrivalMs <= this.#timers.nowMs()) this.#settle();
    else this.#await();
  }

  /** Somebody has to look when the first piece arrives, unless more is waited for than is on the way. */
  #await(): void {
    const [first] = this.#onWay;
    if (this.#isAwaited || this.#isHeld || first === undefined || !this.#isWorthLooking) return;
    this.#isAwaited = true;
    this.#timers.after(first.arrivalMs - this.#timers.nowMs(), this.#onArrival);
  }

  get #isWorthLooking(): boolean {
    return this.#bytes >= this.#leastBytes || this.#bytes > BUFFER_BYTES / 2 || this.#readFailure !== null ||
      typeof this.#onWay.at(-1)!.piece === "string";
  }

  #keep(part: Uint8Array): void {
    if (!this.#keepsText || this.#keptBytes >= KEPT_BYTES) return;
    this.#kept.push(part.subarray(0, KEPT_BYTES - this.#keptBytes));
    this.#keptBytes += part.length;
  }

  /** What is due arrives, all of it before anybody reads. */
  #settle(): void {
    if (this.#isHeld || this.#onWay.length === 0) return;
    const nowMs = this.#timers.nowMs();
    while (this.#onWay.length > 0 && this.#onWay[0]!.arrivalMs <= nowMs) this.#arrive(this.#onWay.shift()!.piece);
    if (this.#isEnough) this.#changed();
    this.#await();
  }

  #arrive(piece: Piece): void {
    if (piece === "reset") this.onReset();
    if (this.#readFailure !== null) {
      if (piece instanceof Uint8Array) this.onRefused();
      return;
    }
    this.#arrived.push(piece);
    if (piece instanceof Uint8Array) this.#arrivedBytes += piece.length;
  }

  /** As much as there is and has room, whatever writes it came in: a stream has no borders. */
  #take(buffer: Uint8Array): number {
    let count = 0;
    while (count < buffer.length) {
      const first = this.#arrived[0];
      if (first === undefined || typeof first === "string") break;
      const room = buffer.length - count;
      if (first.length <= room) {
        buffer.set(first, count);
        count += first.length;
        this.#arrived.shift();
      } else {
        buffer.set(first.subarray(0, room), count);
        count += room;
        this.#arrived[0] = first.subarray(room);
      }
    }
    this.#bytes -= count;
    this.#arrivedBytes -= count;
    if (this.#writes.length > 0) this.#goOn(this.#writes, this.#write);
    return count;
  }

  #changed(): void {
    if (this.#reads.length > 0) this.#goOn(this.#reads, this.#read);
    if (this.#writes.length > 0) this.#goOn(this.#writes, this.#write);
  }

  /** Those that wait do so in order. What one of them does may let others go on meanwhile. */
  #goOn(waiting: Waiting[], act: (view: Uint8Array) => number | null | undefined): void {
    for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
      try {
        const done = act.call(this, first.view);
        if (done === undefined) {
          waiting.unshift(first);
          return;
        }
        first.resolve(done);
      } catch (error) {
        first.reject(error);
      }
    }
  }
}
