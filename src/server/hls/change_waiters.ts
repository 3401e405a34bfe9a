import type { Timers } from "../../base/clock.ts";

interface Waiter {
  /** True when it waits no longer. */
  look(): boolean;
}

/** What a wait for a change takes into account besides the change. */
export interface WaitBounds {
  readonly limitMs: number;
  /** Calls back if nobody wants the result any more, until it is disposed of. */
  readonly onGone?: ((call: () => void) => Disposable) | undefined;
}

/**
 * Those who wait until something of a stream has changed in the way they want. Each holds a connection of a client, by
 * whose number they are bounded.
 */
export class ChangeWaiters {
  readonly #timers: Timers;
  readonly #waiters = new Set<Waiter>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get count(): number {
    return this.#waiters.size;
  }

  /**
   * Waits until `find` finds something.
   *
   * @returns null if that takes too long, or nobody wants it any more.
   */
  async wait<T>(find: () => T | null, { limitMs, onGone }: WaitBounds): Promise<T | null> {
    const found = find();
    if (found !== null) return found;
    const { promise, resolve } = Promise.withResolvers<T | null>();
    const waiter: Waiter = {
      look: () => {
        const found = find();
        if (found !== null) resolve(found);
        return found !== null;
      },
    };
    this.#waiters.add(waiter);
    const timer = this.#timers.after(limitMs, () => resolve(null));
    const gone = onGone?.(() => resolve(null));
    try {
      return await promise;
    } finally {
      this.#waiters.delete(waiter);
      timer.cancel();
      gone?.[Symbol.dispose]();
    }
  }

  /** Something has changed. */
  wake(): void {
    for (const waiter of this.#waiters) if (waiter.look()) this.#waiters.delete(waiter);
  }
}
