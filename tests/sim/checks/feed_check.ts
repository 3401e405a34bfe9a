import type { PlayerPlan } from "../scenario.ts";
import type { PublishSession } from "../truth.ts";
import type { FaultBook } from "./fault_book.ts";
import { lackOf } from "./stream_supply.ts";

/** So long the end of a publish is on its way to everybody. */
const NEWS_MS = 3000;

/** A viewer got an older publish after a newer one. */
interface Return {
  readonly plan: PlayerPlan;
  readonly older: PublishSession;
  readonly newer: PublishSession;
  readonly atMs: number;
}

/**
 * Whose frames viewers get: once a server has fed from a publish, an older one feeds it no more, and no two by turns,
 * unless the newer one has ended, or something kept it from the viewer's server.
 */
export class FeedCheck {
  readonly #faults: FaultBook;
  readonly #onFault: (who: string, text: string) => void;
  /** By viewer. */
  readonly #newest = new Map<string, PublishSession>();
  #returns: Return[] = [];

  constructor(faults: FaultBook, onFault: (who: string, text: string) => void) {
    this.#faults = faults;
    this.#onFault = onFault;
  }

  /** A viewer gets frames of another publish than before, or its first ones. */
  changed(plan: PlayerPlan, session: PublishSession, nowMs: number): void {
    const before = this.#newest.get(plan.name);
    if (before === undefined || before.number <= session.number) {
      this.#newest.set(plan.name, session);
      return;
    }
    this.#returns.push({ plan, older: session, newer: before, atMs: nowMs });
    this.#newest.set(plan.name, session);
  }

  /** Judges what is long enough ago; once a second. */
  look(nowMs: number): void {
    const isRecent = ({ atMs }: Return) => nowMs - atMs < NEWS_MS;
    const due = this.#returns.filter((one) => !isRecent(one));
    this.#returns = this.#returns.filter(isRecent);
    for (const { plan, older, newer, atMs } of due) {
      const hasEnded = newer.endMs <= atMs + NEWS_MS;
      if (hasEnded || this.#faults.during(atMs, atMs).some((record) => lackOf(newer, plan, record) !== null)) continue;
      this.#onFault(
        plan.name,
        `gets session ${older.number} of ${older.server} after session ${newer.number} of ${newer.server}, ` +
          `which is newer and goes on`,
      );
    }
  }
}
