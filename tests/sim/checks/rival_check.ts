import type { PublishSession, Truth } from "../truth.ts";
import type { FaultBook } from "./fault_book.ts";

/** So long ago the other publish may have ended: a directory believes for a lease that it is there. */
const LEASE_MS = 10_000;
/** So much later it may have begun, as its encoder sees it, besides what the way takes: the claim counts before it is answered. */
const LATE_MS = 100;
/** Where a coworker does not answer, the other one is taken so much later. */
const ASKED_MS = 2000;
/** Then all is known. */
const JUDGED_MS = 3000;
/** What a server tells an encoder that it ends in favor of another. */
const REPLACED = /took over|has the stream|newer publisher|publishes again/;

/** Of encoders that want one stream, one has it: whoever is replaced, is replaced by somebody, and in quiet there are no two. */
export class RivalCheck {
  readonly #truth: Truth;
  readonly #faults: FaultBook;
  readonly #onFault: (who: string, text: string) => void;
  /** Ends that servers have brought about in favor of others. */
  readonly #replaced = new Map<PublishSession, string>();
  /** Encoders that left before they heard that they publish: their claims may count already. */
  readonly #left: { readonly stream: string; readonly atMs: number }[] = [];
  #open: { readonly session: PublishSession; readonly atMs: number }[] = [];
  readonly #lateMs: number;

  /** @param wayMs Between two machines, at most. */
  constructor(
    { truth, faults }: { truth: Truth; faults: FaultBook },
    wayMs: number,
    onFault: (who: string, text: string) => void,
  ) {
    this.#truth = truth;
    this.#faults = faults;
    this.#lateMs = LATE_MS + 5 * wayMs;
    this.#onFault = onFault;
  }

  /** A publish was ended by its server. */
  ended(session: PublishSession, reason: string, nowMs: number): void {
    if (!REPLACED.test(reason)) return;
    this.#replaced.set(session, reason);
    this.#open.push({ session, atMs: nowMs });
  }

  /** An encoder has left, whose server had not answered yet. */
  left(stream: string, nowMs: number): void {
    this.#left.push({ stream, atMs: nowMs });
  }

  /** Judges what is long enough ago; once a second. */
  look(nowMs: number): void {
    const due = this.#open.filter(({ atMs }) => nowMs - atMs >= JUDGED_MS);
    this.#open = this.#open.filter(({ atMs }) => nowMs - atMs < JUDGED_MS);
    for (const { session } of due) {
      if (this.#isForgotten(session) || this.#hasHeir(session, new Set([session]), nowMs)) continue;
      this.#onFault(
        session.server,
        `ended session ${session.number} of ${session.plan.stream} in favor of another one, and there is none: ` +
          this.#replaced.get(session),
      );
    }
  }

  /** An engine that has lost its memory gives streams to those who ask first, though coworkers refuse them then. */
  #isForgotten({ endMs }: PublishSession): boolean {
    return this.#faults.during(endMs, endMs).some(({ plan: { server } }) => server === "engine");
  }

  /** @param before Those that were looked at: encoders that fight replace each other over and over. */
  #hasHeir(session: PublishSession, before: Set<PublishSession>, nowMs: number): boolean {
    const { plan: { stream }, endMs } = session;
    const isCalm = this.#faults.during(endMs, endMs).every(({ plan: { kind } }) => kind === "kick");
    const lateMs = this.#lateMs + (isCalm ? 0 : ASKED_MS);
    if (this.#left.some((left) => left.stream === stream && Math.abs(left.atMs - endMs) < lateMs)) return true;
    return this.#truth.sessions.some((other) =>
      !before.has(other) && other.plan.stream === stream && other.sinceMs < endMs + lateMs &&
      other.endMs > endMs - LEASE_MS &&
      // What became of one that was replaced just now shows later.
      (!this.#replaced.has(other) || nowMs - other.endMs < JUDGED_MS ||
        this.#hasHeir(other, before.add(other), nowMs))
    );
  }

  /** @param streams Those that one encoder at a time may publish. */
  endQuiet(streams: Iterable<string>): void {
    for (const stream of streams) {
      const live = this.#truth.live(stream);
      const comeMs = Math.max(...live.map(({ sinceMs }) => sinceMs));
      // Two that came while their servers did not hear of each other may both stay, until an edge has seen both.
      if (live.length < 2 || this.#faults.during(comeMs, comeMs).length > 0) continue;
      const names = live.map(({ plan, server }) => `${plan.name} at ${server}`);
      this.#onFault("cluster", `has ${live.length} publishers of ${stream} in quiet: ${names.join(", ")}`);
    }
  }
}
