import type { TimerHandle, Timers } from "../../base/clock.ts";

/** Something to do; it never rejects. */
type Job = () => Promise<void>;

interface Round {
  readonly jobs: readonly Job[];
  readonly startedMs: number;
  readonly withinMs: number;
  at: number;
}

/**
 * Jobs that are done one after the other over some time. Each has an equal share of it, and a random moment within: when
 * thousands of servers have the same to do at once, each second has as much of it as the next.
 */
export class PacedJobs implements Disposable {
  readonly #timers: Timers;
  readonly #random: () => number;
  #round: Round | null = null;
  #timer: TimerHandle | null = null;

  constructor(timers: Timers, random: () => number) {
    this.#timers = timers;
    this.#random = random;
  }

  /** Whether there is something left to do. */
  get isBusy(): boolean {
    return this.#round !== null;
  }

  /** Begins with these jobs, and forgets those before. @param withinMs The time for all of them together. */
  start(jobs: readonly Job[], withinMs: number): void {
    this.#timer?.cancel();
    const round = { jobs, startedMs: this.#timers.nowMs(), withinMs, at: 0 };
    this.#round = round;
    this.#next(round);
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#round = null;
  }

  #next(round: Round): void {
    const { jobs, startedMs, withinMs, at } = round;
    const job = jobs[at];
    if (job === undefined) {
      this.#round = null;
      return;
    }
    const dueMs = startedMs + withinMs * (at + this.#random()) / jobs.length;
    this.#timer = this.#timers.after(Math.max(0, dueMs - this.#timers.nowMs()), async () => {
      await job();
      round.at++;
      if (this.#round === round) this.#next(round);
    });
  }
}

/** Things in batches of this size, the last one smaller. */
export function batchesOf<T>(all: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
}
