import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { EngineReply } from "../../base/engine.ts";
import type { Owner } from "../directory.ts";
import { DeadlineQueue } from "./deadline_queue.ts";
import { CALL_TIMEOUT_MS, type EngineAccess } from "./engine_access.ts";
import { type EngineKeys, parseStreamRecord, type StreamRecord } from "./keys.ts";
import { NodeCache } from "./node_cache.ts";
import { ownerOf } from "./node_record.ts";
import { batchesOf, PacedJobs } from "./paced_jobs.ts";
import { type KnownStream, StreamCache, type StreamWatcher } from "./stream_cache.ts";

/** What an engine has told counts for this long, though it tells of changes. */
const MAX_AGE_MS = 60_000;
/** Streams that were asked for within this time are asked for again when they change. */
const USED_WITHIN_MS = 600_000;
/** Least time between two questions for one stream that others change. */
const RECHECK_MS = 20;
/** How often watched streams are looked through for those that are too old. */
const SWEEP_MS = 5000;
/** Watched streams that are asked for in one call. */
const BATCH = 256;
/** After a new connection and a flush, what was known counts for so many leases, though the engine knows it no longer. */
const DOUBT_LEASES = 5;

/** Options of {@link EngineView}. */
export interface EngineViewOptions {
  readonly access: EngineAccess;
  readonly timers: Timers;
  readonly random: () => number;
  readonly keys: EngineKeys;
  /** Id of this server's node: its streams are not told. */
  readonly self: string;
  /** How long a node's lease lives. */
  readonly nodeTtlMs: number;
  /** URL of the engine, as it may be shown. */
  readonly engine: string;
}

/**
 * What one engine knows of streams, as far as it was asked: the engine tells of changes, so that most questions need no
 * way to it. What is known is served as long as the engine does not answer, and a while after it has lost its memory.
 */
export class EngineView implements Disposable {
  readonly #options: EngineViewOptions;
  readonly #streams = new StreamCache();
  readonly #nodes: NodeCache;
  readonly #deadlines: DeadlineQueue;
  /** Streams that somebody waits for. */
  readonly #watched = new Set<KnownStream>();
  #sweep: TimerHandle | null = null;
  /** What there is to ask after an outage. */
  readonly #recovery: PacedJobs;
  /** Another one for each connection and flush: what was read before is tracked no longer. */
  #generation = 0;
  #doubtUntilMs = 0;

  constructor(options: EngineViewOptions) {
    this.#options = options;
    this.#nodes = new NodeCache(options);
    this.#recovery = new PacedJobs(options.timers, options.random);
    this.#deadlines = new DeadlineQueue(options.timers, CALL_TIMEOUT_MS);
  }

  /** The owners, if there is no need to ask; null if there is. */
  findNow(key: string): readonly Owner[] | null {
    const entry = this.#streams.get(key);
    if (entry === undefined || !this.#isFresh(entry)) return null;
    entry.usedMs = this.#options.timers.nowMs();
    const record = this.#recordOf(entry);
    if (record !== null && !this.#nodes.isFresh(record.node)) return null;
    return this.#ownersOf(entry);
  }

  /**
   * The owners, none if nobody is known. Waits until `untilMs` at most. Never rejects.
   *
   * @param fresh Whether to ask though the answer is known.
   */
  async find(key: string, fresh: boolean, untilMs: number): Promise<readonly Owner[]> {
    const entry = this.#streams.open(key);
    const { timers } = this.#options;
    const nowMs = entry.usedMs = timers.nowMs();
    const late = Promise.withResolvers<void>();
    const leftMs = untilMs - nowMs;
    const timer = leftMs < CALL_TIMEOUT_MS
      ? timers.after(Math.max(0, leftMs), late.resolve)
      : this.#deadlines.add(late.resolve);
    await Promise.race([this.#learn(entry, fresh), late.promise]);
    timer.cancel();
    return this.#ownersOf(entry);
  }

  /** Tells of owners, also of those that are known already, until it is disposed of. */
  watch(key: string, onOwners: (owners: readonly Owner[]) => void): Disposable {
    const entry = this.#streams.open(key);
    const watcher: StreamWatcher = { onOwners, told: "" };
    entry.watchers.add(watcher);
    this.#watched.add(entry);
    void this.#recheck(entry);
    this.#sweep ??= this.#options.timers.after(SWEEP_MS, () => this.#sweepWatched());
    return {
      [Symbol.dispose]: () => {
        entry.watchers.delete(watcher);
        if (entry.watchers.size === 0) this.#watched.delete(entry);
      },
    };
  }

  /** The highest epoch known of a stream; 0 if none is. */
  epochOf(key: string): number {
    const entry = this.#streams.get(key);
    return entry?.record?.epoch ?? entry?.known?.epoch ?? 0;
  }

  /** There is a new connection, or the engine has lost everything. */
  onLost(): void {
    this.#generation++;
    const { timers, nodeTtlMs } = this.#options;
    this.#doubtUntilMs = timers.nowMs() + DOUBT_LEASES * nodeTtlMs;
    this.#nodes.onLost(this.#doubtUntilMs);
    // One call for each renewal of the lease, as claims are made again; all of them while what was known still counts.
    const jobs = batchesOf([...this.#watched], BATCH).map((some) => () => this.#recheckAll(some));
    const paceMs = Math.min(DOUBT_LEASES * nodeTtlMs, jobs.length * nodeTtlMs / 3);
    this.#recovery.start(jobs, Math.max(nodeTtlMs, paceMs));
  }

  /** Somebody else has changed a key. */
  onChanged(key: string): void {
    const { keys } = this.#options;
    const node = keys.nodeOfBell(key);
    if (node !== null) return this.#nodes.onBell(node);
    const stream = keys.streamOf(key);
    const entry = stream === null ? undefined : this.#streams.get(stream);
    if (entry === undefined || !entry.isTracked) return;
    entry.isTracked = false;
    if (entry.record !== null) this.#nodes.doubt(entry.record.node);
    const { timers, random } = this.#options;
    const nowMs = timers.nowMs();
    if (entry.watchers.size > 0) {
      const waitMs = entry.checkedMs + RECHECK_MS - nowMs;
      if (waitMs <= 0) void this.#recheck(entry);
      else timers.after(waitMs, () => void this.#recheck(entry));
    } else if (entry.record !== null && nowMs - entry.usedMs < USED_WITHIN_MS) {
      // Should the engine die, what is known is to be true.
      timers.after(random() * 1000, () => entry.isTracked ? undefined : void this.#ask(entry));
    }
  }

  /** This server has changed keys itself, of which the engine does not tell it. */
  onOwnWrite(keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#streams.get(key);
      if (entry === undefined) continue;
      entry.isTracked = false;
      void this.#recheck(entry);
    }
  }

  [Symbol.dispose](): void {
    this.#sweep?.cancel();
    this.#recovery[Symbol.dispose]();
    this.#nodes[Symbol.dispose]();
  }

  #isFresh(entry: KnownStream): boolean {
    return entry.isTracked && entry.generation === this.#generation &&
      this.#options.timers.nowMs() - entry.checkedMs <= MAX_AGE_MS;
  }

  /** Whether an engine that knows nothing is not to be believed. */
  get #isInDoubt(): boolean {
    return !this.#options.access.isUp || this.#options.timers.nowMs() < this.#doubtUntilMs;
  }

  /** What counts of a stream. */
  #recordOf(entry: KnownStream): StreamRecord | null {
    return entry.record ?? (this.#isInDoubt ? entry.known : null);
  }

  #ownersOf(entry: KnownStream): readonly Owner[] {
    const record = this.#recordOf(entry);
    if (record === null || record.node === this.#options.self) return [];
    const node = this.#nodes.get(record.node, this.#isInDoubt);
    if (node === null) return [];
    return [ownerOf(record, node, this.#options.engine)];
  }

  /** Asks, and tells those that watch. */
  async #recheck(entry: KnownStream): Promise<void> {
    if (entry.watchers.size === 0) return;
    await this.#learn(entry, false);
    this.#tell(entry);
  }

  /** The same for many, in a few calls. Never rejects. */
  async #recheckAll(entries: readonly KnownStream[]): Promise<void> {
    const watched = entries.filter(({ watchers }) => watchers.size > 0);
    await this.#askAll(watched.filter((entry) => !this.#isFresh(entry)));
    const nodes = new Set(watched.flatMap((entry) => this.#recordOf(entry)?.node ?? []));
    await this.#nodes.askAll([...nodes].filter((node) => !this.#nodes.isFresh(node)));
    for (const entry of watched) this.#tell(entry);
  }

  #tell(entry: KnownStream): void {
    const owners = this.#ownersOf(entry);
    const text = owners.map(({ epoch, instance }) => `${epoch} ${instance}`).join();
    for (const watcher of [...entry.watchers]) {
      if (watcher.told === text || !entry.watchers.has(watcher)) continue;
      watcher.told = text;
      if (owners.length > 0) watcher.onOwners(owners);
    }
  }

  /** However many want to know, the engine has one question of a stream. Never rejects. */
  #ask(entry: KnownStream): Promise<void> {
    return entry.asking ??= this.#put(entry).finally(() => entry.asking = null);
  }

  async #put(entry: KnownStream): Promise<void> {
    this.#track(entry);
    const onLate = (reply: EngineReply) => this.#note(entry, reply);
    try {
      this.#note(entry, await this.#options.access.call(["GET", this.#options.keys.stream(entry.key)], { onLate }));
    } catch {
      // What was known stays known.
      entry.isTracked = false;
    }
  }

  async #askAll(entries: readonly KnownStream[]): Promise<void> {
    const open = entries.filter(({ asking }) => asking === null);
    const put = this.#putAll(open);
    for (const entry of open) entry.asking = put.finally(() => entry.asking = null);
    await Promise.all(entries.map(({ asking }) => asking));
  }

  async #putAll(entries: readonly KnownStream[]): Promise<void> {
    if (entries.length === 0) return;
    for (const entry of entries) this.#track(entry);
    const { access, keys } = this.#options;
    const onReply = (reply: EngineReply) => {
      const values = Array.isArray(reply) ? reply : [];
      entries.forEach((entry, at) => this.#note(entry, values[at] ?? null));
    };
    try {
      onReply(await access.call(["MGET", ...entries.map(({ key }) => keys.stream(key))], { onLate: onReply }));
    } catch {
      for (const entry of entries) entry.isTracked = false;
    }
  }

  /** Before the question: word of a change may come sooner than its answer is looked at. */
  #track(entry: KnownStream): void {
    entry.isTracked = true;
    entry.generation = this.#generation;
  }

  #note(entry: KnownStream, reply: EngineReply): void {
    const record = typeof reply === "string" ? parseStreamRecord(reply) : null;
    entry.checkedMs = this.#options.timers.nowMs();
    entry.record = record;
    // Any other text is word that nobody has it.
    if (typeof reply === "string") entry.knownIn = this.#generation;
    if (record !== null || entry.knownIn === this.#generation || !this.#isInDoubt) entry.known = record;
    this.#streams.settle(entry);
    // It has changed since.
    if (!entry.isTracked && entry.watchers.size > 0) {
      this.#options.timers.after(RECHECK_MS, () => void this.#recheck(entry));
    }
  }

  #sweepWatched(): void {
    const { timers } = this.#options;
    const old = [...this.#watched].filter((entry) =>
      !this.#isFresh(entry) && timers.nowMs() - entry.checkedMs > MAX_AGE_MS
    );
    for (const some of batchesOf(old, BATCH)) void this.#recheckAll(some);
    this.#sweep = this.#watched.size === 0 ? null : timers.after(SWEEP_MS, () => this.#sweepWatched());
  }

  /** Asks for what is not known, or for all of it. Never rejects. */
  async #learn(entry: KnownStream, all: boolean): Promise<void> {
    if (all || !this.#isFresh(entry)) await this.#ask(entry);
    const record = this.#recordOf(entry);
    if (record !== null && (all || !this.#nodes.isFresh(record.node))) await this.#nodes.ask(record.node);
  }
}
