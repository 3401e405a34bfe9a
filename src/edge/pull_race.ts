import type { TimerHandle } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { LiveSource } from "../stream/live_source.ts";
import type { PullEnvironment, PullRequest } from "./edge_pulls.ts";
import type { OriginHealth } from "./origin_pool.ts";
import { MAX_REDIRECTS, mayFollow } from "./redirect_trust.ts";
import { parseTarget, type PullTarget, upstreamSession } from "./upstream_request.ts";
import { type UpstreamOutcome, UpstreamRun } from "./upstream_run.ts";

/** One round of tries for one source. */
export interface PullRaceOptions {
  /** Servers that may have the stream, the best first. */
  targets: readonly string[];
  request: PullRequest;
  /** Servers that play the stream here: one of them that is asked refuses. */
  via: readonly string[];
  environment: PullEnvironment;
  log: Logger;
  /** Head start of each server over the next; 0 asks all at once. */
  staggerMs: number;
  /** The source is fed, by this server. */
  onFeeding(target: PullTarget): void;
  onFailure(error: string): void;
}

/**
 * Tries several servers side by side, follows their redirects, and lets the first that delivers media feed the source:
 * the others are dropped then. Over when that one ends, or when nobody delivers.
 */
export class PullRace {
  /** How long the source was fed, ms; 0 if nobody had the stream. Never rejects. */
  readonly finished: Promise<number>;
  readonly #source: LiveSource;
  readonly #options: PullRaceOptions;
  readonly #finish: (fedMs: number) => void;
  /** Every server asked in this round, at first hand or by redirect: nobody is asked twice. */
  readonly #visited = new Set<string>();
  readonly #waiting: PullTarget[];
  readonly #runs = new Set<UpstreamRun>();
  #staggerTimer: TimerHandle | null = null;
  /** The configured origin through which the source is fed. */
  #feeding: OriginHealth | null = null;
  #fedMs = 0;
  #over = false;

  constructor(source: LiveSource, options: PullRaceOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.#source = source;
    this.#options = options;
    this.#waiting = options.targets.map(parseTarget).filter((target) => target !== null);
    this.#startNext();
  }

  /** Ends the round. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#staggerTimer?.cancel();
    if (this.#feeding !== null) this.#feeding.pulls--;
    for (const run of this.#runs) run.stop();
    this.#finish(this.#fedMs);
  }

  /** Starts the next server that was not asked yet; the one behind it follows after its head start. */
  #startNext(): void {
    this.#staggerTimer?.cancel();
    this.#staggerTimer = null;
    const target = this.#waiting.shift();
    if (target === undefined) return this.#runs.size === 0 ? this.stop() : undefined;
    if (this.#visited.has(target.text)) return this.#startNext();
    this.#follow(target, target.text, 0);
    if (this.#waiting.length === 0 || this.#over) return;
    const { staggerMs, environment } = this.#options;
    if (staggerMs === 0) this.#startNext();
    else this.#staggerTimer = environment.timers.after(staggerMs, () => this.#startNext());
  }

  async #follow(target: PullTarget, origin: string, hops: number): Promise<void> {
    this.#visited.add(target.text);
    const run = this.#start(target, origin);
    const outcome = await run.finished;
    this.#runs.delete(run);
    if (this.#over) return;
    this.#note(target, origin, outcome);
    if (outcome.fedMs > 0) {
      this.#fedMs = outcome.fedMs;
      return this.stop();
    }
    const next = outcome.redirect === null ? null : this.#judgeRedirect(target, outcome, hops);
    if (next !== null) this.#follow(next, origin, hops + 1);
    else this.#startNext();
  }

  #start(target: PullTarget, origin: string): UpstreamRun {
    const { request, via, environment: { timers, pool, connectArgs, newCid }, onFeeding } = this.#options;
    const { cluster } = request.vhost;
    const run: UpstreamRun = new UpstreamRun(this.#source, timers, {
      target,
      timeouts: cluster,
      session: upstreamSession("play", request, target, cluster.debugSrsUpnode ? connectArgs(newCid(), via) : null),
      onFeeding: () => {
        this.#feeding = pool.health(origin);
        this.#feeding.pulls++;
        this.#staggerTimer?.cancel();
        this.#waiting.length = 0;
        for (const other of this.#runs) if (other !== run) other.stop();
        onFeeding(target);
      },
    });
    this.#runs.add(run);
    return run;
  }

  #note(target: PullTarget, origin: string, { reached, redirect, error }: UpstreamOutcome): void {
    if (error === "") return;
    const { pool } = this.#options.environment;
    if (reached) pool.noteSuccess(origin);
    // A dead server behind a redirect says nothing of the origin that knew it.
    else if (target.redirectedFrom === null) pool.noteFailure(origin, error);
    if (redirect === null) this.#options.onFailure(error);
  }

  /** Where a redirect leads, or null when it is not followed. */
  #judgeRedirect(target: PullTarget, { redirect, remoteIp }: UpstreamOutcome, hops: number): PullTarget | null {
    const { log, onFailure } = this.#options;
    const next = parseTarget(redirect ?? "");
    const refuse = (reason: string) => {
      onFailure(`${target.text} redirects to ${redirect}: not followed, ${reason}`);
      return null;
    };
    if (next === null) return refuse("it is not an RTMP address");
    if (this.#visited.has(next.text)) {
      // Side by side, several servers name the same owner: the first to do so was enough.
      return this.#runs.size > 0 ? null : refuse("that server was asked already");
    }
    if (hops >= MAX_REDIRECTS) return refuse(`after ${MAX_REDIRECTS} redirects`);
    if (!mayFollow(remoteIp, next.host)) return refuse("a public server may not send us to a local address");
    log.info(`pull ${this.#source.key}: ${target.text} redirects to ${next.text}`);
    return { ...next, redirectedFrom: remoteIp };
  }
}
