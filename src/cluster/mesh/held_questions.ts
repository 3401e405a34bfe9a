import type { TimerHandle, Timers } from "../../base/clock.ts";

/** However long it asks for, no question waits longer. */
const MAX_WAIT_MS = 60_000;
/** Questions that wait, of all coworkers together: what comes on top is answered at once. */
const MAX_QUESTIONS = 4096;
/** Of one address. What comes on top takes the place of the oldest: one that vanished without a word is not seen to be gone. */
export const MAX_QUESTIONS_PER_ADDRESS = 512;

/** Questions of coworkers who has a stream, which are not answered before it is published here, or their time is over. */
export class HeldQuestions implements Disposable {
  readonly #timers: Timers;
  /** By stream; each is answered by a call. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** The same by address, in the order they came. */
  readonly #ofAddress = new Map<string, Set<() => void>>();
  #count = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Questions that wait now. */
  get count(): number {
    return this.#count;
  }

  /**
   * Waits for a stream. Settles when it is published, when the time is over, or at once where too many wait.
   *
   * @param onGone Calls back when the one who asks has left; without it, nobody can tell.
   */
  hold(key: string, remoteIp: string, waitMs: number, onGone?: (call: () => void) => Disposable): Promise<void> {
    if ((this.#ofAddress.get(remoteIp)?.size ?? 0) >= MAX_QUESTIONS_PER_ADDRESS) {
      const [oldest] = this.#ofAddress.get(remoteIp) ?? [];
      oldest?.();
    }
    if (this.#count >= MAX_QUESTIONS) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const answer = () => {
      timer.cancel();
      watch?.[Symbol.dispose]();
      remove(this.#waiting, key, answer);
      remove(this.#ofAddress, remoteIp, answer);
      this.#count--;
      resolve();
    };
    const timer: TimerHandle = this.#timers.after(Math.min(MAX_WAIT_MS, waitMs), answer);
    const watch = onGone?.(answer);
    add(this.#waiting, key, answer);
    add(this.#ofAddress, remoteIp, answer);
    this.#count++;
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

function add(sets: Map<string, Set<() => void>>, key: string, answer: () => void): void {
  const set = sets.get(key) ?? new Set();
  sets.set(key, set.add(answer));
}

function remove(sets: Map<string, Set<() => void>>, key: string, answer: () => void): void {
  const set = sets.get(key);
  set?.delete(answer);
  if (set?.size === 0) sets.delete(key);
}
