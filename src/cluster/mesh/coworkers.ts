import { every, type TimerHandle, type Timers, type WallClock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { askCoworker, type CoworkerAnswer, type OwnerQuery } from "./coworker_question.ts";
import type { Owner } from "../directory.ts";
import type { Fetch } from "../../base/world.ts";
import { HeldPlaces } from "./held_places.ts";
import { QuestionQueue } from "./question_queue.ts";
import { ReturnWatch } from "./return_watch.ts";

/** How one coworker answers. */
export interface CoworkerHealth {
  readonly coworker: string;
  /** Questions that are over, answered or not. */
  readonly questions: number;
  /** Of these, those without a usable answer. */
  readonly failures: number;
  /** Questions that it keeps at this moment. */
  readonly held: number;
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
  /** How often it has come back: what it was asked before may never be answered, and says nothing of it now. */
  returned: number;
  /** When it gave a usable answer last. */
  answeredMs: number;
  /** How long its slow answers take, connecting included; infinite before the first one. */
  slowMs: number;
  /** Questions on their way. */
  pending: number;
  /** Questions that it keeps until it has their streams. */
  readonly places: HeldPlaces;
  readonly held: number;
  /** It is this very server. */
  isSelf: boolean;
  readonly queue: QuestionQueue;
  /** While it fails: who waits for its return. */
  readonly returning: ReturnWatch;
}

/** A question under way or waiting for its turn. */
interface Pending {
  /** Null when it was not put after all. */
  readonly answer: Promise<CoworkerAnswer | null>;
  /** Of those who share it. */
  readonly wanted: (() => boolean)[];
  /** {@link CoworkerState.returned} when it was put. */
  readonly returned: number;
}

/** Options of {@link Coworkers.findOwner}. */
export interface AskOptions {
  /** Ask again, whatever was asked a moment ago, and wait for slow coworkers as long as the budget allows. */
  fresh: boolean;
  /** Coworkers that answer nothing at all for a moment are not waited for, but named here; without it, they are. */
  onSilent?(coworker: string): void;
}

/** How long a coworker that failed is left alone. Short, since its return may be what somebody waits for. */
const REST_MS = 200;
/** How long a search waits if all coworkers failed the last time. */
const SUSPECTS_TIMEOUT_MS = 100;
/** How long a search waits for the others after the first coworker claims the stream: it may be wrong. */
const OTHERS_TIMEOUT_MS = 30;
/** How long a search waits for slow coworkers, from its start, once one has answered; the next search may find theirs. */
const SLOW_TIMEOUT_MS = 200;
/** A coworker that has answered nothing for so long, though it was asked, hangs, or nothing gets through. */
const SILENT_MS = 200;
/** On a long line, that takes so many times what its slow answers take. */
const SILENT_PER_SLOW = 3;
/** What is left of a slow answer with each one after it. */
const SLOW_DECAY = 0.9;
/** How long a late answer counts. */
const LATE_ANSWER_MS = 500;
/** Players that come together share a question, and for this long its "nobody has it". */
const NEGATIVE_CACHE_MS = 100;
/** Coworkers that do not keep questions are asked so often, all of them together and for all streams that are waited for. */
const POLLS_PER_S = 20;
/**
 * Finds the origin that owns a stream by asking all coworkers at once, in SRS's way (`/api/v1/clusters`).
 *
 * SRS asks one after the other, 30 s each; here a question costs at most its budget. A coworker that is slow does not hold
 * up those that are not, and one that failed is asked along, one question at a time, and not waited for at all.
 */
export class Coworkers {
  readonly #fetch: Fetch;
  readonly #quietFetch: Fetch;
  readonly #timers: Timers & WallClock;
  readonly #log: Logger;
  readonly #instance: string;
  readonly #states = new Map<string, CoworkerState>();
  readonly #asking = new Map<string, Promise<readonly Owner[]>>();
  /** Questions on their way, by coworker and stream: a second one of the same kind waits for the answer to the first. */
  readonly #inFlight = new Map<string, Pending>();
  #nextPollMs = 0;

  /**
   * @param instance Id of this server: an answer that bears it comes from itself.
   * @param quietFetch For questions that are part of no trace, and are not to begin one.
   */
  constructor(fetch: Fetch, timers: Timers & WallClock, log: Logger, instance: string, quietFetch = fetch) {
    this.#fetch = fetch;
    this.#quietFetch = quietFetch;
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

  /** All coworkers that say they have the stream, the fastest first. Never throws. */
  findOwners(query: OwnerQuery, options: AskOptions = { fresh: false }): Promise<readonly Owner[]> {
    const { fresh } = options;
    const running = this.#asking.get(query.key);
    if (running !== undefined && !fresh) {
      for (const coworker of query.coworkers) {
        this.#inFlight.get(`${coworker} ${query.key}`)?.wanted.push(wantedBy(query));
      }
      return running;
    }
    const asked = this.#ask(query, options);
    this.#asking.set(query.key, asked);
    const forget = () => this.#asking.delete(query.key);
    asked.then((owners) => owners.length === 0 ? this.#timers.after(NEGATIVE_CACHE_MS, forget) : forget());
    return asked;
  }

  /** Puts a plain question to one coworker; null if it is not to be asked now. */
  askOne(coworker: string, query: OwnerQuery): Promise<CoworkerAnswer | null> {
    return this.#question(coworker, query, false) ?? Promise.resolve(null);
  }

  /**
   * Puts a question to one coworker that it answers when it has the stream, or after `waitMs`.
   *
   * @returns Null if it has enough of them; `again` if it has restarted meanwhile: it knows nothing of the question.
   *
   * @param signal Aborted when nobody waits any more: an answer may come or not then.
   */
  async askHeld(
    coworker: string,
    query: OwnerQuery,
    signal: AbortSignal,
  ): Promise<CoworkerAnswer | "again" | null> {
    const state = this.#state(coworker);
    using place = state.isSuspect ? null : state.places.enter(query.from ?? []);
    if (place === null) return null;
    const fetch: Fetch = (url, init) =>
      this.#fetchFor(query)(url, { ...init, signal: AbortSignal.any([signal, place.signal, init.signal ?? signal]) });
    const answer = await askCoworker(fetch, this.#timers, coworker, query);
    if (place.end === "renewed") return "again";
    if (place.end === "displaced") return null;
    if (!signal.aborted && place.end === null) this.#note(answer);
    return answer;
  }

  /**
   * A coworker does not say who it is: what it was to keep ends now, since no reset may ever tell.
   *
   * @param answers It answers, but not that: it may have been replaced, or does well otherwise.
   */
  onDown(coworker: string, answers: boolean): void {
    const state = this.#states.get(coworker);
    if (state === undefined) return;
    if (answers) return this.#renew(state);
    if (!state.isSuspect) {
      this.#log.debug(`coworker ${coworker} is down; searches do not wait for it until it answers again`);
    }
    state.isSuspect = true;
    for (const place of state.places.all()) place.abort("lost");
  }

  /** A coworker has come up. @param isOther Another instance had been there, which kept questions that this one does not know. */
  onUp(coworker: string, isOther: boolean): void {
    const state = this.#states.get(coworker);
    if (state === undefined) return;
    state.restUntilMs = 0;
    state.returned++;
    this.#onUsable(state);
    if (isOther) this.#renew(state);
  }

  #renew({ places, returning }: CoworkerState): void {
    returning.paced.add(places.all().map((place) => () => place.abort("renewed")));
  }

  /** How long the next question waits that is put only because another one had no success. */
  pollPauseMs(): number {
    const nowMs = this.#timers.nowMs();
    const atMs = Math.max(nowMs, this.#nextPollMs);
    this.#nextPollMs = atMs + 1000 / POLLS_PER_S;
    return atMs - nowMs;
  }

  /** Calls back once a coworker gives a usable answer, for which it is asked now and then, however many wait. */
  onBack(coworker: string, query: OwnerQuery, back: () => void): Disposable {
    return this.#state(coworker).returning.wait(query, back);
  }

  /** Whether a coworker has turned out to be this very server. */
  isSelf(coworker: string): boolean {
    return this.#states.get(coworker)?.isSelf ?? false;
  }

  #ask(query: OwnerQuery, { fresh, onSilent }: AskOptions): Promise<readonly Owner[]> {
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
    else if (onSilent !== undefined) {
      const silence = every(this.#timers, SILENT_MS, () => {
        const nowMs = this.#timers.nowMs();
        for (const question of waitedFor) {
          const { coworker } = question;
          const { answeredMs, slowMs } = this.#state(coworker);
          if (nowMs - Math.max(answeredMs, startedMs) < Math.max(SILENT_MS, SILENT_PER_SLOW * slowMs)) continue;
          waitedFor.delete(question);
          onSilent(coworker);
        }
        if (waitedFor.size === 0) done();
      });
      promise.then(() => silence.cancel());
    }
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
    const state = this.#state(coworker);
    const { returned } = state;
    if (running?.returned === returned && !fresh) {
      running.wanted.push(wantedBy(query));
      return running.answer;
    }
    const mayAsk = !state.isSelf && state.restUntilMs <= this.#timers.nowMs() &&
      !(state.isSuspect && state.pending > 0);
    if (!mayAsk) return null;
    state.pending++;
    const wanted = [wantedBy(query)];
    const answer = state.queue.put(() => askCoworker(this.#fetchFor(query), this.#timers, coworker, query), {
      isWanted: () => wanted.some((isWanted) => isWanted()),
      waitMs: query.timeoutMs,
      isUrgent: fresh,
    });
    const pending: Pending = { answer, wanted, returned };
    this.#inFlight.set(id, pending);
    const forget = () => {
      if (this.#inFlight.get(id) === pending) this.#inFlight.delete(id);
    };
    answer.then((told) => {
      state.pending--;
      if (told === null || (told.error !== null && state.returned !== returned)) return forget();
      this.#note(told);
      if (told.error === null) state.slowMs = slowerOf(told.latencyMs, state.slowMs);
      // It may have come when nobody waited for it any more: the next question is told.
      if (told.owner !== null && told.latencyMs > SLOW_TIMEOUT_MS) this.#timers.after(LATE_ANSWER_MS, forget);
      else forget();
    });
    return answer;
  }

  #fetchFor({ trace = null }: OwnerQuery): Fetch {
    return trace === null ? this.#quietFetch : this.#fetch;
  }

  #state(coworker: string): CoworkerState {
    const known = this.#states.get(coworker);
    if (known !== undefined) return known;
    const places = new HeldPlaces();
    const state: CoworkerState = {
      coworker,
      questions: 0,
      failures: 0,
      isSuspect: false,
      refusal: null,
      restUntilMs: 0,
      returned: 0,
      answeredMs: -Infinity,
      slowMs: Infinity,
      pending: 0,
      places,
      get held() {
        return places.count;
      },
      isSelf: false,
      queue: new QuestionQueue(this.#timers),
      returning: new ReturnWatch(this.#timers, {
        get isSuspect() {
          return state.isSuspect;
        },
        probe: (query) => this.askOne(coworker, query),
      }),
    };
    this.#states.set(coworker, state);
    return state;
  }

  #onUsable(state: CoworkerState): void {
    state.answeredMs = this.#timers.nowMs();
    if (state.isSuspect) this.#log.debug(`coworker ${state.coworker} answers again`);
    state.isSuspect = false;
    state.returning.onUsable();
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
        this.#log.debug(`coworker ${coworker} failed: ${error}; searches do not wait for it until it answers again`);
      }
      state.isSuspect = true;
      state.restUntilMs = this.#timers.nowMs() + REST_MS;
      return;
    }
    this.#onUsable(state);
    if (instance !== this.#instance || state.isSelf) return;
    state.isSelf = true;
    // All servers of a cluster may have the same file.
    this.#log.debug(`coworker ${coworker} is this server itself`);
  }
}

function slowerOf(latencyMs: number, slowMs: number): number {
  return slowMs === Infinity ? latencyMs : Math.max(latencyMs, slowMs * SLOW_DECAY);
}

function wantedBy({ isWanted = () => true }: OwnerQuery): () => boolean {
  return isWanted;
}
