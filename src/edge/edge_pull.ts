import type { TimerHandle } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { type LiveSource } from "../stream/live_source.ts";
import type { PullEnvironment, PullRequest } from "./edge_pulls.ts";
import { MAX_REDIRECTS, mayFollow } from "./redirect_trust.ts";
import { parseTarget, type PullTarget, upstreamSession } from "./upstream_request.ts";
import { UpstreamRun } from "./upstream_run.ts";

/** What a pull does now, as the API shows it. */
export interface PullState {
  key: string;
  /** Server that the stream comes from now; empty when it comes from nowhere. */
  upstream: string;
  /** Why the last attempt ended; empty while the stream runs. */
  lastError: string;
  /** How often another server took over. */
  switches: number;
}

/** A round over all origins that found nothing is followed by a pause, longer each time up to the limit. */
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 3000;
/** An upstream that ends sooner than this counts as a failed attempt, so that flapping does not spin. */
const SETTLED_MS = 1000;

/**
 * Feeds one source from the origins: tries them in the order of the pool, follows redirects, goes on to the next when one
 * fails, until it is stopped. The players of the source notice no more than a gap.
 */
export class EdgePull {
  /** The latest player's words, used from the next connection on. */
  request: PullRequest;
  readonly state: PullState;
  readonly #source: LiveSource;
  readonly #environment: PullEnvironment;
  readonly #isUnwanted: () => boolean;
  readonly #log: Logger;
  readonly #cid: string;
  #stopped = false;
  #run: UpstreamRun | null = null;
  #pause: { timer: TimerHandle; end: () => void } | null = null;

  /** @param isUnwanted True when nobody plays: then the pull ends with its upstream instead of looking for another. */
  constructor(source: LiveSource, request: PullRequest, environment: PullEnvironment, isUnwanted: () => boolean) {
    this.request = request;
    this.state = { key: source.key, upstream: "", lastError: "", switches: 0 };
    this.#source = source;
    this.#environment = environment;
    this.#isUnwanted = isUnwanted;
    this.#cid = environment.newCid();
    this.#log = environment.log.withCid(this.#cid);
  }

  /** Works until {@link stop}. Never throws. */
  async run(): Promise<void> {
    let emptyRounds = 0;
    while (!this.#stopped) {
      const settled = await this.#tryAll();
      if (this.#stopped || this.#isUnwanted()) return;
      emptyRounds = settled ? 0 : emptyRounds + 1;
      if (!settled) await this.#rest(emptyRounds);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#run?.stop();
    this.#pause?.timer.cancel();
    this.#pause?.end();
  }

  /** One round over the origins; true as soon as one of them fed the source for a while. */
  async #tryAll(): Promise<boolean> {
    const { origin: origins } = this.request.vhost.cluster;
    const names = origins.map(({ text }) => text);
    if (names.length === 0) this.state.lastError = `vhost ${this.request.vhost.name} has no origin`;
    for (const origin of this.#environment.pool.order(names, this.#source.key)) {
      const target = parseTarget(origin);
      if (this.#stopped || target === null) continue;
      if (await this.#tryOrigin(origin, target)) return true;
    }
    return false;
  }

  /** Pulls from one origin or where it redirects to. True if the source was fed for a while. */
  async #tryOrigin(origin: string, first: PullTarget): Promise<boolean> {
    const visited = new Set<string>();
    let target = first;
    for (let hops = 0; !this.#stopped; hops++) {
      visited.add(target.text);
      const outcome = await this.#pullFrom(origin, target);
      if (outcome.redirect === null) return outcome.fedMs >= SETTLED_MS;
      const next = parseTarget(outcome.redirect);
      const refusal = next === null
        ? "it is not an RTMP address"
        : visited.has(next.text)
        ? "that server was asked already"
        : hops >= MAX_REDIRECTS
        ? `after ${MAX_REDIRECTS} redirects`
        : mayFollow(outcome.remoteIp, next.host)
        ? null
        : "a public server may not send us to a local address";
      if (next === null || refusal !== null) {
        this.#fail(`${target.text} redirects to ${outcome.redirect}: not followed, ${refusal}`);
        return false;
      }
      this.#log.info(`pull ${this.#source.key}: ${target.text} redirects to ${next.text}`);
      target = { ...next, redirectedFrom: outcome.remoteIp };
    }
    return false;
  }

  async #pullFrom(origin: string, target: PullTarget) {
    const { timers, pool, connectArgs } = this.#environment;
    const { cluster } = this.request.vhost;
    const run = new UpstreamRun(this.#source, timers, {
      target,
      timeouts: cluster,
      session: upstreamSession(this.request, target, cluster.debugSrsUpnode ? connectArgs(this.#cid) : null),
      onFeeding: () => {
        if (this.state.upstream !== "" && this.state.upstream !== target.text) this.state.switches++;
        this.state.upstream = target.text;
        this.state.lastError = "";
        pool.health(origin).pulls++;
        this.#log.info(`pull ${this.#source.key} from ${target.text}`);
      },
    });
    this.#run = run;
    const outcome = await run.finished;
    this.#run = null;
    if (outcome.fedMs > 0) pool.health(origin).pulls--;
    if (outcome.reached) pool.noteSuccess(origin);
    // A dead server behind a redirect says nothing of the origin that knew it.
    else if (target.redirectedFrom === null) pool.noteFailure(origin, outcome.error);
    if (!this.#stopped && outcome.redirect === null) this.#fail(outcome.error);
    return outcome;
  }

  #fail(error: string): void {
    this.state.lastError = error;
    this.#log.warn(`pull ${this.#source.key}: ${error}`);
  }

  async #rest(round: number): Promise<void> {
    const limitMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (round - 1));
    const { promise, resolve } = Promise.withResolvers<void>();
    // Half fixed, half random: streams that lost the same origin do not come back in step.
    const timer = this.#environment.timers.after(limitMs / 2 + Math.random() * limitMs / 2, resolve);
    this.#pause = { timer, end: resolve };
    await promise;
    this.#pause = null;
  }
}
