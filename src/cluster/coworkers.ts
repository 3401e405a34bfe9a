import type { Timers } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { describeError, UpstreamError } from "../base/errors.ts";

/** Which stream is looked for, and whom to ask. */
export interface OwnerQuery {
  /** HTTP APIs of the other origins, `host:port`. */
  coworkers: readonly string[];
  /** Budget of one round of questions. */
  timeoutMs: number;
  key: string;
  vhost: string;
  app: string;
  stream: string;
  /** Host that the player used. */
  ip: string;
}

/** Another origin that has the stream. */
export interface Owner {
  ip: string;
  /** Its RTMP port. */
  port: number;
  /** Where it serves the stream over HTTP, `host:port`; only of servers that do, and tell (SRS does not). */
  http?: string;
  /** HTTP API through which it answered. */
  coworker: string;
  /** How long its publisher has sent nothing; 0 for servers that do not tell (SRS). */
  silentMs: number;
}

/** One coworker's part of a question: what it said, how fast. */
export interface CoworkerAnswer {
  coworker: string;
  latencyMs: number;
  owner: Owner | null;
  /** Why there is no usable answer; null when it answered. */
  error: string | null;
  /** Instance that answered, for servers that tell (SRS does not). */
  instance: string | null;
}

/** Health of one coworker as last seen. */
interface CoworkerState {
  /** It gave no usable answer the last time. */
  isSuspect: boolean;
  /** Not asked before this time. */
  restUntilMs: number;
  /** Questions on their way. */
  pending: number;
  /** It is this very server. */
  isSelf: boolean;
}

/** What is needed of the global `fetch`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A coworker that failed is left alone so long. Its return must be seen soon: whoever waits may wait for just that. */
const REST_MS = 200;
/** Where there are only coworkers that failed the last time, they are waited for so long. */
const SUSPECTS_TIMEOUT_MS = 100;
/** Players that come together share a question, and for this long its "nobody has it". */
const NEGATIVE_CACHE_MS = 100;
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Finds the origin that owns a stream by asking all coworkers at once, in SRS's way (`/api/v1/clusters`).
 *
 * SRS asks one after the other, 30 s each; here a question costs at most its budget. A coworker that failed is asked along
 * with the others, one question at a time however many there are, and nobody waits for it.
 */
export class Coworkers {
  readonly #fetch: Fetch;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #instance: string;
  readonly #states = new Map<string, CoworkerState>();
  readonly #asking = new Map<string, Promise<Owner | null>>();

  /** @param instance Id of this server: an answer that bears it comes from itself. */
  constructor(fetch: Fetch, timers: Timers, log: Logger, instance: string) {
    this.#fetch = fetch;
    this.#timers = timers;
    this.#log = log;
    this.#instance = instance;
  }

  /** The first coworker that has the stream; null when none answers so within the budget. Never throws. */
  findOwner(query: OwnerQuery, options: { fresh: boolean } = { fresh: false }): Promise<Owner | null> {
    const running = this.#asking.get(query.key);
    if (running !== undefined && !options.fresh) return running;
    const asked = this.#ask(query);
    this.#asking.set(query.key, asked);
    const forget = () => this.#asking.delete(query.key);
    asked.then((owner) => owner === null ? this.#timers.after(NEGATIVE_CACHE_MS, forget) : forget());
    return asked;
  }

  /**
   * Tells a coworker that the stream has a newer publisher here: its own gives way, where `on_conflict` lets it, or where
   * it is dead. Extension: SRS takes it for a plain question. Never throws.
   *
   * @param sinceMs When the publisher here came, Unix time: the newest wins.
   */
  async claim(coworker: string, query: OwnerQuery, sinceMs: number): Promise<void> {
    const giveUp = new AbortController();
    const timer = this.#timers.after(query.timeoutMs, () => giveUp.abort());
    try {
      await ask(this.#fetch, `${clustersUrl(coworker, query)}&claim=${Math.round(sinceMs)}`, coworker, giveUp.signal);
    } catch (error) {
      this.#log.warn(`coworker ${coworker} was not told of the new publisher of ${query.key}: ${describeError(error)}`);
    } finally {
      timer.cancel();
    }
  }

  #ask(query: OwnerQuery): Promise<Owner | null> {
    const nowMs = this.#timers.nowMs();
    const awake = query.coworkers.filter((coworker) => {
      const { isSelf, isSuspect, pending, restUntilMs } = this.#state(coworker);
      return !isSelf && restUntilMs <= nowMs && !(isSuspect && pending > 0);
    });
    const trusted = awake.filter((coworker) => !this.#state(coworker).isSuspect);
    const waitedFor = new Set(trusted.length > 0 ? trusted : awake);
    const { promise, resolve } = Promise.withResolvers<Owner | null>();
    if (waitedFor.size === 0) resolve(null);
    else if (trusted.length === 0) {
      const timer = this.#timers.after(SUSPECTS_TIMEOUT_MS, () => resolve(null));
      promise.then(() => timer.cancel());
    }
    for (const coworker of awake) {
      this.#state(coworker).pending++;
      askCoworker(this.#fetch, this.#timers, coworker, query).then((answer) => {
        this.#note(answer);
        if (answer.owner !== null && answer.instance !== this.#instance) return resolve(answer.owner);
        waitedFor.delete(coworker);
        if (waitedFor.size === 0) resolve(null);
      });
    }
    return promise;
  }

  #state(coworker: string): CoworkerState {
    const known = this.#states.get(coworker);
    if (known !== undefined) return known;
    const state = { isSuspect: false, restUntilMs: 0, pending: 0, isSelf: false };
    this.#states.set(coworker, state);
    return state;
  }

  #note({ coworker, error, instance }: CoworkerAnswer): void {
    const state = this.#state(coworker);
    state.pending--;
    if (error !== null) {
      if (!state.isSuspect) {
        this.#log.warn(`coworker ${coworker} is of no use: ${error}; it is not waited for any more`);
      }
      state.isSuspect = true;
      state.restUntilMs = this.#timers.nowMs() + REST_MS;
      return;
    }
    if (state.isSuspect) this.#log.info(`coworker ${coworker} answers again`);
    state.isSuspect = false;
    if (instance !== this.#instance || state.isSelf) return;
    state.isSelf = true;
    this.#log.warn(`coworker ${coworker} is this server itself, it is not asked again`);
  }
}

function clustersUrl(coworker: string, { vhost, ip, app, stream }: Omit<OwnerQuery, "coworkers" | "key">): string {
  const parameters = Object.entries({ vhost, ip, app, stream, coworker });
  return `http://${coworker}/api/v1/clusters?${
    parameters.map(([name, value]) => `${name}=${encode(value)}`).join("&")
  }`;
}

/**
 * Asks one coworker and tells everything about the answer; never throws.
 *
 * The request is SRS's. SRS neither encodes nor decodes values: what may stand in a query stays as it is (the colon of an
 * address must), the rest is encoded, so that a name cannot forge a parameter.
 */
export async function askCoworker(
  fetch: Fetch,
  timers: Timers,
  coworker: string,
  query: Omit<OwnerQuery, "coworkers" | "key">,
): Promise<CoworkerAnswer> {
  const startedMs = timers.nowMs();
  const done = (owner: Owner | null, error: string | null, instance: string | null): CoworkerAnswer => ({
    coworker,
    latencyMs: Math.round(timers.nowMs() - startedMs),
    owner,
    error,
    instance,
  });
  const { promise: outOfTime, reject } = Promise.withResolvers<never>();
  const giveUp = new AbortController();
  const timer = timers.after(query.timeoutMs, () => {
    reject(new UpstreamError("OriginClusterDiscover", `no answer within ${query.timeoutMs} ms`));
    giveUp.abort();
  });
  const url = clustersUrl(coworker, query);
  try {
    const { owner, instance } = await Promise.race([outOfTime, ask(fetch, url, coworker, giveUp.signal)]);
    return done(owner, null, instance);
  } catch (error) {
    return done(null, error instanceof UpstreamError ? error.message : describeError(error), null);
  } finally {
    timer.cancel();
  }
}

async function ask(fetch: Fetch, url: string, coworker: string, signal: AbortSignal) {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, redirect: "error", signal });
  return readAnswer(await readBody(response), response.status, coworker);
}

function encode(value: string): string {
  return value.replace(/[^\w.~:/@,;!$()*[\]-]/gu, encodeURIComponent);
}

/** The body, up to a bound: a coworker is another program and may be broken. */
async function readBody(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const part of response.body ?? []) {
    text += decoder.decode(part, { stream: true });
    if (text.length > MAX_ANSWER_BYTES) throw new UpstreamError("OriginClusterDiscover", "answer is too long");
  }
  return text;
}

function readAnswer(body: string, status: number, coworker: string): { owner: Owner | null; instance: string | null } {
  if (status !== 200 && status !== 201) throw new UpstreamError("OriginClusterDiscover", `HTTP status ${status}`);
  const answer = parseObject(body);
  const data = asRecord(answer?.data);
  if (answer === null || answer.code !== 0 || data === null) {
    throw new UpstreamError("OriginClusterDiscover", `unexpected answer: ${body.slice(0, 100)}`);
  }
  const instance = typeof data.instance === "string" ? data.instance : null;
  const origin = asRecord(data.origin);
  if (origin === null) return { owner: null, instance };
  const { ip, port, silent_ms: silent, http } = origin;
  const usable = typeof ip === "string" && /^[\w.:-]{1,255}$/.test(ip) && Number.isInteger(port) &&
    Number(port) > 0 && Number(port) < 65536;
  if (!usable) {
    throw new UpstreamError("OriginClusterDiscover", `owner without a usable ip and port: ${body.slice(0, 200)}`);
  }
  const silentMs = typeof silent === "number" && silent > 0 ? silent : 0;
  const owner: Owner = { ip, port: Number(port), coworker, silentMs };
  if (typeof http === "string" && /^(?:\[[\da-f:.]{2,45}\]|[\w.-]{1,255}):\d{1,5}$/i.test(http)) owner.http = http;
  return { owner, instance };
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    return asRecord(JSON.parse(body));
  } catch {
    throw new UpstreamError("OriginClusterDiscover", `answer is not JSON: ${body.slice(0, 100)}`);
  }
}

function asRecord(value: unknown): Record<string, unknown> | null {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : null;
}
