import type { TimerHandle, Timers } from "../../base/clock.ts";
import { type EngineLink, EngineRefusal, type EngineReply, EngineUnavailable } from "../../base/engine.ts";
import type { Logger } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import type { EngineUrl } from "../../config/mod.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { findPrimary, reasonOf, untilAborted } from "./find_primary.ts";
import type { EngineScript } from "./scripts.ts";

/** Nothing waits longer for an engine. */
export const CALL_TIMEOUT_MS = 200;
/** A timer so late tells that this process was busy: the answer may be there, and not read yet. */
const BUSY_MS = 10;
/** How long a connection and the login may take. */
const CONNECT_TIMEOUT_MS = 3000;
/** Errors of an engine that is not the primary one, or not ready: another connection may find it elsewhere. */
const wrongEngine = new Set(["READONLY", "LOADING", "MASTERDOWN"]);

/** Options of {@link EngineAccess}. */
export interface EngineAccessOptions {
  readonly world: Pick<World, "openEngine" | "random">;
  readonly timers: Timers;
  readonly log: Logger;
  readonly url: EngineUrl;
  readonly caCerts: () => readonly string[];
  readonly clientName: string;
  /** Whether it must be an engine that can be written to. */
  readonly needsPrimary: boolean;
  /** About how long to wait from one attempt to connect to the next, and for an engine that is silent. */
  readonly retryMs: number;
}

/** What whoever uses an access is told. */
export interface EngineAccessEvents {
  /** There is a new connection: the engine tells it of no changes yet. */
  onUp(): void;
  /** Others changed these keys; null: all may have changed. */
  onChanged(keys: readonly string[] | null): void;
}

/** How the access to an engine is. */
export interface EngineHealth {
  /** The URL, without user and password. */
  readonly engine: string;
  /** It answers. */
  readonly isUp: boolean;
  /** What is wrong, in plain words; empty if nothing is. */
  readonly problem: string;
  readonly calls: number;
  /** Calls without an answer in time, those that were not put at all among them. */
  readonly failures: number;
  /** Of the last answer. */
  readonly latencyMs: number;
}

/** Options of {@link EngineAccess.call}. */
export interface CallOptions {
  /** Whether to ask even while the engine is slow: somebody must, to find out when it is no longer. */
  readonly isProbe?: boolean;
  /** Told of an answer that came too late. */
  readonly onLate?: (reply: EngineReply) => void;
}

/**
 * The way to one engine: connects, connects anew when the connection breaks, falls silent or leads to an engine that
 * cannot be written to, and lets nobody wait longer than {@link CALL_TIMEOUT_MS}. While the engine is slow, only probes
 * are put; all other calls fail at once.
 */
export class EngineAccess implements Disposable {
  readonly #options: EngineAccessOptions;
  readonly #events: EngineAccessEvents;
  readonly #deadlines: DeadlineQueue;
  #link: EngineLink | null = null;
  #connecting: AbortController | null = null;
  #timer: TimerHandle | null = null;
  #isSlow = false;
  #isOver = false;
  #problem = "it is not connected yet";
  #told = "";
  #calls = 0;
  #failures = 0;
  #latencyMs = 0;

  /** {@link start} is next. */
  constructor(options: EngineAccessOptions, events: EngineAccessEvents) {
    this.#options = options;
    this.#events = events;
    this.#deadlines = new DeadlineQueue(options.timers, CALL_TIMEOUT_MS);
  }

  start(): void {
    void this.#connect();
  }

  /** The engine answers, as far as is known. */
  get isUp(): boolean {
    return this.#link !== null && !this.#isSlow;
  }

  health(): EngineHealth {
    return {
      engine: this.#options.url.text,
      isUp: this.isUp,
      problem: this.#problem,
      calls: this.#calls,
      failures: this.#failures,
      latencyMs: this.#latencyMs,
    };
  }

  /**
   * Puts a command. Rejects with {@link EngineUnavailable} at the latest after {@link CALL_TIMEOUT_MS}, and with
   * {@link EngineRefusal} if the engine answers with an error.
   */
  call(command: readonly string[], { isProbe = false, onLate }: CallOptions = {}): Promise<EngineReply> {
    this.#calls++;
    const link = this.#link;
    if (link === null || (this.#isSlow && !isProbe)) {
      this.#failures++;
      return Promise.reject(new EngineUnavailable(this.#problem));
    }
    const { timers } = this.#options;
    const startedMs = timers.nowMs();
    const { promise, resolve, reject } = Promise.withResolvers<EngineReply>();
    let isLate = false;
    const giveUp = () => {
      isLate = true;
      this.#failures++;
      this.#onSilence(link);
      reject(new EngineUnavailable(`it does not answer within ${CALL_TIMEOUT_MS} ms`));
    };
    let timer = this.#deadlines.add(() => {
      const isBusy = timers.nowMs() - startedMs > CALL_TIMEOUT_MS + BUSY_MS;
      if (isBusy) timer = timers.after(BUSY_MS, giveUp);
      else giveUp();
    });
    link.call(command).then((reply) => {
      timer.cancel();
      this.#onAnswer(link, startedMs);
      if (isLate) onLate?.(reply);
      else resolve(reply);
    }, (error) => {
      timer.cancel();
      if (!isLate) this.#failures++;
      if (error instanceof EngineRefusal) this.#onRefusal(link, error, startedMs);
      reject(error);
    });
    return promise;
  }

  /** Puts the command before which nothing that is read is tracked, and this one behind it. */
  callUntracked(command: readonly string[]): Promise<EngineReply> {
    this.call(["CLIENT", "CACHING", "NO"]).catch(() => {});
    return this.call(command);
  }

  /** Runs a script. Rejects as {@link call}. */
  async run(
    script: EngineScript,
    keys: readonly string[],
    args: readonly string[],
    options: CallOptions = {},
  ): Promise<EngineReply> {
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.call(["EVALSHA", script.sha1, ...rest], options);
    } catch (error) {
      // It has forgotten its scripts, or is another one since.
      if (!(error instanceof EngineRefusal) || error.word !== "NOSCRIPT") throw error;
      return await this.call(["EVAL", script.lua, ...rest], options);
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#connecting?.abort();
    this.#link?.[Symbol.dispose]();
    this.#link = null;
  }

  async #connect(): Promise<void> {
    const { timers, retryMs, world } = this.#options;
    const attempt = this.#connecting = new AbortController();
    const limit = timers.after(CONNECT_TIMEOUT_MS, () => attempt.abort());
    try {
      this.#link = await this.#open(attempt.signal);
    } catch (error) {
      if (!this.#isOver) this.#fail(reasonOf(error), (0.5 + world.random()) * retryMs);
      return;
    } finally {
      limit.cancel();
    }
    this.#isSlow = false;
    this.#problem = "";
    if (this.#told !== "") this.#options.log.info(`directory ${this.#options.url.text} answers again`);
    this.#told = "";
    this.#events.onUp();
  }

  async #open(signal: AbortSignal): Promise<EngineLink> {
    const { world: { openEngine: open }, url, caCerts, clientName, needsPrimary } = this.#options;
    const endpoint = await findPrimary({ open, url, caCerts: caCerts(), clientName, signal });
    let opened: EngineLink | null = null;
    const isCurrent = () => opened !== null && opened === this.#link;
    const link = await open(endpoint, {
      onChanged: (keys) => isCurrent() ? this.#events.onChanged(keys) : undefined,
      onEnd: (reason) => isCurrent() ? this.#drop(reason) : undefined,
    }, signal);
    try {
      if (needsPrimary) await checkRole(link, signal);
      signal.throwIfAborted();
    } catch (error) {
      link[Symbol.dispose]();
      throw error;
    }
    return opened = link;
  }

  #onAnswer(link: EngineLink, startedMs: number): void {
    if (link !== this.#link) return;
    this.#latencyMs = this.#options.timers.nowMs() - startedMs;
    if (!this.#isSlow) return;
    this.#isSlow = false;
    this.#problem = "";
    this.#timer?.cancel();
  }

  #onSilence(link: EngineLink): void {
    if (link !== this.#link || this.#isSlow) return;
    this.#isSlow = true;
    this.#problem = `it does not answer within ${CALL_TIMEOUT_MS} ms`;
    this.#timer?.cancel();
    this.#timer = this.#options.timers.after(this.#options.retryMs, () => this.#drop("it does not answer"));
  }

  #onRefusal(link: EngineLink, { word, message }: EngineRefusal, startedMs: number): void {
    if (link !== this.#link || word === "NOSCRIPT") return;
    this.#onAnswer(link, startedMs);
    if (wrongEngine.has(word) && this.#options.needsPrimary) return this.#drop(message);
    this.#tell(message, "refuses");
  }

  /** The connection is of no use any more. */
  #drop(reason: string): void {
    this.#link?.[Symbol.dispose]();
    this.#link = null;
    const { world, retryMs } = this.#options;
    // Thousands of servers lose their connections at the same moment.
    this.#fail(reason, world.random() * retryMs);
  }

  #fail(reason: string, delayMs: number): void {
    this.#problem = reason;
    this.#tell(reason);
    this.#timer?.cancel();
    this.#timer = this.#options.timers.after(delayMs, () => void this.#connect());
  }

  #tell(reason: string, how = "fails"): void {
    if (reason === this.#told) return;
    this.#told = reason;
    const { log, url, needsPrimary } = this.#options;
    const effect = needsPrimary ? "known streams are served from memory, and publishers are let in" : "it is left out";
    log.warn(`directory ${url.text} ${how}: ${reason}; meanwhile ${effect}`);
  }
}

async function checkRole(link: EngineLink, signal: AbortSignal): Promise<void> {
  const role = await untilAborted(link.call(["ROLE"]), signal).catch((error) => {
    // The user may not ask: the first write will tell.
    if (error instanceof EngineRefusal && error.word === "NOPERM") return ["master"];
    throw error;
  });
  if (!Array.isArray(role) || role[0] !== "master") {
    throw new EngineUnavailable("it is a replica, which cannot be written to");
  }
}
