import type { TimerHandle, Timers, WallClock } from "../../base/clock.ts";
import type { EngineReply } from "../../base/engine.ts";
import type { Logger } from "../../base/log.ts";
import type { Claim, ClaimMode, ClaimOptions, ClaimOutcome, Owner, ServerAddress } from "../directory.ts";
import type { EngineAccess } from "./engine_access.ts";
import type { EngineView } from "./engine_view.ts";
import { type EngineKeys, nameOf, parseStreamRecord, type StreamRecord } from "./keys.ts";
import { ownerOf, parseNodeRecord } from "./node_record.ts";
import { claimScript, holdScript, releaseScript } from "./scripts.ts";

/** How long a stream's key lives that nobody refreshes. */
const STREAM_TTL_MS = 900_000;
const REFRESH_MS = 300_000;
/** Streams in one step of the engine: it answers nobody else meanwhile, for a fraction of a millisecond. */
const BATCH = 64;
/** Epochs further ahead of the engine's clock are not believed. */
const MAX_AHEAD_MS = 60_000;
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
  readonly log: Logger;
  readonly keys: EngineKeys;
  readonly self: string;
  readonly nodeTtlMs: number;
  /** URL of the engine, as it may be shown. */
  readonly engine: string;
  /** Where this server takes RTMP clients. */
  readonly address: () => ServerAddress;
}

/** One stream of this server. */
interface OwnClaim {
  readonly key: string;
  epoch: number;
  /** The engine may not know of it. */
  isOpen: boolean;
  /** A word of others does not count before. */
  recheckMs: number;
  readonly onLost: (reason: string) => void;
}

/**
 * The streams that this server publishes. Where the engine does not answer, a claim succeeds with an epoch of this
 * server's clock; as soon as it answers, the highest epoch wins.
 */
export class OwnClaims implements Disposable {
  readonly #options: OwnClaimsOptions;
  readonly #claims = new Map<string, OwnClaim>();
  /** Streams that were given up while the engine did not answer. */
  readonly #unreleased = new Set<string>();
  readonly #planned = new Set<TimerHandle>();
  #refresh: TimerHandle | null = null;
  #isListening = false;
  #news: TimerHandle | null = null;

  constructor(options: OwnClaimsOptions) {
    this.#options = options;
  }

  start(): void {
    const { timers, random, nodeTtlMs } = this.#options;
    const plan = (delayMs: number) => {
      this.#refresh = timers.after(delayMs, () => {
        plan(REFRESH_MS);
        this.checkAll({ withinMs: nodeTtlMs, refreshes: true });
      });
    };
    plan(random() * REFRESH_MS);
  }

  /** How many there are. */
  get size(): number {
    return this.#claims.size;
  }

  /** Claims a stream. Never rejects. */
  async claim(key: string, { mode, onLost, minEpoch = 0 }: ClaimOptions): Promise<ClaimOutcome> {
    const { view } = this.#options;
    const claim: OwnClaim = {
      key,
      epoch: Math.max(view.epochOf(key), minEpoch - 1),
      isOpen: true,
      recheckMs: 0,
      onLost,
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

  /** Has the engine tell when another server takes a stream from this one; to be called again each time it has. */
  async listen(): Promise<void> {
    const { access, keys, self } = this.#options;
    try {
      await access.call(["GET", keys.mailbox(self)]);
      this.#isListening = true;
    } catch {
      this.#isListening = false;
    }
  }

  /** Another server has taken a stream. */
  onTaken(): void {
    this.#news ??= this.#options.timers.after(NEWS_MS, () => {
      this.#news = null;
      void this.listen().then(() => this.#checkNow([...this.#claims.values()], false));
    });
  }

  /**
   * Looks whether the engine has all of them still, and claims again what it has not.
   *
   * @param withinMs The time over which this is spread, so that thousands of servers do not come at once.
   * @param refreshes Whether to have the keys live on, and those told that wait for a stream.
   */
  checkAll({ withinMs, refreshes }: { readonly withinMs: number; readonly refreshes: boolean }): void {
    const { timers, random } = this.#options;
    this.#cancelPlanned();
    const all = [...this.#claims.values()];
    for (let at = 0; at < all.length; at += BATCH) {
      const batch = all.slice(at, at + BATCH);
      const handle = timers.after(random() * withinMs, () => {
        this.#planned.delete(handle);
        void this.#checkNow(batch, refreshes);
      });
      this.#planned.add(handle);
    }
  }

  /** Somebody has seen a newer publish of a stream, as he says: looks whether the engine has it, now and then. */
  recheck(key: string, epoch: number): void {
    const claim = this.#claims.get(key);
    const nowMs = this.#options.timers.nowMs();
    if (claim === undefined || epoch <= claim.epoch || nowMs < claim.recheckMs) return;
    claim.recheckMs = nowMs + RECHECK_PAUSE_MS;
    void this.#checkNow([claim], false);
  }

  /** Claims what the engine does not know of yet, and gives up what was given up without it. */
  async catchUp(): Promise<void> {
    const wasListening = this.#isListening;
    if (!wasListening) await this.listen();
    await this.#checkNow([...this.#claims.values()].filter(({ isOpen }) => isOpen || !wasListening), false);
    await this.releaseRest();
  }

  /** Gives up what was given up while the engine did not answer. */
  async releaseRest(): Promise<void> {
    const keys = [...this.#unreleased].filter((key) => !this.#claims.has(key));
    this.#unreleased.clear();
    for (let at = 0; at < keys.length; at += BATCH) await this.#release(keys.slice(at, at + BATCH));
  }

  [Symbol.dispose](): void {
    this.#refresh?.cancel();
    this.#news?.cancel();
    this.#cancelPlanned();
    this.#claims.clear();
  }

  #cancelPlanned(): void {
    for (const handle of this.#planned) handle.cancel();
    this.#planned.clear();
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
        this.checkAll({ withinMs: 0, refreshes: true });
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
  #isNobody({ owner, node }: Taken): boolean {
    const { self, address } = this.#options;
    if (owner === null) return true;
    const { ip, port } = address();
    return nameOf(node) === nameOf(self) && owner.ip === ip && owner.port === port;
  }

  #localEpoch({ key, epoch }: OwnClaim): number {
    const { timers, view } = this.#options;
    return Math.max(epoch + 1, view.epochOf(key) + 1, Math.round(timers.wallMs()));
  }

  /** The answer; null if there is none in time. */
  async #put(claim: OwnClaim, mode: ClaimMode): Promise<Answer | null> {
    const { access, keys, self, engine } = this.#options;
    const args = [self, mode, String(STREAM_TTL_MS), keys.nodes, keys.mailboxes, String(claim.epoch)];
    const onLate = (reply: EngineReply) => this.#onLate(claim, readAnswer(reply, engine));
    try {
      const reply = await access.run(claimScript, [keys.stream(claim.key), keys.floor], args, { onLate });
      return readAnswer(reply, engine);
    } catch {
      return null;
    }
  }

  /** The claim was made without the engine, and now it answers. */
  #onLate(claim: OwnClaim, answer: Answer | null): void {
    if (answer === null) return;
    if (this.#isCurrent(claim)) {
      if ("taken" in answer && answer.owner !== null) this.#lose(claim, answer.owner);
      else void this.#checkNow([claim], false);
    } else if ("epoch" in answer && !this.#claims.has(claim.key)) void this.#release([claim.key]);
  }

  /** Claims again what the engine has not, or all. What fails is tried again after a renewal of the lease. */
  async #checkNow(claims: readonly OwnClaim[], refreshes: boolean): Promise<void> {
    for (let at = 0; at < claims.length; at += BATCH) {
      const batch = claims.slice(at, at + BATCH).filter((claim) => this.#isCurrent(claim));
      try {
        await this.#hold(refreshes ? batch : await this.#missing(batch));
      } catch {
        for (const claim of batch) claim.isOpen = true;
      }
    }
  }

  async #missing(claims: readonly OwnClaim[]): Promise<readonly OwnClaim[]> {
    if (claims.length === 0) return [];
    const { access, keys } = this.#options;
    const reply = await access.callUntracked(["MGET", ...claims.map(({ key }) => keys.stream(key))]);
    const values = Array.isArray(reply) ? reply : [];
    return claims.filter((claim, at) => {
      const text = values[at];
      claim.isOpen = !this.#isIn(claim, typeof text === "string" ? parseStreamRecord(text) : null);
      return claim.isOpen && this.#isCurrent(claim);
    });
  }

  #isIn(claim: OwnClaim, record: StreamRecord | null): boolean {
    return record?.node === this.#options.self && record.epoch === claim.epoch;
  }

  async #hold(claims: readonly OwnClaim[]): Promise<void> {
    if (claims.length === 0) return;
    const { access, keys, self, engine, view } = this.#options;
    const args = [self, String(STREAM_TTL_MS), keys.nodes, keys.mailboxes, String(MAX_AHEAD_MS)];
    const names = claims.map(({ key }) => keys.stream(key));
    const reply = await access.run(holdScript, names, [...args, ...claims.map(({ epoch }) => String(epoch))]);
    const answers = Array.isArray(reply) ? reply : [];
    claims.forEach((claim, at) => {
      const answer = readAnswer(answers[at] ?? null, engine);
      if (answer !== null && "epoch" in answer) {
        claim.epoch = answer.epoch;
        claim.isOpen = false;
      } else if (answer !== null && this.#isCurrent(claim)) this.#lose(claim, answer.owner);
    });
    view.onOwnWrite(claims.map(({ key }) => key));
  }

  #lose(claim: OwnClaim, owner: Owner | null): void {
    this.#claims.delete(claim.key);
    const where = owner === null ? "another server" : `origin ${owner.ip}:${owner.port}`;
    claim.onLost(`${where} has a newer publisher of ${claim.key}`);
  }

  async #release(streams: readonly string[]): Promise<void> {
    const { access, keys, self, view } = this.#options;
    try {
      await access.run(releaseScript, [keys.floor, ...streams.map((key) => keys.stream(key))], [self]);
      view.onOwnWrite(streams);
    } catch {
      // Those that are too many end with their keys.
      const left = streams.filter((key) => !this.#claims.has(key)).slice(0, MAX_UNRELEASED - this.#unreleased.size);
      for (const key of left) this.#unreleased.add(key);
    }
  }
}

/** What a script says of one stream. */
type Answer = { readonly epoch: number } | Taken;

interface Taken {
  readonly taken: true;
  /** Id of the owner's node. */
  readonly node: string;
  /** Null if its lease cannot be read. */
  readonly owner: Owner | null;
}

function readAnswer(reply: EngineReply, engine: string): Answer | null {
  const [isOwn, text, lease] = Array.isArray(reply) ? reply : [];
  if (isOwn === 1) return { epoch: Number(text) };
  if (isOwn !== 0) return null;
  const record = typeof text === "string" ? parseStreamRecord(text) : null;
  const node = typeof lease === "string" ? parseNodeRecord(lease) : null;
  return {
    taken: true,
    node: record?.node ?? "",
    owner: record === null || node === null ? null : ownerOf(record, node, engine),
  };
}
