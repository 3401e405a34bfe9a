import type { TimerHandle, Timers } from "../../../src/base/clock.ts";

/** Simulated days begin at this moment, too: numbers of frames follow from it, which have 32 bits. */
const BEGIN_MS = 1_000_000;

/** The system's clock, from a begin of its own. */
export class RealTimers implements Timers {
  readonly #startedMs = performance.now();

  nowMs(): number {
    return BEGIN_MS + performance.now() - this.#startedMs;
  }

  after(delayMs: number, fn: () => void): TimerHandle {
    const id = setTimeout(fn, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(id) };
  }

  /** Waits. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
  }

  /** @returns Whether something has settled by then. */
  async within(ms: number, something: Promise<unknown>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.after(ms, () => resolve(false));
    something.then(() => resolve(true), () => resolve(true));
    const isSettled = await promise;
    timer.cancel();
    return isSettled;
  }
}
