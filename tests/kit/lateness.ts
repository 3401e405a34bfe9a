import { every, type TimerHandle, type Timers } from "../../src/base/clock.ts";

const BEAT_MS = 100;
const RECENT_MS = 15_000;

/** How much later than asked for this process is woken: what it measures is no better. */
export class Lateness implements Disposable {
  worstMs = 0;
  readonly #timers: Timers;
  readonly #timer: TimerHandle;
  #recent: { readonly atMs: number; readonly lateMs: number }[] = [];
  #beatMs: number;

  constructor(timers: Timers) {
    this.#timers = timers;
    this.#beatMs = timers.nowMs();
    this.#timer = every(timers, BEAT_MS, () => this.#beat());
  }

  /** The worst of the last 15 s. */
  get recentMs(): number {
    const nowMs = this.#timers.nowMs();
    // It may be late this very moment.
    const own = Math.max(0, nowMs - this.#beatMs - BEAT_MS);
    return this.#recent.reduce(
      (most, { atMs, lateMs }) => nowMs - atMs > RECENT_MS ? most : Math.max(most, lateMs),
      own,
    );
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #beat(): void {
    const nowMs = this.#timers.nowMs();
    const lateMs = nowMs - this.#beatMs - BEAT_MS;
    this.#beatMs = nowMs;
    this.worstMs = Math.max(this.worstMs, lateMs);
    this.#recent = this.#recent.filter(({ atMs }) => nowMs - atMs <= RECENT_MS);
    this.#recent.push({ atMs: nowMs, lateMs });
  }
}
