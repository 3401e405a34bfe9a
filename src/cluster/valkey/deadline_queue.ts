import type { TimerHandle, Timers } from "../../base/clock.ts";

interface Deadline {
  readonly dueMs: number;
  /** Null once it is cancelled. */
  fn: (() => void) | null;
}

/** Calls that are all made after the same time, unless they are cancelled, as nearly all are: they share one timer. */
export class DeadlineQueue {
  readonly #timers: Timers;
  readonly #delayMs: number;
  #queue: Deadline[] = [];
  /** The first in the queue that is not over. */
  #head = 0;
  #timer: TimerHandle | null = null;

  constructor(timers: Timers, delayMs: number) {
    this.#timers = timers;
    this.#delayMs = delayMs;
  }

  add(fn: () => void): TimerHandle {
    const deadline: Deadline = { dueMs: this.#timers.nowMs() + this.#delayMs, fn };
    this.#queue.push(deadline);
    this.#timer ??= this.#timers.after(this.#delayMs, () => this.#onDue());
    return { cancel: () => void (deadline.fn = null) };
  }

  #onDue(): void {
    this.#timer = null;
    const nowMs = this.#timers.nowMs();
    while (this.#head < this.#queue.length) {
      const { dueMs, fn } = this.#queue[this.#head]!;
      if (fn !== null && dueMs > nowMs) break;
      this.#head++;
      fn?.();
    }
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
    const [next] = this.#queue;
    if (next !== undefined) this.#timer ??= this.#timers.after(Math.max(0, next.dueMs - nowMs), () => this.#onDue());
  }
}
