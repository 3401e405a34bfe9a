import { type TimerHandle, type Timers, untilBeatMs } from "../../base/clock.ts";

/** A timer later than this tells that the whole process was stopped, or the machine. */
const STOOD_STILL_MS = 500;
/** A limit may change; this often it is asked for, at least. */
const ASK_AGAIN_MS = 1000;

/** Tells when nothing has been heard of a server for too long; a packet costs it no timer. */
export class SilenceWatch {
  readonly #timers: Timers;
  readonly #onSilence: (silentMs: number) => void;
  #timer: TimerHandle | null = null;
  #heardMs = 0;

  /** @param onSilence Called once for each {@link limit}. */
  constructor(timers: Timers, onSilence: (silentMs: number) => void) {
    this.#timers = timers;
    this.#onSilence = onSilence;
  }

  /** When something was last heard. */
  get heardMs(): number {
    return this.#heardMs;
  }

  /** Something has come just now. */
  hear(): void {
    this.#heardMs = this.#timers.nowMs();
  }

  /**
   * Tells once nothing has been heard for as long as the bound, counted from the last time; takes the place of an earlier
   * limit.
   *
   * @param boundMs The bound in force.
   */
  limit(boundMs: () => number): void {
    this.stop();
    const nowMs = this.#timers.nowMs();
    const silentMs = nowMs - this.#heardMs;
    const leftMs = boundMs() - silentMs;
    if (leftMs <= 0) return this.#onSilence(silentMs);
    // Where nothing is due yet, together with what else is done once a second.
    const waitMs = Math.min(Math.ceil(leftMs), Math.ceil(untilBeatMs(nowMs, ASK_AGAIN_MS)));
    this.#timer = this.#timers.after(waitMs, () => {
      // Woken late, this process stood still itself: what came in the meantime is still to be read.
      if (this.#timers.nowMs() - nowMs - waitMs > STOOD_STILL_MS) this.hear();
      this.limit(boundMs);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
