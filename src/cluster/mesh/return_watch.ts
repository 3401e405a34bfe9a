import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { OwnerQuery } from "./coworker_question.ts";
import { PacedCalls } from "./paced_calls.ts";

/** How soon one that failed is asked again on behalf of those who wait for it: doubling up to one question in 2 s. */
const FIRST_PROBE_MS = 250;
const MAX_PROBE_MS = 2000;
/** Once it is there again, it is asked for one stream after the other. */
const RETURN_PAUSE_MS = 4;

/** Who waits for the return of a coworker, and what it would ask. */
interface Waiting {
  readonly query: OwnerQuery;
  hasLeft: boolean;
  back(): void;
}

/** A coworker, as far as its return is waited for. */
export interface AwaitedCoworker {
  /** It gave no usable answer the last time. */
  readonly isSuspect: boolean;
  /** Asks whether it is back; {@link ReturnWatch.onUsable} tells, if it is. */
  probe(query: OwnerQuery): Promise<unknown>;
}

/** Those who wait until one coworker gives usable answers again. However many they are, it has one question of them. */
export class ReturnWatch {
  /** What is to be asked once more, one after the other. */
  readonly paced: PacedCalls;
  readonly #timers: Timers;
  readonly #coworker: AwaitedCoworker;
  readonly #waiting = new Set<Waiting>();
  #probe: TimerHandle | null = null;

  constructor(timers: Timers, coworker: AwaitedCoworker) {
    this.paced = new PacedCalls(timers, RETURN_PAUSE_MS);
    this.#timers = timers;
    this.#coworker = coworker;
  }

  /** Calls back once it answers. */
  wait(query: OwnerQuery, back: () => void): Disposable {
    const waiting: Waiting = { query, back, hasLeft: false };
    this.#add(waiting);
    return {
      [Symbol.dispose]: () => {
        waiting.hasLeft = true;
        this.#waiting.delete(waiting);
        if (this.#waiting.size === 0) this.#stopProbe();
      },
    };
  }

  /** It answers: those who wait are told in turn, unless it has failed once more by then. */
  onUsable(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#stopProbe();
    this.paced.add(waiting.map((one) => () => {
      if (one.hasLeft) return;
      if (this.#coworker.isSuspect) this.#add(one);
      else one.back();
    }));
  }

  #add(waiting: Waiting): void {
    this.#waiting.add(waiting);
    if (this.#probe === null) this.#probeLater(FIRST_PROBE_MS);
  }

  #stopProbe(): void {
    this.#probe?.cancel();
    this.#probe = null;
  }

  #probeLater(pauseMs: number): void {
    const probe = this.#timers.after(pauseMs, async () => {
      const [first] = this.#waiting;
      if (first !== undefined) await this.#coworker.probe(first.query);
      // It was heard of meanwhile, and may have failed since: then another one is planned.
      if (this.#probe !== probe) return;
      this.#probe = null;
      if (this.#waiting.size > 0) this.#probeLater(Math.min(MAX_PROBE_MS, pauseMs * 2));
    });
    this.#probe = probe;
  }
}
