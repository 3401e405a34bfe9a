import type { Timers } from "../base/clock.ts";

/** Questions on their way to one coworker: more would only wait there, and take descriptors from clients. */
export const MAX_ASKING = 32;
/** Questions that wait for their turn; what comes on top is not asked. */
const MAX_WAITING = 1024;

interface Waiting {
  isWanted(): boolean;
  /** Gives it a place, or null: it is too late. */
  go(mayAsk: boolean): void;
}

/** The questions to one coworker: a bounded number at a time, the others in the order they came. */
export class QuestionQueue {
  readonly #timers: Timers;
  readonly #waiting = new Set<Waiting>();
  #asking = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * Puts a question when it is its turn.
   *
   * @param options Whether anybody waits for the answer still, asked at its turn; how long it may wait for that.
   * @returns The answer; null when the question was not put. Rejects as `put` does.
   */
  async put<T>(
    put: () => Promise<T>,
    { isWanted, waitMs }: { isWanted: () => boolean; waitMs: number },
  ): Promise<T | null> {
    if (this.#asking < MAX_ASKING) this.#asking++;
    else if (!await this.#turn(isWanted, waitMs)) return null;
    try {
      return await put();
    } finally {
      if (!this.#handOn()) this.#asking--;
    }
  }

  #turn(isWanted: () => boolean, waitMs: number): Promise<boolean> {
    if (this.#waiting.size >= MAX_WAITING) this.#dropUnwanted();
    if (this.#waiting.size >= MAX_WAITING) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const entry: Waiting = {
      isWanted,
      go: (mayAsk) => {
        timer.cancel();
        this.#waiting.delete(entry);
        resolve(mayAsk);
      },
    };
    const timer = this.#timers.after(waitMs, () => entry.go(false));
    this.#waiting.add(entry);
    return promise;
  }

  /** Gives the place of a question that is over to the next one; false if none waits. */
  #handOn(): boolean {
    for (const entry of this.#waiting) {
      const isWanted = entry.isWanted();
      entry.go(isWanted);
      if (isWanted) return true;
    }
    return false;
  }

  #dropUnwanted(): void {
    for (const entry of this.#waiting) if (!entry.isWanted()) entry.go(false);
  }
}
