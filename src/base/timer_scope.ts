import type { TimerHandle, Timers, WallClock } from "./clock.ts";

const nothing: TimerHandle = { cancel() {} };

/** Timers of one owner: when it ends, nothing that it has planned happens any more. */
export class TimerScope implements Timers, WallClock, Disposable {
  readonly #timers: Timers & WallClock;
  readonly #pending = new Set<TimerHandle>();
  #isOver = false;

  constructor(timers: Timers & WallClock) {
    this.#timers = timers;
  }

  nowMs(): number {
    return this.#timers.nowMs();
  }

  wallMs(): number {
    return this.#timers.wallMs();
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
