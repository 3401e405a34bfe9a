import { onBeat, type TimerHandle, type Timers } from "../base/clock.ts";

/** Who stood still for longer notices as soon as it goes on: the tick is overdue then. */
const TICK_MS = 1000;
/** Less than this is a busy machine. */
const STANDSTILL_MS = 2000;

/**
 * Notices when the process stood still: it was stopped by a signal, its machine was suspended or moved. To the others it
 * was dead meanwhile, and they may have taken over from it.
 */
export class StandstillWatch implements Disposable {
  readonly #timers: Timers;
  readonly #onStandstill: (ms: number) => void;
  readonly #timer: TimerHandle;
  #tickMs: number;

  /** @param onStandstill Told when it goes on, and how long it stood still. */
  constructor(timers: Timers, onStandstill: (ms: number) => void) {
    this.#timers = timers;
    this.#onStandstill = onStandstill;
    this.#tickMs = timers.nowMs();
    this.#timer = onBeat(timers, TICK_MS, () => {
      this.look();
      this.#tickMs = timers.nowMs();
    });
  }

  /** Looks at once: what came meanwhile may be read before a timer comes. */
  look(): void {
    const nowMs = this.#timers.nowMs();
    const stoodMs = nowMs - this.#tickMs - TICK_MS;
    if (stoodMs < STANDSTILL_MS) return;
    this.#tickMs = nowMs;
    this.#onStandstill(stoodMs);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }
}
