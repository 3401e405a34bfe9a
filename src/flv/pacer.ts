import type { Clock } from "../base/clock.ts";

/** Options of {@link Pacer}. */
export interface PacerOptions {
  /** How much sooner than its time media may be sent. */
  aheadMs: number;
  /** How much of what a stall held back is made up for; the rest of the stall moves the timeline. */
  maxBurstMs: number;
}

/** Tells when the media of a file is due, so that it leaves as if it were live. */
export class Pacer {
  readonly #clock: Clock;
  readonly #options: PacerOptions;
  /** When time 0 of the media is due; null before the first question. */
  #startMs: number | null = null;
  #frontMs = 0;

  constructor(clock: Clock, options: PacerOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /**
   * How long to wait before sending the media of this time: 0 when it is due. The first media is due at once, media out
   * of order with what came before it.
   */
  waitMs(timeMs: number): number {
    const nowMs = this.#clock.nowMs();
    const { aheadMs, maxBurstMs } = this.#options;
    this.#startMs ??= nowMs - timeMs;
    this.#frontMs = Math.max(this.#frontMs, timeMs);
    const lateMs = nowMs - (this.#startMs + this.#frontMs);
    if (lateMs > maxBurstMs) this.#startMs += lateMs - maxBurstMs;
    return Math.max(0, this.#startMs + timeMs - aheadMs - nowMs);
  }
}
