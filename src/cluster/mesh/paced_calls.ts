import type { TimerHandle, Timers } from "../../base/clock.ts";

/** Calls that are made one after the other, the first at once, the others with a pause between them. */
export class PacedCalls implements Disposable {
  readonly #timers: Timers;
  readonly #pauseMs: number;
  readonly #waiting: (() => void)[] = [];
  #timer: TimerHandle | null = null;

  constructor(timers: Timers, pauseMs: number) {
    this.#timers = timers;
    this.#pauseMs = pauseMs;
  }

  /** Adds calls, whose number is bounded where they come from. */
  add(calls: Iterable<() => void>): void {
    this.#waiting.push(...calls);
    if (this.#timer === null) this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#waiting.length = 0;
  }

  #next(): void {
    this.#timer = null;
    const call = this.#waiting.shift();
    if (call === undefined) return;
    this.#timer = this.#timers.after(this.#pauseMs, () => this.#next());
    call();
  }
}
