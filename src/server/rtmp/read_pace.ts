import { nearestBeatMs, type TimerHandle, type Timers } from "../../base/clock.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";

/** When a connection is to be read again. */
export interface ReadPlan {
  /** What comes may gather for so long, to be read at once. 0: it is read as it comes. */
  readonly gatherMs: number;
  /** Moments that many connections have in common are this far apart: one wake of the process serves all of them. */
  readonly commonMs: number;
  /** For connections that wake the process with each piece in any case: they are left unread for so long. */
  readonly pauseMs: number;
}

/** Nothing is waited for. */
export const readAsItComes: ReadPlan = { gatherMs: 0, pauseMs: 0, commonMs: 1 };

/** Less is not worth the calls. */
const LEAST_GATHER_MS = 20;
/** What gathers may not be more, 12 Mbit/s with 350 ms: the kernel's buffer might be full, and the sender held up. */
const MOST_GATHERED_BYTES = 512 * 1024;
/** What comes faster than usual is read early. */
const MARK_PER_USUAL = 2;
const LEAST_MARK_BYTES = 32 * 1024;
/** The rate is taken over this time at least. */
const RATE_MS = 100;
/** How much of the highest rate of late is remembered the next time. */
const RATE_DECAY = 0.9;
/** Of the buffer that takes all that gathered in one read. */
const LEAST_BUFFER_BYTES = 16 * 1024;
const SPARE_BUFFER = 1.25;
/** It is for the time between two usual flushes: what gathers for longer is read in portions. */
const BUFFER_MS = 400;

/** When one connection is read: held back, as its messages come, or many of them at a time. */
export class ReadPace {
  readonly #tcp: Pick<TcpConn, "canGather" | "gather" | "readBufferBytes">;
  readonly #timers: Timers;
  #timer: TimerHandle | null = null;
  #held: PromiseWithResolvers<void> | null = null;
  /** The kernel was told to let messages gather. */
  #isGathering = false;
  /** They are read a time's worth at once, now or soon. */
  #readsMany = false;
  #bytes = 0;
  #sinceMs: number;
  #bytesPerMs = 0;

  constructor(tcp: Pick<TcpConn, "canGather" | "gather" | "readBufferBytes">, timers: Timers) {
    this.#tcp = tcp;
    this.#timers = timers;
    this.#sinceMs = timers.nowMs();
  }

  /**
   * Something was read.
   *
   * @param isFull The buffer had no room for more.
   * @returns Whether more that has gathered is about to be read.
   */
  onRead(bytes: number, isFull: boolean): boolean {
    this.#bytes += bytes;
    return isFull && this.#readsMany;
  }

  /** Decides on the next read. @returns Settles when it may begin; undefined: now. */
  plan(plan: ReadPlan): Promise<void> | undefined {
    const { gatherMs, pauseMs } = plan;
    const nowMs = this.#timers.nowMs();
    if (nowMs - this.#sinceMs >= RATE_MS) this.#measure(nowMs);
    this.#readsMany = gatherMs > 0 && this.#tcp.canGather && this.#bytesPerMs * gatherMs <= MOST_GATHERED_BYTES;
    if (this.#readsMany) {
      // Read early, it goes on to the same moment.
      if (!this.#isGathering && gatherMs >= LEAST_GATHER_MS) this.#gather(nowMs, plan);
      return undefined;
    }
    this.#endGathering();
    if (pauseMs === 0) return undefined;
    this.#timer = this.#timers.after(pauseMs, () => this.readOn());
    return this.hold();
  }

  /** What comes gathers, and is not read yet. */
  get isGathering(): boolean {
    return this.#isGathering;
  }

  /** Ends what {@link plan} has begun: what has come is read. */
  readNow(): void {
    if (this.#timer !== null) this.readOn();
  }

  /** Nothing is read before {@link readOn}. */
  hold(): Promise<void> {
    this.#endGathering();
    this.#held ??= Promise.withResolvers();
    return this.#held.promise;
  }

  /** What has come is read, and what comes. */
  readOn(): void {
    this.#readsMany = false;
    this.#endGathering();
    this.#timer?.cancel();
    this.#timer = null;
    this.#held?.resolve();
    this.#held = null;
  }

  #measure(nowMs: number): void {
    this.#bytesPerMs = Math.max(this.#bytes / (nowMs - this.#sinceMs), this.#bytesPerMs * RATE_DECAY);
    this.#bytes = 0;
    this.#sinceMs = nowMs;
  }

  #gather(nowMs: number, { gatherMs, commonMs }: ReadPlan): void {
    this.#isGathering = true;
    const usualBytes = Math.ceil(this.#bytesPerMs * gatherMs);
    this.#tcp.gather(Math.max(LEAST_MARK_BYTES, usualBytes * MARK_PER_USUAL));
    this.#fitBuffer(this.#bytesPerMs * Math.min(gatherMs, BUFFER_MS));
    this.#timer = this.#timers.after(nearestBeatMs(nowMs + gatherMs, commonMs) - nowMs, () => this.#read());
  }

  #read(): void {
    this.#timer = null;
    this.#isGathering = false;
    this.#tcp.gather(1);
  }

  #endGathering(): void {
    if (!this.#isGathering) return;
    this.#timer?.cancel();
    this.#read();
  }

  #fitBuffer(bytes: number): void {
    let size = LEAST_BUFFER_BYTES;
    while (size < bytes * SPARE_BUFFER) size *= 2;
    const now = this.#tcp.readBufferBytes;
    if (size > now || size * 2 <= now) this.#tcp.readBufferBytes = size;
  }
}
