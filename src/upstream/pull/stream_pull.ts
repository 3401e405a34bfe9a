import type { Logger } from "../../base/log.ts";
import type { Span } from "../../base/trace.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import type { PullRequest } from "./pull_request.ts";
import { PullRace, type RaceHandover } from "./race.ts";
import type { SegmentPlace } from "../segment_place.ts";
import type { PullTarget } from "../target.ts";

/** What a pull does now, as the API shows it. */
export interface PullState {
  key: string;
  /** Names the pull in the log, as a connection's id does. */
  cid: string;
  /** Server that feeds the stream, or fed it last; empty before there was one. */
  upstream: string;
  isFed: boolean;
  /** Why the last attempt ended; empty while the stream runs. */
  lastError: string;
  /** How often another server took over. */
  switches: number;
  /** Wall-clock time without media at the last change of server, or return of the same; 0 before there was one. */
  lastGapMs: number;
}

/** A round that found nothing is followed by a pause, longer each time up to the limit; so is one that soon lost the stream. */
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 3000;
/** Where the directory tells who has the stream, this often is looked what else is to be done. */
const SEARCH_MS = 10_000;
/** An upstream that ends sooner than this is followed by a pause, too, so that flapping does not spin. */
const SETTLED_MS = 1000;
/** Head start of the best origin over the next while nobody was cut off yet. */
const STAGGER_MS = 150;
/** A server that is to be left is stayed with, if no other has the stream; this often is looked again. */
const MOVE_AGAIN_MS = 500;
/** While somebody publishes here, this often is looked whether he has left. */
const LOCAL_PUBLISHER_CHECK_MS = 500;

/**
 * Feeds one source from other servers until it is stopped: a race among them, another one as soon as the winner fails.
 * The players of the source notice no more than a gap.
 */
export class StreamPull {
  /** The latest player's words, used from the next round on. */
  request: PullRequest;
  readonly state: PullState;
  readonly #source: LiveSource;
  readonly #environment: UpstreamEnvironment;
  readonly #leases: ReadonlySet<PullRequest>;
  readonly #log: Logger;
  #stopped = false;
  /** Servers that were asked in the latest round. */
  #targets: readonly PullTarget[] = [];
  #race: PullRace | null = null;
  /** Looks for a server to move to while the race before still holds the source. */
  #successor: PullRace | null = null;
  #isSilent = false;
  /** The server that feeds the source has said that it is about to stop. */
  #mustMove = false;
  /** The search for a server under way, until one feeds the source. */
  #trace: Span | null = null;
  #endPause: (() => void) | null = null;
  /** The directory is to tell who has the stream, until somebody feeds it. */
  #search: Disposable | null = null;
  /** It is to tell the same, while a server holds the source that is to be left. */
  #news: Disposable | null = null;
  /** Whom it named last. */
  #named: readonly PullTarget[] = [];
  #endedMs = 0;
  #segments: SegmentPlace | null = null;
  #isHasty = false;
  readonly #isWanted = () => !this.#stopped && this.#leases.size > 0;

  /** @param leases Who plays; when nobody does, the pull ends with its upstream instead of looking for another. */
  constructor(
    source: LiveSource,
    request: PullRequest,
    environment: UpstreamEnvironment,
    leases: ReadonlySet<PullRequest>,
  ) {
    this.request = request;
    const cid = environment.newCid();
    this.state = { key: source.key, cid, upstream: "", isFed: false, lastError: "", switches: 0, lastGapMs: 0 };
    this.#source = source;
    this.#environment = environment;
    this.#leases = leases;
    this.#log = environment.log.withCid(cid);
  }

  /** The server that feeds the source sends nothing any more; another one is looked for. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Where the server that feeds the source has segments of the stream; null if it does not say. */
  get segments(): SegmentPlace | null {
    return this.state.isFed ? this.#segments : null;
  }

  /** It goes on without asking anybody: it may be kept for players that come right back. */
  get mayLinger(): boolean {
    return this.state.isFed && !this.#mustMove;
  }

  /** Works until {@link stop}. Never throws. */
  async run(): Promise<void> {
    const { timers } = this.#environment;
    // Whoever has just got the stream has found it, however long it was looked for.
    const inARow = { empty: 0, short: 0 };
    while (!this.#stopped) {
      if (this.#source.fedBy === "client") {
        // Nobody else is to tell who has it.
        this.#stopSearch();
        // No gap for the players: they have media until that publisher leaves.
        if (this.#endedMs > 0) this.#endedMs = timers.nowMs();
        await this.#rest(LOCAL_PUBLISHER_CHECK_MS);
        continue;
      }
      const startedMs = timers.nowMs();
      const fedMs = await this.#round();
      if (this.#stopped || this.#leases.size === 0) return;
      if (fedMs > 0) inARow.empty = 0;
      if (fedMs >= SETTLED_MS) {
        inARow.short = 0;
        continue;
      }
      const rounds = fedMs > 0 ? ++inARow.short : ++inARow.empty;
      // Servers that hold the player until the stream comes have made this pause already.
      const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(rounds - 1, 10));
      await this.#rest(pauseMs - (timers.nowMs() - startedMs), this.#targets);
    }
  }

  /** What comes is wanted at once from now on, for as long as it is pulled. */
  hasten(): void {
    if (this.#isHasty) return;
    this.#isHasty = true;
    this.#race?.hasten();
    this.#successor?.hasten();
  }

  /** Looks for the stream now instead of after a pause. */
  hurry(): void {
    this.#endPause?.();
  }

  stop(): void {
    this.#stopped = true;
    this.#trace?.end(this.state.lastError);
    this.#race?.stop();
    this.#successor?.stop();
    this.#stopSearch();
    this.#endPause?.();
  }

  /** @returns How long the source was fed. */
  async #round(): Promise<number> {
    this.#trace ??= this.#beginTrace(this.#endedMs > 0);
    const targets = await this.#findTargets();
    if (this.#stopped) return 0;
    this.#targets = targets;
    if (targets.length === 0) this.#fail("no server is known to have the stream", "debug");
    // With players cut off there is no time to ask one after the other.
    const staggerMs = this.#endedMs > 0 ? 0 : STAGGER_MS;
    let fedMs = 0;
    for (let race: PullRace | null = this.#newRace(targets, staggerMs, null); race !== null;) {
      this.#race = race;
      this.#isSilent = this.#mustMove = false;
      fedMs = await race.finished;
      if (race.lastMediaMs > 0) this.#endedMs = race.lastMediaMs;
      // Its successor feeds the source already, or nobody does.
      this.state.isFed = this.#source.fedBy === "upstream";
      race = this.#successor;
      this.#successor = null;
      race?.hurry();
    }
    this.#race = null;
    return fedMs;
  }

  /** A stream that was there before has players who began long ago: the search for it is a trace of its own. */
  #beginTrace(isAgain: boolean): Span | null {
    const attributes = { "srs.stream": this.#source.key };
    if (isAgain) return this.#environment.tracer?.start("pull", null, { attributes }) ?? null;
    return this.request.trace?.child("pull", { attributes }) ?? null;
  }

  /** The servers to ask; where the directory alone tells them, it is waited for the first. */
  async #findTargets(): Promise<readonly PullTarget[]> {
    const { watchTargets, otherTargets } = this.request;
    if (watchTargets === undefined) return await this.#askTargets();
    this.#search ??= watchTargets((targets) => this.#onNamed(targets), this.#trace);
    if (this.#named.length > 0) return this.#withOthers(this.#named);
    if ((otherTargets?.() ?? []).length > 0) return await this.#askTargets();
    await this.#rest(SEARCH_MS);
    return this.#named;
  }

  async #askTargets(): Promise<readonly PullTarget[]> {
    return this.#withOthers(await this.request.findTargets(this.#trace, this.#isWanted));
  }

  #withOthers(targets: readonly PullTarget[]): readonly PullTarget[] {
    const known = new Set(targets.map(({ text }) => text));
    const others = this.request.otherTargets?.() ?? [];
    return [...targets, ...others.filter(({ text }) => !known.has(text))];
  }

  /** One that is said to have the stream may not answer: another owner is not to be kept waiting by it. */
  #onNamed(targets: readonly PullTarget[]): void {
    this.#named = targets;
    this.#race?.add(targets);
    this.#endPause?.();
  }

  #stopNews(): void {
    this.#news?.[Symbol.dispose]();
    this.#news = null;
  }

  #stopSearch(): void {
    this.#stopNews();
    this.#search?.[Symbol.dispose]();
    this.#search = null;
    this.#named = [];
  }

  #newRace(targets: readonly PullTarget[], staggerMs: number, handover: RaceHandover | null): PullRace {
    const race: PullRace = new PullRace(this.#source, {
      targets,
      request: this.request,
      via: [...new Set([...this.#leases].flatMap(({ via }) => via))],
      environment: this.#environment,
      log: this.#log,
      staggerMs,
      trace: this.#trace,
      handover,
      isHasty: () => this.#isHasty,
      onFeeding: ({ text }, segments) => this.#onFeeding(text, segments),
      onFailure: (error) => this.#fail(error, race === this.#race ? "warn" : "debug"),
      onMoveAsked: () => this.#move(race),
      onSilence: (error, lastMediaMs) => this.#onSilence(race, error, lastMediaMs),
      onMediaAgain: () => this.#onMediaAgain(race),
    });
    return race;
  }

  /** The server that feeds the source is about to stop: until another one does, it goes on. */
  #move(leaving: PullRace): Promise<void> {
    this.#mustMove = true;
    this.#log.info(`pull ${this.#source.key}: ${this.state.upstream} is about to stop`);
    const makeWay = () => {
      this.#endedMs = this.#environment.timers.nowMs();
      leaving.stop();
    };
    return this.#replace(leaving, { silentServer: null, makeWay }, () => true);
  }

  /** The server that feeds the source may hang, and go on where it was: it is kept until another one has more. */
  #onSilence(leaving: PullRace, error: string, lastMediaMs: number): void {
    this.#isSilent = true;
    this.state.isFed = false;
    this.#fail(error, "warn");
    const makeWay = () => {
      this.#endedMs = lastMediaMs;
      leaving.stop();
    };
    this.#replace(leaving, { silentServer: this.state.upstream, makeWay }, () => this.#isSilent);
  }

  #onMediaAgain(race: PullRace): void {
    if (race !== this.#race) return;
    this.#log.info(`pull ${this.#source.key}: ${this.state.upstream} sends again`);
    this.#stopNews();
    this.#isSilent = false;
    this.state.isFed = true;
    this.state.lastError = "";
    this.#trace?.end();
    this.#trace = null;
    const successor = this.#successor;
    this.#successor = null;
    successor?.stop();
    if (this.#mustMove) this.#move(race);
  }

  /** Looks for a server to take over from one that still holds the source, as long as that is wanted. */
  async #replace(leaving: PullRace, handover: RaceHandover, isWanted: () => boolean): Promise<void> {
    if (this.#leases.size === 0) return leaving.stop();
    let endPause = () => {};
    this.#stopNews();
    this.#news = this.request.watchTargets?.((targets) => {
      (this.#successor ?? this.#race)?.add(targets);
      endPause();
    }, this.#trace) ?? null;
    while (this.#race === leaving && this.#successor === null && isWanted()) {
      this.#trace ??= this.#beginTrace(true);
      const targets = await this.#askTargets();
      if (this.#stopped || this.#race !== leaving || this.#successor !== null || !isWanted()) return;
      const race = this.#successor = this.#newRace(targets, 0, handover);
      await race.finished;
      if (this.#successor !== race) return;
      this.#successor = null;
      const { promise, resolve } = Promise.withResolvers<void>();
      endPause = resolve;
      const timer = this.#environment.timers.after(MOVE_AGAIN_MS, resolve);
      await promise;
      timer.cancel();
    }
  }

  #onFeeding(upstream: string, segments: SegmentPlace | null): void {
    const { state } = this;
    this.#segments = segments;
    this.#stopSearch();
    if (this.#endedMs > 0) {
      state.lastGapMs = Math.round(this.#environment.timers.nowMs() - this.#endedMs);
      if (state.upstream !== upstream) {
        state.switches++;
        this.#environment.onSwitched?.(state.key, upstream);
      }
    }
    const after = this.#endedMs > 0 ? ` after ${state.lastGapMs} ms without media` : "";
    this.#log.info(`pull ${this.#source.key} from ${upstream}${after}`);
    state.upstream = upstream;
    state.isFed = true;
    state.lastError = "";
    this.#trace?.set({ "server.address": upstream });
    this.#trace?.end();
    this.#trace = null;
  }

  #fail(error: string, level: "debug" | "warn"): void {
    this.state.lastError = error;
    this.#log[level](`pull ${this.#source.key}: ${error}`);
  }

  /** Pauses; not any longer when one of the servers that could not be reached is back. */
  async #rest(pauseMs: number, targets: readonly PullTarget[] = []): Promise<void> {
    if (pauseMs <= 0 || this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { timers, random, pool, watch } = this.#environment;
    using watches = new DisposableStack();
    for (const target of targets) {
      if (pool.health(target.text).failures > 0) watches.use(watch.watch(target, resolve));
    }
    // Half fixed, half random: streams that lost the same origin do not come back in step.
    const timer = timers.after(pauseMs / 2 + random() * pauseMs / 2, resolve);
    this.#endPause = resolve;
    await promise;
    timer.cancel();
    this.#endPause = null;
  }
}
