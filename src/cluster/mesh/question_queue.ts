import type { Timers } from "../../base/clock.ts";

/** Questions on their way to one coworker: more would only wait there, and take descriptors from clients. */
export const MAX_ASKING = 32;
/** Questions of a kind that wait for their turn; what comes on top is not asked. */
const MAX_WAITING = 1024;

interface Waiting {
  isWanted(): boolean;
  /** Gives it a place, or null: it is too late. */
  go(mayAsk: boolean): void;
}

/** Options of {@link QuestionQueue.put}. */
export interface PutOptions {
  /** Whether anybody waits for the answer still; asked when it is the question's turn. */
  readonly isWanted: () => boolean;
  /** How long it may wait for its turn. */
  readonly waitMs: number;
  /** It goes before those that are not: a publisher is not to wait for players of made-up names. */
  readonly isUrgent?: boolean;
}

/** The questions to one coworker: a bounded number at a time, the others in the order they came, urgent ones first. */
export class QuestionQueue {
  readonly #timers: Timers;
  readonly #urgent = new Set<Waiting>();
  readonly #waiting = new Set<Waiting>();
  #asking = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /**
   * Puts a question when it is its turn.
   *
   * @returns The answer; null when the question was not put. Rejects as `put` does.
   */
  async put<T>(put: () => Promise<T>, options: PutOptions): Promise<T | null> {
    if (this.#asking < MAX_ASKING) this.#asking++;
    else if (!await this.#turn(options)) return null;
    try {
      return await put();
    } finally {
      if (!this.#handOn()) this.#asking--;
    }
  }

  #turn({ isWanted, waitMs, isUrgent = false }: PutOptions): Promise<boolean> {
    const waiting = isUrgent ? this.#urgent : this.#waiting;
    if (waiting.size >= MAX_WAITING) dropUnwanted(waiting);
    if (waiting.size >= MAX_WAITING) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const entry: Waiting = {
      isWanted,
      go: (mayAsk) => {
        timer.cancel();
        waiting.delete(entry);
        resolve(mayAsk);
      },
    };
    const timer = this.#timers.after(waitMs, () => entry.go(false));
    waiting.add(entry);
    return promise;
  }

  /** Gives the place of a question that is over to the next one; false if none waits. */
  #handOn(): boolean {
    for (const waiting of [this.#urgent, this.#waiting]) {
      for (const entry of waiting) {
        const isWanted = entry.isWanted();
        entry.go(isWanted);
        if (isWanted) return true;
      }
    }
    return false;
  }
}

function dropUnwanted(waiting: ReadonlySet<Waiting>): void {
  for (const entry of waiting) if (!entry.isWanted()) entry.go(false);
}
