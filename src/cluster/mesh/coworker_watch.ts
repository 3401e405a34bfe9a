import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { Owner } from "../directory.ts";
import type { CoworkerAnswer, OwnerQuery } from "./coworker_question.ts";

/** What a watch takes of the coworkers. */
export interface CoworkerAsker {
  /** A plain question; null if it cannot be put now. */
  askOne(coworker: string, query: OwnerQuery): Promise<CoworkerAnswer | null>;
  /** A question that the coworker answers when it has the stream; `again` if it restarted, null if too many are there. */
  askHeld(coworker: string, query: OwnerQuery, signal: AbortSignal): Promise<CoworkerAnswer | "again" | null>;
  /** How long a coworker that cannot be waited with is left alone until it is asked once more; each call takes a turn. */
  pollPauseMs(): number;
  /** Calls back when a coworker that gave no usable answer does so again. */
  onBack(coworker: string, query: OwnerQuery, back: () => void): Disposable;
  isSelf(coworker: string): boolean;
}

/** How long one question waits at a coworker. */
export const HOLD_MS = 20_000;
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 5000;

/**
 * Learns from one coworker when it comes to have a stream. One of our kind keeps the question until then; another one, such
 * as SRS, answers at once, and is asked again after 200 ms, doubling to 5 s.
 */
export class CoworkerWatch implements Disposable {
  readonly #coworkers: CoworkerAsker;
  readonly #coworker: string;
  readonly #timers: Timers;
  readonly #query: () => OwnerQuery;
  readonly #onAnswer: (owner: Owner | null) => void;
  readonly #giveUp = new AbortController();
  #timer: TimerHandle | null = null;
  #back: Disposable | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  /** It has told its instance, and kept the last question that it could keep. */
  #canHold = false;
  #isOver = false;

  /** @param onAnswer Told of each answer, with the owner or null, and never after the watch is disposed of. */
  constructor(
    { coworkers, timers }: { readonly coworkers: CoworkerAsker; readonly timers: Timers },
    coworker: string,
    query: () => OwnerQuery,
    onAnswer: (owner: Owner | null) => void,
  ) {
    this.#coworkers = coworkers;
    this.#timers = timers;
    this.#coworker = coworker;
    this.#query = query;
    this.#onAnswer = onAnswer;
    this.#ask();
  }

  /** Somebody else waits for the stream now: a coworker that was not to be asked for a while is asked. */
  hurry(): void {
    if (this.#timer === null) return;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#pause(0);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#back?.[Symbol.dispose]();
    this.#giveUp.abort();
  }

  async #ask(): Promise<void> {
    const askedMs = this.#timers.nowMs();
    const isHeld = this.#canHold;
    const query = this.#query();
    // Nobody waits at this moment: whoever comes hurries it, and others must not wait for its turn.
    if (!isHeld && query.isWanted?.() === false) return this.#pause(MAX_PAUSE_MS, false);
    const answer = isHeld
      ? await this.#coworkers.askHeld(this.#coworker, { ...query, waitMs: HOLD_MS }, this.#giveUp.signal)
      : await this.#coworkers.askOne(this.#coworker, query);
    if (this.#isOver || this.#coworkers.isSelf(this.#coworker)) return;
    if (answer === "again") return this.#ask();
    if (answer === null) {
      this.#canHold = false;
      return this.#pauseLonger();
    }
    if (answer.error !== null) {
      this.#canHold = false;
      this.#back = this.#coworkers.onBack(this.#coworker, query, () => this.#askAgain());
      return;
    }
    this.#onAnswer(answer.owner);
    if (this.#isOver) return;
    const waitedMs = this.#timers.nowMs() - askedMs;
    // Who answers early cannot keep more questions, or does not take this server for a member.
    const isEarly = isHeld && waitedMs < HOLD_MS / 2;
    if (isHeld && !isEarly) this.#pauseMs = FIRST_PAUSE_MS;
    // Of one that has the stream it is to be seen when it has it no more.
    this.#canHold = answer.owner === null && answer.instance !== null && !isEarly;
    if (this.#canHold) this.#ask();
    else this.#pauseLonger();
  }

  #askAgain(): void {
    this.#timer = null;
    this.#back?.[Symbol.dispose]();
    this.#back = null;
    this.#pauseMs = FIRST_PAUSE_MS;
    if (!this.#isOver) this.#ask();
  }

  #pauseLonger(): void {
    this.#pause(this.#pauseMs);
    this.#pauseMs = Math.min(MAX_PAUSE_MS, this.#pauseMs * 2);
  }

  #pause(ms: number, takesTurn = true): void {
    this.#timer?.cancel();
    this.#timer = this.#timers.after(ms + (takesTurn ? this.#coworkers.pollPauseMs() : 0), () => {
      this.#timer = null;
      this.#ask();
    });
  }
}
