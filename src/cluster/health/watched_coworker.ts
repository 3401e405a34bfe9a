import type { TimerHandle } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { CoworkerApi } from "./coworker_apis.ts";
import type { HeardServer } from "./downstream_book.ts";
import type { NodeAnswer, NodeFailure } from "./node_question.ts";
import { describeTrouble, downReason, type SpokenProtocol, type Trouble } from "./trouble.ts";

/** One that is only silent is down after this time, unless it never answered. */
const SILENT_MS = 6000;
/** A coworker that nothing was heard of yet may take so long to start before its refusal counts. */
const START_MS = 3000;
/** What it said clearly is not forgotten because it was slow since. */
const CLEAR_HOLDS_MS = 15_000;
/** Who pulls from it is asked so often: with many edges the answer is long. */
const DOWNSTREAM_MS = 5500;
/** A coworker that does not ask within this time does not list this server. */
const ASKED_WITHIN_MS = 10_000;

/** One coworker as last seen: turns what it answers into a state, and each change of it into one line of the log. */
export class WatchedCoworker {
  address: CoworkerApi;
  /** The next question. */
  timer: TimerHandle | null = null;
  /** A question is under way. */
  isAsked = false;
  /** When the last one began. */
  questionMs = -Infinity;
  /** What its port was found to speak instead of HTTP. */
  spoken: SpokenProtocol | null = null;
  /** When its port was looked at last. */
  checkedMs = -Infinity;
  readonly #log: Logger;
  #state: "new" | "up" | "down" | "self" = "new";
  #sinceMs: number;
  #answer: NodeAnswer | null = null;
  #troubles: readonly Trouble[] = [];
  #downstream: readonly HeardServer[] = [];
  #downstreamMs = -Infinity;
  /** When it last said clearly why it is of no use. */
  #clearMs = -Infinity;
  /** When it answered last. */
  #heardMs = 0;
  /** When it last asked this server who it is; before it ever did, when that was first to be expected. */
  #askedMs = 0;

  constructor(address: CoworkerApi, log: Logger, nowMs: number) {
    this.address = address;
    this.#log = log;
    this.#sinceMs = nowMs;
  }

  /** `new` while no question was over yet; `self` if it turned out to be this very server. */
  get state(): "new" | "up" | "down" | "self" {
    return this.#state;
  }

  /** Since when it has this state. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** The latest answer; null before there was one. */
  get answer(): NodeAnswer | null {
    return this.#answer;
  }

  /** Who answers there, as far as is known. */
  get instance(): string {
    return this.#answer?.facts.instance ?? "";
  }

  /** Why it is down, or what is wrong though it is up. */
  get troubles(): readonly Trouble[] {
    return this.#troubles;
  }

  /** Servers that pull from it, as it said last; none while it is down. */
  get downstream(): readonly HeardServer[] {
    return this.#state === "up" ? this.#downstream : [];
  }

  /** Whether it is time to ask it for them again. */
  wantsDownstream(nowMs: number): boolean {
    return nowMs - this.#downstreamMs >= DOWNSTREAM_MS;
  }

  /** It asks this server who it is. */
  noteAsked(nowMs: number): void {
    this.#askedMs = nowMs;
  }

  /** It asks this server, or may still come to do so. */
  listsUs(nowMs: number): boolean {
    return nowMs - this.#askedMs < ASKED_WITHIN_MS;
  }

  /** There was no usable answer. */
  onFailure({ trouble, kind }: NodeFailure, nowMs: number): void {
    // The servers of a cluster are started one after the other.
    if (this.#state === "new" && kind === "refused" && nowMs - this.#sinceMs < START_MS) return;
    const mayBeSlow = kind === "silent" || kind === "garbled";
    if (this.#state === "up" && mayBeSlow && nowMs - this.#heardMs < SILENT_MS) return;
    if (this.#state === "down" && mayBeSlow && nowMs - this.#clearMs < CLEAR_HOLDS_MS) return;
    if (kind === "clear") this.#clearMs = nowMs;
    const isNews = this.#state !== "down" || this.#troubles[0]?.what !== trouble.what;
    this.#troubles = [trouble];
    this.#become("down", nowMs);
    if (isNews) this.#log.warn(`coworker ${this.address.text} is down: ${downReason(trouble)}`);
  }

  /** @param ownInstance That of this server, by which it recognizes itself: quietly, as all servers may have one file. */
  onAnswer(answer: NodeAnswer, nowMs: number, ownInstance: string): void {
    const { facts } = answer;
    const before = this.#state;
    const isOther = this.instance !== facts.instance;
    const awaySeconds = Math.round((nowMs - this.#sinceMs) / 1000);
    this.#answer = answer;
    this.#heardMs = nowMs;
    this.spoken = null;
    this.checkedMs = -Infinity;
    if (isOther) this.#downstream = [];
    if (answer.downstream !== null) {
      this.#downstream = answer.downstream.map(({ facts, agoMs }) => ({ facts, heardMs: nowMs - agoMs }));
      this.#downstreamMs = nowMs;
    }
    if (isOther || before !== "up") this.#askedMs = nowMs;
    if (before !== "up") this.#troubles = [];
    if (facts.instance === ownInstance) {
      this.#troubles = [];
      return this.#become("self", nowMs);
    }
    const what = `${facts.software}${facts.role === "unknown" ? "" : `, ${facts.role}`}`;
    if (before === "down") this.#log.info(`coworker ${this.address.text} is back after ${awaySeconds} s: ${what}`);
    else if (before !== "up") this.#log.info(`coworker ${this.address.text} is up: ${what}`);
    else if (isOther) this.#log.info(`coworker ${this.address.text} has restarted: ${what}`);
    this.#become("up", nowMs);
  }

  /** What is wrong though it is up: one line for each that comes or goes. */
  setFaults(found: readonly Trouble[]): void {
    const before = this.#troubles;
    this.#troubles = found;
    for (const trouble of found) {
      if (isAmong(before, trouble)) continue;
      const line = `coworker ${this.address.text} ${describeTrouble(trouble)}`;
      if (trouble.severity === "note") this.#log.info(line);
      else this.#log.warn(line);
    }
    for (const trouble of before) {
      if (trouble.severity === "note" || isAmong(found, trouble)) continue;
      this.#log.info(`coworker ${this.address.text}: no longer so: ${trouble.what}`);
    }
  }

  #become(state: "up" | "down" | "self", nowMs: number): void {
    if (this.#state !== state) this.#sinceMs = nowMs;
    this.#state = state;
  }
}

function isAmong(troubles: readonly Trouble[], { kind }: Trouble): boolean {
  return troubles.some((other) => other.kind === kind);
}
