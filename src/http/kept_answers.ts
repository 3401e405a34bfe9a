import type { Clock, Timers } from "../base/clock.ts";
import { refusal } from "./envelope.ts";
import { WorkBudget } from "./work_budget.ts";

/** An answer is kept this many times as long as it took to make: who asks over and over takes a twentieth of the time. */
const KEEP_FACTOR = 20;
const MAX_KEEP_MS = 1000;
/** Most questions that are told apart; each answer may be some hundred KB. */
const MAX_KEPT = 32;

/** A response as it can be given more than once. */
interface Whole {
  readonly status: number;
  readonly headers: [string, string][];
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A question to which all who ask it get the same answer. */
export interface SharedQuestion {
  readonly text: string;
  /** Another one when answers of before no longer hold. */
  readonly version: number;
  make(): Promise<Response>;
}

interface Kept {
  readonly whole: Promise<Whole>;
  /** What {@link KeptAnswers} was told of the state it was made from. */
  readonly version: number;
  untilMs: number;
}

/**
 * Keeps answers that cost much for a short time, for all who ask the same. A cheap answer is as good as not kept, and none
 * is kept longer than a second, or than the clients stay the same: what was kicked is gone from the next answer.
 */
export class KeptAnswers {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

  readonly #budget: WorkBudget;

  constructor(timers: Timers) {
    this.#clock = timers;
    this.#budget = new WorkBudget(timers);
  }

  /**
   * Answers a question; those who ask while it is being answered get the same. A new answer is made at the expense of
   * the address that asks; see {@link WorkBudget}.
   */
  async answer(ip: string, question: SharedQuestion): Promise<Response> {
    const found = this.#find(question);
    if (found === undefined && this.#budget.isFull(ip)) return refusal(503, "too many calls from your address wait");
    const kept = found ?? await this.#budget.run(ip, () => this.#find(question) ?? this.#make(question));
    return responseOf(await kept);
  }

  #find({ text, version }: SharedQuestion): Promise<Whole> | undefined {
    const known = this.#kept.get(text);
    const isGood = known !== undefined && known.version === version && this.#clock.nowMs() < known.untilMs;
    return isGood ? known.whole : undefined;
  }

  async #make({ text, version, make }: SharedQuestion): Promise<Whole> {
    const nowMs = this.#clock.nowMs();
    if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
    const kept: Kept = { whole: make().then(readWhole), version, untilMs: Infinity };
    this.#kept.set(text, kept);
    try {
      return await kept.whole;
    } catch (error) {
      this.#kept.delete(text);
      throw error;
    } finally {
      const doneMs = this.#clock.nowMs();
      kept.untilMs = doneMs + Math.min(MAX_KEEP_MS, (doneMs - nowMs) * KEEP_FACTOR);
    }
  }
}

async function readWhole(response: Response): Promise<Whole> {
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: [...response.headers], body };
}

function responseOf({ status, headers, body }: Whole): Response {
  return new Response(body, { status, headers });
}
