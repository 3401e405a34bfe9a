import type { AmfObject } from "../../amf/amf0.ts";
import type { TimerHandle } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Span } from "../../base/trace.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import type { PullRequest } from "./pull_request.ts";
import { describeRefusal, RedirectPolicy } from "../redirect_policy.ts";
import { upstreamDial } from "./dial.ts";
import { type SegmentPlace, segmentPlace } from "../segment_place.ts";
import { originTargets, parseRedirect, type PullTarget } from "../target.ts";
import { type UpstreamOutcome, UpstreamRun } from "./run.ts";
import { UpstreamTrace } from "./trace.ts";

/** One round of tries for one source. */
export interface PullRaceOptions {
  /** Servers that may have the stream, the best first. */
  targets: readonly PullTarget[];
  request: PullRequest;
  /** Servers that play the stream here: one of them that is asked refuses. */
  via: readonly string[];
  environment: UpstreamEnvironment;
  log: Logger;
  /** Head start of each server over the next; 0 asks all at once. */
  staggerMs: number;
  /** The round, if it is traced. */
  trace: Span | null;
  /** The source is fed, by this server. */
  onFeeding(target: PullTarget, segments: SegmentPlace | null): void;
  /** What comes is wanted at once: players of low-latency HLS are waiting. */
  isHasty(): boolean;
  /** Null if nobody holds the source until one of these can take it. */
  handover: RaceHandover | null;
  /** The server that feeds the source is about to stop. */
  onMoveAsked(): void;
  /** The server that feeds the source has fallen silent. */
  onSilence(error: string, lastMediaMs: number): void;
  /** It goes on. */
  onMediaAgain(): void;
  onFailure(error: string): void;
}

/** Another server holds the source until one of a race can take it. */
export interface RaceHandover {
  /** The server that has fallen silent; null for one that is about to stop. */
  silentServer: string | null;
  /** It is to stop now. */
  makeWay(): void;
}

/** A server that has no stream is asked again after this time, as long as others are still looking for it. */
const ASK_AGAIN_MS = 1000;

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
  /** Every server asked in this round, at first hand or by redirect: nobody is asked twice, unless after a pause. */
  readonly #visited = new Set<string>();
  readonly #waiting: PullTarget[];
  /** What is under way, with the servers' addresses. */
  readonly #runs = new Map<UpstreamRun, string>();
  /** Servers of the list that gave nothing, to be asked again. */
  readonly #again = new Map<string, Disposable>();
  /** Servers that are said to have the stream since they were asked: an answer that they do not is of before. */
  readonly #named = new Set<string>();
  #staggerTimer: TimerHandle | null = null;
  /** Credits the server that feeds the source, which the one that was asked may have redirected to. */
  #feeding: Disposable | null = null;
  #fedMs = 0;
  #lastMediaMs = 0;
  #over = false;

  constructor(source: LiveSource, options: PullRaceOptions) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.finished = promise;
    this.#finish = resolve;
    this.#source = source;
    this.#options = options;
    this.#waiting = [...options.targets];
    this.#startNext();
  }

  /** When the source last got media in this round; 0 if it never did. */
  get lastMediaMs(): number {
    return this.#lastMediaMs;
  }

  /**
   * Asks further servers, which may have come to have the stream meanwhile, also those that gave nothing before, or have
   * redirected to another one.
   */
  add(targets: readonly PullTarget[]): void {
    if (this.#over || this.#feeding !== null) return;
    for (const target of targets) {
      if (!this.#visited.has(target.text)) continue;
      this.#again.get(target.text)?.[Symbol.dispose]();
      if (this.#isUnderWay(target)) this.#named.add(target.text);
      else this.#askOnceMore(target);
    }
    this.#waiting.push(...targets.filter(({ text }) => !this.#visited.has(text)));
    if (this.#waiting.length > 0) this.#startNext();
  }

  /** The server that fed the source is gone: another takes over with what it has. */
  hurry(): void {
    for (const run of [...this.#runs.keys()]) run.takeOver();
  }

  /** From now on; see {@link PullRaceOptions.isHasty}. */
  hasten(): void {
    for (const run of this.#runs.keys()) run.hasten();
  }

  /** Ends the round. */
  stop(): void {
    if (this.#over) return;
    this.#over = true;
    this.#staggerTimer?.cancel();
    this.#stopAgain();
    this.#feeding?.[Symbol.dispose]();
    for (const run of this.#runs.keys()) run.stop();
    this.#finish(this.#fedMs);
  }

  /** Starts the next server that was not asked yet; the one after it follows after its head start. */
  #startNext(): void {
    this.#staggerTimer?.cancel();
    this.#staggerTimer = null;
    const target = this.#waiting.shift();
    if (target === undefined) return this.#runs.size === 0 ? this.stop() : undefined;
    if (this.#visited.has(target.text)) return this.#startNext();
    this.#follow(target, target);
    if (this.#waiting.length === 0 || this.#over) return;
    const { staggerMs, environment } = this.#options;
    if (staggerMs === 0) this.#startNext();
    else this.#staggerTimer = environment.timers.after(staggerMs, () => this.#startNext());
  }

  /**
   * @param origin Server of the list that led to the target, maybe itself.
   * @param policy Of the redirects that led there.
   */
  async #follow(
    target: PullTarget,
    origin: PullTarget,
    policy: RedirectPolicy = new RedirectPolicy(this.#visited),
  ): Promise<void> {
    this.#visited.add(target.text);
    const run = this.#start(target, origin);
    const outcome = await run.finished;
    this.#runs.delete(run);
    // Once one of them feeds the source, the others were stopped, and are not asked again.
    const hasLost = this.#feeding !== null && outcome.fedMs === 0;
    if (this.#over || hasLost) return;
    this.#note(target, origin, outcome);
    if (outcome.fedMs > 0) {
      this.#fedMs = outcome.fedMs;
      this.#lastMediaMs = outcome.lastMediaMs;
      return this.stop();
    }
    const next = outcome.redirect === null ? null : this.#judgeRedirect(target, outcome, policy);
    if (next !== null) void this.#follow(next, origin, policy);
    if (this.#named.delete(target.text)) return this.#askOnceMore(target);
    if (next !== null) return;
    this.#askAgain(origin, target !== origin || outcome.refused || outcome.redirect !== null);
    this.#startNext();
  }

  /**
   * While others hold the question until the stream comes, it may come to a server that had no answer to it, or was down:
   * the question is put there again.
   *
   * @param spoke The server is there, and said something.
   */
  #askAgain(origin: PullTarget, spoke: boolean): void {
    const { timers, watch } = this.#options.environment;
    const ask = () => this.#askOnceMore(origin);
    this.#again.get(origin.text)?.[Symbol.dispose]();
    if (spoke) {
      const timer = timers.after(ASK_AGAIN_MS, ask);
      this.#again.set(origin.text, { [Symbol.dispose]: () => timer.cancel() });
    } else this.#again.set(origin.text, watch.watch(origin, ask));
  }

  #askOnceMore(origin: PullTarget): void {
    this.#again.delete(origin.text);
    this.#visited.clear();
    for (const text of this.#runs.values()) this.#visited.add(text);
    if (!this.#isUnderWay(origin)) this.#follow(origin, origin);
  }

  #isUnderWay({ text }: PullTarget): boolean {
    return [...this.#runs.values()].includes(text);
  }

  #stopAgain(): void {
    for (const again of this.#again.values()) again[Symbol.dispose]();
    this.#again.clear();
  }

  #start(target: PullTarget, origin: PullTarget): UpstreamRun {
    const { request, via, environment, handover, isHasty, onFeeding, onMoveAsked, onSilence, onMediaAgain } =
      this.#options;
    const span = this.#trace(target, target !== origin);
    const run: UpstreamRun = new UpstreamRun(this.#source, environment.timers, {
      target,
      timeouts: () => request.vhost.now.cluster,
      epochs: environment.epochs,
      isHasty,
      dial: upstreamDial({ request, target, via, environment, trace: span, isHasty }),
      trace: span === null ? null : new UpstreamTrace(span),
      handover: handover === null ? null : {
        reason: handover.silentServer === null
          ? "moving"
          : handover.silentServer === target.text
          ? "silentHere"
          : "silent",
        makeWay: () => handover.makeWay(),
      },
      onMoveAsked,
      onSilence,
      onMediaAgain,
      onConnected: (identity, announce) => this.#onConnected(target, identity, announce),
      onFeeding: (offer, remoteIp) => {
        this.#feeding = environment.pool.startFeed(target.text);
        this.#staggerTimer?.cancel();
        this.#waiting.length = 0;
        this.#stopAgain();
        for (const other of this.#runs.keys()) if (other !== run) other.stop();
        onFeeding(target, segmentPlace(request, target, offer, remoteIp));
      },
    });
    this.#runs.set(run, target.text);
    return run;
  }

  #onConnected({ text }: PullTarget, identity: AmfObject, announce: (text: string) => void): Disposable | null {
    const { request: { protocol, vhost }, environment: { reporter = null } } = this.#options;
    if (!vhost.now.cluster.debugSrsUpnode) return null;
    return reporter?.onConnected(text, identity, protocol === "rtmp" ? announce : null) ?? null;
  }

  #trace({ host, port, namedBy }: PullTarget, isRedirected: boolean): Span | null {
    const attributes = {
      "server.address": host,
      "server.port": port,
      ...(isRedirected ? { "srs.redirected_from": namedBy ?? "" } : {}),
    };
    return this.#options.trace?.child("upstream", { kind: "client", attributes }) ?? null;
  }

  #note(target: PullTarget, origin: PullTarget, { reached, redirect, error }: UpstreamOutcome): void {
    if (error === "") return;
    const { request: { protocol, vhost }, environment: { pool, down } } = this.#options;
    if (reached) pool.noteSuccess(origin.text);
    // A dead server behind a redirect says nothing of the origin that knew it.
    else if (target === origin) {
      pool.noteFailure(origin.text, error);
      // One of the configuration is looked at, whoever has named it as the owner.
      const configured = originTargets(vhost.now.cluster, protocol).find(({ text }) => text === origin.text);
      if (configured !== undefined) down.note(configured, protocol);
    }
    if (redirect === null) this.#options.onFailure(error);
  }

  /** Where a redirect leads, or null when it is not followed. */
  #judgeRedirect(target: PullTarget, { redirect, remoteIp }: UpstreamOutcome, policy: RedirectPolicy) {
    const { log, onFailure, request: { protocol } } = this.#options;
    const next = parseRedirect(protocol, redirect ?? "");
    const refusal = next === null ? null : policy.refuse(target, next, remoteIp);
    if (next !== null && refusal === null) {
      log.info(`pull ${this.#source.key}: ${target.text} redirects to ${next.text}`);
      return { ...next, namedBy: remoteIp };
    }
    // Side by side, several servers name the same owner: the first to do so was enough.
    if (refusal === "visited" && this.#runs.size > 0) return null;
    const protocolName = protocol === "rtmp" ? "RTMP" : "HTTP-FLV";
    const reason = refusal === null ? `it is not an ${protocolName} address` : describeRefusal(refusal);
    // Not the parameters: there are passwords among them.
    onFailure(`${target.text}: redirect to ${redirect?.replace(/\?.*/, "")} not followed: ${reason}`);
    return null;
  }
}
