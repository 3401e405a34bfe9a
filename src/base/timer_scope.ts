import type { TimerHandle, Timers } from "./clock.ts";

const nothing: TimerHandle = { cancel() {} };

/** Timers of one owner: when it ends, nothing that it has planned happens any more. */
export class TimerScope implements Timers, Disposable {
  readonly #timers: Timers;
  readonly #pending = new Set<TimerHandle>();
  #isOver = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  nowMs(): number {
    return this.#timers.nowMs();
  }

  after(delayMs: number, fn: () => void): TimerHandle {
    if (this.#isOver) return nothing;
    const pending = this.#timers.after(delayMs, () => {
      this.#pending.delete(handle);
      fn();
    });
    const handle = {
      cancel: () => {
        this.#pending.delete(handle);
        pending.cancel();
      },
    };
    this.#pending.add(handle);
    return handle;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    for (const handle of [...this.#pending]) handle.cancel();
  }
}
