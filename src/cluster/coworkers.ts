import type { TimerHandle, Timers, WallClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { describeError, UpstreamError } from "../base/errors.ts";
import {
  ask,
  askCoworker,
  clustersUrl,
  type CoworkerAnswer,
  type Owner,
  type OwnerQuery,
  type ServerAddress,
} from "./coworker_question.ts";
import type { Fetch } from "../base/world.ts";
import { QuestionQueue } from "./question_queue.ts";
import { findStandIns } from "./stand_in.ts";

export { askCoworker, readBody } from "./coworker_question.ts";
export type { CoworkerAnswer, Owner, OwnerQuery, ServerAddress } from "./coworker_question.ts";

/** How one coworker answers. */
export interface CoworkerHealth {
  readonly coworker: string;
  /** Questions that are over, answered or not. */
  readonly questions: number;
  /** Of these, those without a usable answer. */
  readonly failures: number;
  /** It gave no usable answer the last time, and is not waited for. */
  readonly isSuspect: boolean;
}

/** One coworker as last seen. */
interface CoworkerState {
  readonly coworker: string;
  questions: number;
  failures: number;
  /** It gave no usable answer the last time. */
  isSuspect: boolean;
  /** The last time it refused to answer this server; why. */
  refusal: string | null;
  /** Not asked before this time. */
  restUntilMs: number;
  /** Questions on their way. */
  pending: number;
  /** It is this very server. */
  isSelf: boolean;
  readonly queue: QuestionQueue;
}

/** A question under way or waiting for its turn. */
interface Pending {
  /** Null when it was not put after all. */
  readonly answer: Promise<CoworkerAnswer | null>;
  /** Of those who share it. */
  readonly wanted: (() => boolean)[];
}

/** Options of {@link Coworkers.findOwner}. */
export interface FindOptions {
  /** Ask again, whatever was asked a moment ago, and wait for slow coworkers as long as the budget allows. */
  fresh: boolean;
}

/** How long a coworker that failed is left alone. Short, since its return may be what somebody waits for. */
const REST_MS = 200;
/** How long a search waits if all coworkers failed the last time. */
const SUSPECTS_TIMEOUT_MS = 100;
/** How long a search waits for the others after the first coworker claims the stream: it may be wrong. */
const OTHERS_TIMEOUT_MS = 30;
/** How long a search waits for slow coworkers, from its start, once one has answered; the next search may find theirs. */
const SLOW_TIMEOUT_MS = 200;
/** How long a late answer counts. */
const LATE_ANSWER_MS = 500;
/** Players that come together share a question, and for this long its "nobody has it". */
const NEGATIVE_CACHE_MS = 100;
/** Most claims that are confirmed at one time. */
const MAX_CONFIRMATIONS = 32;

/**
 * Finds the origin that owns a stream by asking all coworkers at once, in SRS's way (`/api/v1/clusters`).
 *
 * SRS asks one after the other, 30 s each; here a question costs at most its budget. A coworker that is slow does not hold
 * up those that are not, and one that failed is asked along, one question at a time, and not waited for at all.
 */
export class Coworkers {
  readonly #fetch: Fetch;
  readonly #timers: Timers & WallClock;
  readonly #log: Logger;
  readonly #instance: string;
  readonly #states = new Map<string, CoworkerState>();
  readonly #asking = new Map<string, Promise<readonly Owner[]>>();
  /** Questions on their way, by coworker and stream: a second one of the same kind waits for the answer to the first. */
  readonly #inFlight = new Map<string, Pending>();
  /** Claims that are asked back, by instance and stream. */
  readonly #confirming = new Map<string, Promise<Owner | null>>();
  #turn = 0;

  /** @param instance Id of this server: an answer that bears it comes from itself. */
  constructor(fetch: Fetch, timers: Timers & WallClock, log: Logger, instance: string) {
    this.#fetch = fetch;
    this.#timers = timers;
    this.#log = log;
    this.#instance = instance;
  }

  /** Every coworker that was ever asked. */
  table(): Iterable<CoworkerHealth> {
    return this.#states.values();
  }

  /** Which of the coworkers refuse to answer this server, in words; empty if none does. */
  refusals(coworkers: readonly string[]): string {
    const refused = coworkers.flatMap((coworker) => {
      const refusal = this.#states.get(coworker)?.refusal ?? null;
      return refusal === null ? [] : `coworker ${coworker} ${refusal}`;
    });
    return refused.join("; ");
  }

  /**
   * A coworker that has the stream; null when none answers so within the budget. Never throws.
   *
   * Where several say so they take turns: one of them may be wrong, and who was sent there comes again. One that is about
   * to stop comes last.
   */
  async findOwner(query: OwnerQuery, options: FindOptions = { fresh: false }): Promise<Owner | null> {
    const all = await this.findOwners(query, options);
    const staying = all.filter(({ isDraining }) => !isDraining);
    const owners = staying.length > 0 ? staying : all;
    return owners[this.#turn++ % Math.max(1, owners.length)] ?? null;
  }

  /** All coworkers that say they have the stream, the fastest first. Never throws. */
  findOwners(query: OwnerQuery, { fresh }: FindOptions = { fresh: false }): Promise<readonly Owner[]> {
    const running = this.#asking.get(query.key);
    if (running !== undefined && !fresh) {
      for (const coworker of query.coworkers) {
        this.#inFlight.get(`${coworker} ${query.key}`)?.wanted.push(wantedBy(query));
      }
      return running;
    }
    const asked = this.#ask(query, fresh);
    this.#asking.set(query.key, asked);
    const forget = () => this.#asking.delete(query.key);
    asked.then((owners) => owners.length === 0 ? this.#timers.after(NEGATIVE_CACHE_MS, forget) : forget());
    return asked;
  }

  /**
   * Tells a coworker that the publisher of a stream here is to stay and its own is to go; it asks back before it obeys.
   * Extension: SRS takes it for a plain question. Never throws.
   */
  async claim(coworker: string, query: OwnerQuery): Promise<void> {
    const giveUp = new AbortController();
    const timer = this.#timers.after(query.timeoutMs, () => giveUp.abort());
    try {
      const url = `${clustersUrl(coworker, query)}&claim=${this.#instance}`;
      await ask(this.#fetch, url, coworker, { ...query, wallMs: this.#timers.wallMs(), signal: giveUp.signal });
    } catch (error) {
      this.#log.warn(
        `coworker ${coworker} could not be told that ${query.key} is published here: ${describeError(error)}`,
      );
    } finally {
      timer.cancel();
    }
  }

  /**
   * Asks the coworkers back after a claim: the owner among them that is the instance which claims; null if none is.
   * Never throws.
   */
  async confirm(query: OwnerQuery, instance: string): Promise<Owner | null> {
    const id = `${instance} ${query.key}`;
    const running = this.#confirming.get(id);
    if (running !== undefined) return await running;
    if (this.#confirming.size >= MAX_CONFIRMATIONS) return null;
    const asked = query.coworkers.map(async (coworker) => {
      const { owner } = await askCoworker(this.#fetch, this.#timers, coworker, query);
      if (owner?.instance !== instance) {
        throw new UpstreamError("OriginClusterDiscover", "another instance has the stream");
      }
      return owner;
    });
    const confirmed = Promise.any(asked).catch(() => null);
    this.#confirming.set(id, confirmed);
    confirmed.then(() => this.#confirming.delete(id));
    return await confirmed;
  }

  /** Coworkers that take the clients of this server while it stops; see {@link findStandIns}. */
  findStandIns(query: OwnerQuery): Promise<readonly ServerAddress[]> {
    return findStandIns(this.#fetch, this.#timers, query);
  }

  #ask(query: OwnerQuery, fresh: boolean): Promise<readonly Owner[]> {
    const startedMs = this.#timers.nowMs();
    const questions = query.coworkers.flatMap((coworker) => {
      const answer = this.#question(coworker, query, fresh);
      return answer === null ? [] : [{ coworker, answer }];
    });
    const { promise, resolve } = Promise.withResolvers<readonly Owner[]>();
    const owners: Owner[] = [];
    const done = () => resolve([...owners]);
    let limit: { atMs: number; timer: TimerHandle } | null = null;
    const endBy = (atMs: number) => {
      if (limit !== null && limit.atMs <= atMs) return;
      limit?.timer.cancel();
      limit = { atMs, timer: this.#timers.after(Math.max(0, atMs - this.#timers.nowMs()), done) };
    };
    promise.then(() => limit?.timer.cancel());
    const trusted = questions.filter(({ coworker }) => !this.#state(coworker).isSuspect);
    const waitedFor = new Set(trusted.length > 0 ? trusted : questions);
    if (waitedFor.size === 0) done();
    else if (trusted.length === 0) endBy(startedMs + SUSPECTS_TIMEOUT_MS);
    for (const question of questions) {
      question.answer.then((answer) => {
        waitedFor.delete(question);
        const { owner = null, error = null, instance = null } = answer ?? {};
        if (owner !== null && instance !== this.#instance) owners.push(owner);
        if (waitedFor.size === 0) return done();
        if (owners.length > 0) endBy(this.#timers.nowMs() + OTHERS_TIMEOUT_MS);
        else if (answer !== null && error === null && !fresh) endBy(startedMs + SLOW_TIMEOUT_MS);
      });
    }
    return promise;
  }

  /** The question to one coworker, a new one or one under way; null if it is not to be asked now. */
  #question(coworker: string, query: OwnerQuery, fresh: boolean): Promise<CoworkerAnswer | null> | null {
    const id = `${coworker} ${query.key}`;
    const running = this.#inFlight.get(id);
    if (running !== undefined && !fresh) {
      running.wanted.push(wantedBy(query));
      return running.answer;
    }
    const state = this.#state(coworker);
    const mayAsk = !state.isSelf && state.restUntilMs <= this.#timers.nowMs() &&
      !(state.isSuspect && state.pending > 0);
    if (!mayAsk) return null;
    state.pending++;
    const wanted = [wantedBy(query)];
    const answer = state.queue.put(() => askCoworker(this.#fetch, this.#timers, coworker, query), {
      isWanted: () => wanted.some((isWanted) => isWanted()),
      waitMs: query.timeoutMs,
      isUrgent: fresh,
    });
    const pending: Pending = { answer, wanted };
    this.#inFlight.set(id, pending);
    const forget = () => {
      if (this.#inFlight.get(id) === pending) this.#inFlight.delete(id);
    };
    answer.then((told) => {
      state.pending--;
      if (told === null) return forget();
      this.#note(told);
      // It may have come when nobody waited for it any more: the next question is told.
      if (told.owner !== null && told.latencyMs > SLOW_TIMEOUT_MS) this.#timers.after(LATE_ANSWER_MS, forget);
      else forget();
    });
    return answer;
  }

  #state(coworker: string): CoworkerState {
    const known = this.#states.get(coworker);
    if (known !== undefined) return known;
    const state: CoworkerState = {
      coworker,
      questions: 0,
      failures: 0,
      isSuspect: false,
      refusal: null,
      restUntilMs: 0,
      pending: 0,
      isSelf: false,
      queue: new QuestionQueue(this.#timers),
    };
    this.#states.set(coworker, state);
    return state;
  }

  #note({ coworker, error, isRefused, instance }: CoworkerAnswer): void {
    const state = this.#state(coworker);
    state.questions++;
    const wasRefused = state.refusal !== null;
    state.refusal = isRefused ? error : null;
    if (error !== null) {
      state.failures++;
      if (isRefused && !wasRefused) {
        this.#log.error(`coworker ${coworker} ${error}: give both servers the same coworker_token`);
      } else if (!isRefused && !state.isSuspect) {
        this.#log.warn(`coworker ${coworker} failed: ${error}; searches do not wait for it until it answers again`);
      }
      state.isSuspect = true;
      state.restUntilMs = this.#timers.nowMs() + REST_MS;
      return;
    }
    if (state.isSuspect) this.#log.info(`coworker ${coworker} answers again`);
    state.isSuspect = false;
    if (instance !== this.#instance || state.isSelf) return;
    state.isSelf = true;
    this.#log.warn(`coworker ${coworker} is this server itself and will be skipped`);
  }
}

function wantedBy({ isWanted = () => true }: OwnerQuery): () => boolean {
  return isWanted;
}
