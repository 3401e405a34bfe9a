import type { TimerHandle, Timers } from "../../base/clock.ts";

/** However long it asks for, no question waits longer. */
const MAX_WAIT_MS = 60_000;
/** Questions that wait, of all coworkers together and of one address: what comes on top is answered at once. */
const MAX_QUESTIONS = 4096;
export const MAX_QUESTIONS_PER_ADDRESS = 512;

/** Questions of coworkers who has a stream, which are not answered before it is published here, or their time is over. */
export class HeldQuestions implements Disposable {
  readonly #timers: Timers;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #perAddress = new Map<string, number>();
  #count = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Questions that wait now. */
  get count(): number {
    return this.#count;
  }

  /** Waits for a stream. Settles when it is published, when the time is over, or at once where too many wait. */
  hold(key: string, remoteIp: string, waitMs: number): Promise<void> {
    const ofAddress = this.#perAddress.get(remoteIp) ?? 0;
    if (this.#count >= MAX_QUESTIONS || ofAddress >= MAX_QUESTIONS_PER_ADDRESS) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    this.#perAddress.set(remoteIp, ofAddress + 1);
    this.#count++;
    const answer = () => {
      timer.cancel();
      waiting.delete(answer);
      if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      this.#count--;
      const left = (this.#perAddress.get(remoteIp) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(remoteIp);
      else this.#perAddress.set(remoteIp, left);
      resolve();
    };
    const timer: TimerHandle = this.#timers.after(Math.min(MAX_WAIT_MS, waitMs), answer);
    waiting.add(answer);
    return promise;
  }

  /** The stream is published here. */
  wake(key: string): void {
    for (const answer of [...this.#waiting.get(key) ?? []]) answer();
  }

  [Symbol.dispose](): void {
    for (const waiting of [...this.#waiting.values()]) for (const answer of [...waiting]) answer();
  }
}
