import type { TimerHandle, Timers, WallClock } from "../../base/clock.ts";
import type { Claim, ClaimMode, ClaimOptions, ClaimOutcome, Owner, ServerAddress } from "../directory.ts";
import type { EngineAccess } from "./engine_access.ts";
import type { EngineView } from "./engine_view.ts";
import type { EngineKeys } from "./keys.ts";
import { batchesOf, PacedJobs } from "./paced_jobs.ts";
import { type ClaimAnswer, StreamCalls, type TakenAnswer } from "./stream_calls.ts";

const REFRESH_MS = 300_000;
/**
 * Streams in one step of the engine, which answers nobody else meanwhile: about 4 us for each stream. Few where time is not
 * short, many where all are to be claimed again.
 */
const [SMALL_BATCH, LARGE_BATCH] = [128, 512];
/** What takes longer than this many leases is not spread any further: others believe for five that a stream is there. */
const MAX_LEASES = 4;
/** Anybody can say that he has seen a newer publish. */
const RECHECK_PAUSE_MS = 5000;
const MAX_UNRELEASED = 100_000;
/** Takeovers that come together are looked at together. */
const NEWS_MS = 10;

/** Options of {@link OwnClaims}. */
export interface OwnClaimsOptions {
  readonly access: EngineAccess;
  readonly view: EngineView;
  readonly timers: Timers & WallClock;
  readonly random: () => number;
  readonly keys: EngineKeys;
  readonly self: string;
  readonly nodeTtlMs: number;
  /** URL of the engine, as it may be shown. */
  readonly engine: string;
  /** Where this server takes RTMP clients. */
  readonly address: () => ServerAddress;
}

type Job = () => Promise<void>;

/** One stream of this server. */
interface OwnClaim {
  readonly key: string;
  epoch: number;
  /** The engine may not know of it. */
  isOpen: boolean;
  /** A word of others does not count before. */
  recheckMs: number;
  readonly onLost: (reason: string) => void;
  readonly onRaised: (epoch: number) => void;
}

/**
 * The streams that this server publishes. Where the engine does not answer, a claim succeeds with an epoch of this
 * server's clock; as soon as it answers, the highest epoch wins.
 *
 * After an outage all servers claim all of their streams again. So that the engine has at most twice its usual calls then,
 * a server makes one of them, for up to 512 streams, for each renewal of its lease.
 */
export class OwnClaims implements Disposable {
  readonly #options: OwnClaimsOptions;
  readonly #calls: StreamCalls;
  /** Those claimed the longest ago first. */
  readonly #claims = new Map<string, OwnClaim>();
  /** Streams that were given up while the engine did not answer. */
  readonly #unreleased = new Set<string>();
  /** What there is to do after an outage. */
  readonly #recovery: PacedJobs;
  readonly #refresh: PacedJobs;
  #refreshTimer: TimerHandle | null = null;
  #isListening = false;
  #news: TimerHandle | null = null;

  constructor(options: OwnClaimsOptions) {
    this.#options = options;
    this.#calls = new StreamCalls(options);
    this.#recovery = new PacedJobs(options.timers, options.random);
    this.#refresh = new PacedJobs(options.timers, options.random);
  }

  start(): void {
    const { timers, random } = this.#options;
    const plan = (delayMs: number) => {
      this.#refreshTimer = timers.after(delayMs, () => {
        plan(REFRESH_MS);
        // Even one that is last, and fails once, lives until the time after.
        this.#refresh.start(this.#jobs([...this.#claims.values()], SMALL_BATCH, true), REFRESH_MS / 2);
      });
    };
    plan(random() * REFRESH_MS);
  }

  /** How many there are. */
  get size(): number {
    return this.#claims.size;
  }

  /** Claims a stream. Never rejects. */
  async claim(key: string, { mode, onLost, onRaised = () => {}, minEpoch = 0 }: ClaimOptions): Promise<ClaimOutcome> {
    const { view } = this.#options;
    const claim: OwnClaim = {
      key,
      epoch: Math.max(view.epochOf(key), minEpoch - 1),
      isOpen: true,
      recheckMs: 0,
      onLost,
      onRaised,
    };
    this.#unreleased.delete(key);
    const put = (how: ClaimMode) => this.#put(claim, how);
    let answer = await put(mode());
    if (answer !== null && "taken" in answer && this.#isNobody(answer)) answer = await put("takeover");
    if (answer !== null && "taken" in answer && answer.owner !== null) return { takenBy: answer.owner };
    if (answer !== null && "epoch" in answer) {
      claim.epoch = answer.epoch;
      claim.isOpen = false;
    } else claim.epoch = this.#localEpoch(claim);
    this.#claims.set(key, claim);
    view.onOwnWrite([key]);
    return { claim: this.#toClaim(claim) };
  }

  /** Another server has taken a stream. */
  onTaken(): void {
    this.#news ??= this.#options.timers.after(NEWS_MS, async () => {
      this.#news = null;
      await this.#listen();
      await this.#inBatches([...this.#claims.values()], LARGE_BATCH, (batch) => this.#check(batch));
    });
  }

  /** The connection is a new one, or the engine has lost everything: it does not tell of takeovers any more. */
  onLost(): void {
    this.#isListening = false;
  }

  /**
   * The lease was gone: none of the streams counted any more, and the engine may know none of them.
   *
   * @param isAlone Whether it was this server that was away. If it was the engine, all servers come back at once.
   */
  takeAgain(isAlone: boolean): void {
    const all = [...this.#claims.values()];
    const batch = Math.min(LARGE_BATCH, Math.max(SMALL_BATCH, Math.ceil(all.length / 2)));
    this.#recover(this.#jobs(all, batch, true), isAlone ? 0 : 1);
  }

  /** The lease is there, on a new connection: probably all is well. */
  checkAll(): void {
    this.#recover(this.#jobs([...this.#claims.values()], LARGE_BATCH, false), 2);
  }

  /** Somebody has seen a newer publish of a stream, as he says: looks whether the engine has it, now and then. */
  recheck(key: string, epoch: number): void {
    const claim = this.#claims.get(key);
    const nowMs = this.#options.timers.nowMs();
    if (claim === undefined || epoch <= claim.epoch || nowMs < claim.recheckMs) return;
    claim.recheckMs = nowMs + RECHECK_PAUSE_MS;
    void this.#check([claim]);
  }

  /** Claims what the engine does not know of yet, and gives up what was given up without it. */
  catchUp(): void {
    if (this.#recovery.isBusy) return;
    const all = [...this.#claims.values()];
    const jobs = this.#jobs(all.filter(({ isOpen }) => isOpen), LARGE_BATCH, true);
    // Who was not told of takeovers looks at all others.
    const checks = this.#isListening ? [] : this.#jobs(all.filter(({ isOpen }) => !isOpen), LARGE_BATCH, false);
    this.#recover([...jobs, ...checks], jobs.length + checks.length > 1 ? 1 : 0);
  }

  [Symbol.dispose](): void {
    this.#refreshTimer?.cancel();
    this.#news?.cancel();
    this.#recovery[Symbol.dispose]();
    this.#refresh[Symbol.dispose]();
    this.#claims.clear();
  }

  /** Does this, and what else is due after an outage. @param leases The least time for it; 0: at once. */
  #recover(jobs: readonly Job[], leases: number): void {
    const { nodeTtlMs } = this.#options;
    const listen = this.#isListening ? [] : [() => this.#listen()];
    // Who gave a stream up stands in the way of others that claim it.
    const all = [...listen, ...this.#releases(), ...jobs];
    if (all.length === 0) return;
    const paceMs = Math.min(MAX_LEASES * nodeTtlMs, all.length * nodeTtlMs / 3);
    this.#recovery.start(all, leases === 0 ? 0 : Math.max(leases * nodeTtlMs, paceMs));
  }

  #releases(): readonly Job[] {
    const keys = [...this.#unreleased].filter((key) => !this.#claims.has(key));
    return batchesOf(keys, LARGE_BATCH).map((batch) => async () => {
      const left = batch.filter((key) => this.#unreleased.delete(key));
      if (left.length > 0) await this.#release(left);
    });
  }

  #jobs(claims: readonly OwnClaim[], batch: number, refreshes: boolean): readonly Job[] {
    return batchesOf(claims, batch).map((some) => () => refreshes ? this.#hold(some) : this.#check(some));
  }

  async #inBatches<T>(all: readonly T[], size: number, fn: (batch: readonly T[]) => Promise<void>): Promise<void> {
    for (const batch of batchesOf(all, size)) await fn(batch);
  }

  /** Has the engine tell when another server takes a stream from this one; to be called again each time it has. */
  async #listen(): Promise<void> {
    const { access, keys, self } = this.#options;
    try {
      this.#isListening = true;
      await access.call(["GET", keys.mailbox(self)]);
    } catch {
      this.#isListening = false;
    }
  }

  #toClaim(claim: OwnClaim): Claim {
    let isOver = false;
    return {
      get epoch() {
        return claim.epoch;
      },
      announce: () => {
        // A later claim for the stream was made here, and given up.
        if (isOver || this.#claims.has(claim.key)) return;
        this.#claims.set(claim.key, claim);
        void this.#hold([claim]);
      },
      raise: (epoch) => {
        if (epoch <= claim.epoch || !this.#isCurrent(claim)) return;
        claim.epoch = epoch;
        void this.#hold([claim]);
      },
      [Symbol.dispose]: () => {
        isOver = true;
        if (!this.#isCurrent(claim)) return;
        this.#claims.delete(claim.key);
        void this.#release([claim.key]);
      },
    };
  }

  /** Another claim of this server for the same stream counts instead. */
  #isCurrent(claim: OwnClaim): boolean {
    return this.#claims.get(claim.key) === claim;
  }

  /** Whether the owner cannot be asked for the stream: its lease cannot be read, or is that of this server before its restart. */
  #isNobody({ owner }: TakenAnswer): boolean {
    if (owner === null) return true;
    const { ip, port } = this.#options.address();
    return owner.ip === ip && owner.port === port;
  }

  #localEpoch({ key, epoch }: OwnClaim): number {
    const { timers, view } = this.#options;
    return Math.max(epoch + 1, view.epochOf(key) + 1, Math.round(timers.wallMs()));
  }

  /** The answer; null if there is none in time. */
  async #put(claim: OwnClaim, mode: ClaimMode): Promise<ClaimAnswer | null> {
    try {
      return await this.#calls.claim(claim, mode, (answer) => this.#onLate(claim, answer));
    } catch {
      return null;
    }
  }

  /** The claim was made without the engine, and now it answers. */
  #onLate(claim: OwnClaim, answer: ClaimAnswer | null): void {
    if (answer === null) return;
    if (this.#isCurrent(claim)) {
      if ("taken" in answer && answer.owner !== null) this.#lose(claim, answer.owner);
      else void this.#check([claim]);
    } else if ("epoch" in answer && !this.#claims.has(claim.key)) void this.#release([claim.key]);
  }

  /** Claims again what the engine has not. */
  async #check(claims: readonly OwnClaim[]): Promise<void> {
    const current = claims.filter((claim) => this.#isCurrent(claim));
    if (current.length === 0) return;
    try {
      const has = await this.#calls.has(current);
      current.forEach((claim, at) => claim.isOpen = has[at] !== true);
    } catch {
      for (const claim of current) claim.isOpen = true;
      return;
    }
    await this.#hold(current.filter(({ isOpen }) => isOpen));
  }

  /** Keeps streams, or claims them again. What fails is tried again after a renewal of the lease. */
  async #hold(claims: readonly OwnClaim[]): Promise<void> {
    const current = claims.filter((claim) => this.#isCurrent(claim));
    if (current.length === 0) return;
    try {
      const answers = await this.#calls.hold(current);
      current.forEach((claim, at) => this.#onAnswer(claim, answers[at] ?? null));
      // Given up meanwhile, and before the engine was told the script: nobody else could have it.
      const left = current.filter(({ key }, at) => "epoch" in (answers[at] ?? {}) && !this.#claims.has(key));
      if (left.length > 0) void this.#release(left.map(({ key }) => key));
    } catch {
      for (const claim of current) claim.isOpen = true;
      return;
    }
    this.#options.view.onOwnWrite(current.map(({ key }) => key));
  }

  #onAnswer(claim: OwnClaim, answer: ClaimAnswer | null): void {
    if (answer !== null && "epoch" in answer) {
      const isRaised = answer.epoch > claim.epoch;
      claim.epoch = answer.epoch;
      claim.isOpen = false;
      if (isRaised && this.#isCurrent(claim)) claim.onRaised(claim.epoch);
    } else if (answer !== null && this.#isCurrent(claim)) this.#lose(claim, answer.owner);
  }

  #lose(claim: OwnClaim, owner: Owner | null): void {
    this.#claims.delete(claim.key);
    const where = owner === null ? "another server" : `origin ${owner.ip}:${owner.port}`;
    claim.onLost(`${where} has a newer publisher of ${claim.key}`);
  }

  #claimed(streams: readonly string[]): OwnClaim[] {
    return streams.map((key) => this.#claims.get(key)).filter((claim) => claim !== undefined);
  }

  async #release(streams: readonly string[]): Promise<void> {
    try {
      await this.#calls.release(streams);
      this.#options.view.onOwnWrite(streams);
      // An engine that does not know the script yet is told it again, behind what claimed a stream meanwhile.
      void this.#check(this.#claimed(streams));
    } catch {
      // It may have come to that all the same.
      for (const claim of this.#claimed(streams)) claim.isOpen = true;
      // Those that are too many end with their keys.
      const left = streams.filter((key) => !this.#claims.has(key)).slice(0, MAX_UNRELEASED - this.#unreleased.size);
      for (const key of left) this.#unreleased.add(key);
    }
  }
}
