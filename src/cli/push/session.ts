import type { Timers } from "../../base/clock.ts";
import type { Tracer } from "../../base/trace.ts";
import { pause } from "../pause.ts";
import { PushAttempt, type PushOutcome } from "./attempt.ts";
import type { PushFeed } from "./feed.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import { RedirectPolicy } from "../../upstream/redirect_policy.ts";
import { followRedirect, type StreamTarget } from "../stream_target.ts";

/** What a push tells of its connections. */
export interface PushEvents {
  onPublishing(target: StreamTarget): void;
  /** In words for a person. */
  onNotice(text: string): void;
}

/** Options of {@link PushSession}. */
export interface PushSessionOptions {
  target: StreamTarget;
  /** For targets that are asked over TLS. */
  tls?: TlsDialOptions;
  feed: PushFeed;
  timers: Timers;
  /** Null or absent while nobody wants traces. */
  tracer?: Tracer | null;
  /** Try again when a connection fails or ends. */
  reconnect: boolean;
  /** 0 to below 1, for jitter. */
  random(): number;
  events: PushEvents;
}

/** Why a push gave up: nobody was there, a server refused for good, or a connection ended that was not to be renewed. */
export type PushFailure = "unreachable" | "refused" | "lost";

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 10_000;
/** A publish that lasted this long was in order: the next pause is short again. */
const SETTLED_MS = 10_000;
/** How long queued media and the last words may take to leave. */
const STOP_LIMIT_MS = 1500;
const END_LIMIT_MS = 10_000;

/** A name in use is free again some time later: no reason to give up. */
const BUSY = "NetStream.Publish.BadName";

/** Keeps a stream published: connects, follows redirects, and comes back after failures with growing pauses. */
export class PushSession {
  readonly #options: PushSessionOptions;
  #attempt: PushAttempt | null = null;
  #wasReached = false;
  #publishes = 0;

  constructor(options: PushSessionOptions) {
    this.#options = options;
  }

  /** A server answered at least once. */
  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** The stream was published at least once. */
  get wasPublishing(): boolean {
    return this.#publishes > 0;
  }

  /** How often the stream was published anew. */
  get reconnects(): number {
    return Math.max(0, this.#publishes - 1);
  }

  /**
   * Works until `stop` aborts.
   *
   * @param stop Its reason "end of file" lets what is queued leave first.
   * @returns Null when it was stopped, else why it gave up; {@link PushEvents.onNotice} has been told.
   */
  async run(stop: AbortSignal): Promise<PushFailure | null> {
    const onAbort = () => this.#attempt?.stop(stop.reason === END_OF_FILE ? END_LIMIT_MS : STOP_LIMIT_MS);
    stop.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#keepPublishing(stop);
    } finally {
      stop.removeEventListener("abort", onAbort);
    }
  }

  async #keepPublishing(stop: AbortSignal): Promise<PushFailure | null> {
    const { reconnect, events, timers } = this.#options;
    for (let failures = 0; !stop.aborted;) {
      const outcome = await this.#tryOnce(stop);
      if (stop.aborted) break;
      const failure = this.#judge(outcome);
      if (failure === "refused" || !reconnect) {
        events.onNotice(outcome.error);
        return failure;
      }
      failures = outcome.publishedMs >= SETTLED_MS ? 1 : failures + 1;
      const pauseMs = this.#pauseMs(failures);
      events.onNotice(`${outcome.error}; retrying in ${(pauseMs / 1000).toFixed(1)} s`);
      await pause(timers, pauseMs, stop);
    }
    return null;
  }

  /** One try: the address that the user gave, and where redirects and requests to move lead from there. */
  async #tryOnce(stop: AbortSignal): Promise<PushOutcome> {
    const { events } = this.#options;
    let target = this.#options.target;
    let policy = new RedirectPolicy(new Set([target.text]));
    let redirectedFrom: string | null = null;
    for (;;) {
      const outcome = await this.#publishTo(target, redirectedFrom);
      if (outcome.redirect === null || stop.aborted) return outcome;
      const isMove = outcome.publishedMs > 0;
      // Servers that pass us on at once count together, as redirects do.
      if (outcome.publishedMs >= SETTLED_MS) policy = new RedirectPolicy(new Set());
      const next = followRedirect(policy, target, outcome.redirect, outcome.remoteIp);
      if (typeof next === "string") return { ...outcome, error: next };
      events.onNotice(`${target.text} ${isMove ? "asks to reconnect to" : "redirects to"} ${next.text}`);
      target = next;
      redirectedFrom = outcome.remoteIp;
    }
  }

  async #publishTo(target: StreamTarget, redirectedFrom: string | null): Promise<PushOutcome> {
    const { tls = {}, feed, timers, events, tracer = null } = this.#options;
    this.#attempt = new PushAttempt({
      target,
      tls,
      redirectedFrom,
      feed,
      timers,
      tracer,
      onPublishing: () => {
        this.#publishes++;
        events.onPublishing(target);
      },
    });
    const outcome = await this.#attempt.finished;
    this.#attempt = null;
    this.#wasReached ||= outcome.reached;
    return outcome;
  }

  #judge({ refusal }: PushOutcome): PushFailure {
    // Who published once may do so again: a refusal then is the server's trouble, and may pass.
    if (refusal !== null && refusal.code !== BUSY && !this.wasPublishing) return "refused";
    return this.#wasReached ? "lost" : "unreachable";
  }

  #pauseMs(failures: number): number {
    const limitMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
    return limitMs / 2 + this.#options.random() * limitMs / 2;
  }
}

/** Reason of a stop at the end of the file. */
export const END_OF_FILE = "end of file";
