import { CallTimes } from "./call_times.ts";

const EVERY_MS = 20;

/**
 * How late timers of this process are: for so long its calls wait for themselves, and not for the engine. Where it is as
 * long as the calls take, the process is what was measured.
 */
export class LoopLag implements Disposable {
  #times = new CallTimes();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    let dueMs = performance.now() + EVERY_MS;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      this.#times.add(nowMs - dueMs);
      dueMs = nowMs + EVERY_MS;
    }, EVERY_MS);
  }

  /** What was seen since the last call. */
  take(): CallTimes {
    const times = this.#times;
    this.#times = new CallTimes();
    return times;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
