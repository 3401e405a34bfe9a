import type { Timers, WallClock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Fetch } from "../../base/world.ts";
import type {
  ClaimOptions,
  ClaimOutcome,
  ClusterNode,
  FindOptions,
  Owner,
  SegmentHolder,
  ServerAddress,
  StreamDirectory,
  StreamRef,
} from "../directory.ts";
import type { VhostHandle } from "../../config/mod.ts";
import type { EpochBook } from "../epoch_book.ts";
import { ownerQuery } from "../owner_query.ts";
import type { CoworkerList } from "./coworker_list.ts";
import { CoworkerClaims } from "./coworker_claims.ts";
import type { OwnerQuery } from "./coworker_question.ts";
import { type AskOptions, Coworkers } from "./coworkers.ts";
import { MeshClaim } from "./mesh_claim.ts";
import { DEAD_AFTER_MS } from "./rivals.ts";
import { findOffers, type OfferQuestion } from "./offers.ts";
import { StreamWatch } from "./stream_watch.ts";

/** What the mesh needs of its server. */
export interface MeshContext {
  readonly fetch: Fetch;
  /** As that, and leaves no trace of its own; default the same. */
  readonly quietFetch?: Fetch;
  readonly timers: Timers & WallClock;
  readonly log: Logger;
  /** Id of this server. */
  readonly instance: string;
  readonly epochs: EpochBook;
  readonly list: CoworkerList;
  /** A stream is published here, and can be found. */
  onAnnounce(key: string): void;
  /** This server is about to stop. */
  isDraining(): boolean;
  members(): readonly ClusterNode[];
}

/** Streams that nobody waits for any more, whose questions are kept for a while. */
const MAX_LINGERING = 64;

/** Where nobody is to be asked. */
const nobody: Disposable = { [Symbol.dispose]: () => {} };

/**
 * The directory that origins are to each other: each knows what it publishes itself, and asks its `coworkers` for the rest,
 * over SRS's HTTP API.
 */
export class MeshDirectory implements StreamDirectory, Disposable {
  /** The origins that are asked. */
  readonly coworkers: Coworkers;
  readonly #context: MeshContext;
  readonly #coworkerClaims: CoworkerClaims;
  /** Streams that somebody waits for, or did lately. */
  readonly #watches = new Map<string, StreamWatch>();
  /** Those that somebody waited for, in the order they were left. */
  readonly #lingering = new Map<string, StreamWatch>();
  /** Streams that are published here. */
  readonly #claims = new Map<string, MeshClaim>();
  #turn = 0;

  constructor(context: MeshContext) {
    const { fetch, quietFetch = fetch, timers, log, instance } = context;
    this.#context = context;
    this.coworkers = new Coworkers(fetch, timers, log, instance, quietFetch);
    this.#coworkerClaims = new CoworkerClaims(fetch, timers, log, instance);
  }

  covers(vhost: VhostHandle): boolean {
    const { mode, originCluster } = vhost.now.cluster;
    return mode === "local" && originCluster;
  }

  find(stream: StreamRef, options: FindOptions = {}): Promise<readonly Owner[]> {
    return this.#find(stream, options, {});
  }

  async #find(
    stream: StreamRef,
    options: FindOptions,
    silence: Pick<AskOptions, "onSilent">,
  ): Promise<readonly Owner[]> {
    const { fresh = false, isWanted, trace = null } = options;
    if (!hasCoworkers(stream)) return [];
    await this.#ready(stream);
    const query = { ...this.#query(stream, trace), ...(isWanted === undefined ? {} : { isWanted }) };
    return this.#rank(await this.coworkers.findOwners(query, { fresh, ...silence }));
  }

  watch(
    stream: StreamRef,
    onOwners: (owners: readonly Owner[]) => void,
    options: FindOptions = {},
  ): Disposable {
    // Who has no coworkers now may get some by a reload.
    if (!this.covers(stream.vhost)) return nobody;
    const { key } = stream.url;
    const found = this.#watches.get(key);
    if (found !== undefined) return found.add(onOwners, options);
    const { timers } = this.#context;
    const watch: StreamWatch = new StreamWatch({
      coworkers: this.coworkers,
      timers,
      query: () => this.#query(stream),
      ready: () => this.#ready(stream),
      rank: (owners) => this.#rank(owners),
      onUnwatched: () => this.#linger(key, watch),
      onIdle: () => this.#forget(key, watch),
    });
    this.#watches.set(key, watch);
    return watch.add(onOwners, options);
  }

  async claim(stream: StreamRef, options: ClaimOptions): Promise<ClaimOutcome> {
    const isAsked = hasCoworkers(stream);
    const { trace = null } = options;
    let isUnheard = false;
    const owners = isAsked
      ? await this.#find(stream, { fresh: true, trace }, { onSilent: () => isUnheard = true })
      : [];
    const alive = owners.find(({ silentMs, isDraining }) => silentMs < DEAD_AFTER_MS && !isDraining);
    if (alive !== undefined && options.mode() === "first") return { takenBy: alive };
    const { epochs, timers } = this.#context;
    const { key } = stream.url;
    const { minEpoch = 0, sinceMs: cameMs = Math.round(timers.wallMs()) } = options;
    const highest = owners.reduce((most, { epoch = 0 }) => Math.max(most, epoch), minEpoch - 1);
    const claim: MeshClaim = new MeshClaim(
      {
        ...this.#context,
        find: (asked) => this.find(asked, { fresh: true }),
        query: (asked) => this.#query(asked),
        claims: this.#coworkerClaims,
      },
      stream,
      {
        ...options,
        // The other one was there first, whatever the clocks of the two origins say.
        sinceMs: owners.reduce((ms, { sinceMs = 0 }) => Math.max(ms, sinceMs + 1), cameMs),
        epoch: isAsked ? epochs.next(key, highest) : minEpoch,
        owner: alive ?? owners[0] ?? null,
        isUnheard,
        onAnnounce: () => {
          this.#claims.set(key, claim);
          this.#context.onAnnounce(key);
        },
        onEnd: () => {
          if (this.#claims.get(key) === claim) this.#claims.delete(key);
        },
      },
    );
    return { claim };
  }

  recheck({ url: { key } }: StreamRef, epoch: number): void {
    void this.#claims.get(key)?.recheck(epoch);
  }

  unasked({ vhost }: StreamRef): string {
    return this.coworkers.refusals(this.#context.list.addresses(vhost.now.cluster.coworkers));
  }

  async standIns(stream: StreamRef): Promise<readonly ServerAddress[]> {
    await this.#ready(stream);
    return await this.#findOffers(stream, { parameter: "stand_in=1", read: ({ standIn }) => standIn });
  }

  async segmentHolders(stream: StreamRef): Promise<readonly SegmentHolder[]> {
    if (!hasCoworkers(stream)) return [];
    await this.#ready(stream);
    return await this.#findOffers(stream, {
      parameter: "segments=1",
      read: ({ segments }, coworker) => segments === null ? null : { ...segments, host: hostOf(coworker) },
    });
  }

  members(): readonly ClusterNode[] {
    return this.#context.members();
  }

  /** The publish of a stream here, as coworkers are told; undefined while there is none. */
  published(key: string): { readonly sinceMs: number; readonly epoch: number; silentMs(): number } | undefined {
    return this.#claims.get(key);
  }

  /**
   * A coworker says that its publisher is to have the stream: it is asked back whether it has one at all. What decides is
   * its answer, so that nobody but a configured coworker can end a publisher here.
   *
   * @param instance Id of the coworker, as it says.
   */
  async onRivalClaim(stream: StreamRef, instance: string): Promise<void> {
    const claim = this.#claims.get(stream.url.key);
    if (claim === undefined) return;
    const owner = await this.#coworkerClaims.confirm(this.#query(stream), instance);
    if (owner !== null) return void claim.giveWay(owner);
    this.#context.log.warn(
      `publish ${stream.url.key}: an origin claims the stream, but no coworker confirms it`,
    );
  }

  /** The lists of coworkers may have changed: those who wait ask the new ones at once. */
  onListChange(): void {
    for (const watch of this.#watches.values()) watch.checkList();
  }

  /** This server stood still for a while: others may have taken over what it publishes. Settles when that is known. */
  async checkClaims(): Promise<void> {
    await Promise.all(Array.from(this.#claims.values(), (claim) => claim.check()));
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
    this.#watches.clear();
  }

  /** Whoever is refused comes back, but made-up names must not pile up: the one that was left first is forgotten. */
  #linger(key: string, watch: StreamWatch): void {
    if (this.#watches.get(key) !== watch) return;
    this.#lingering.delete(key);
    this.#lingering.set(key, watch);
    if (this.#lingering.size <= MAX_LINGERING) return;
    const [[oldest, other] = []] = this.#lingering;
    if (oldest === undefined || other === undefined) return;
    this.#lingering.delete(oldest);
    if (!other.isWatched) this.#forget(oldest, other);
  }

  #forget(key: string, watch: StreamWatch): void {
    watch[Symbol.dispose]();
    if (this.#watches.get(key) === watch) this.#watches.delete(key);
    if (this.#lingering.get(key) === watch) this.#lingering.delete(key);
  }

  #findOffers<Offer>(stream: StreamRef, question: OfferQuestion<Offer>): Promise<readonly Offer[]> {
    return findOffers(this.#context.fetch, this.#context.timers, this.#query(stream), question);
  }

  #ready({ vhost }: StreamRef): Promise<void> {
    return this.#context.list.ready(vhost.now.cluster.coworkers);
  }

  #query(stream: StreamRef, trace: FindOptions["trace"] = null): OwnerQuery {
    return ownerQuery(stream, this.#context.list.addresses(stream.vhost.now.cluster.coworkers), trace);
  }

  /**
   * The newest publish alone, where servers tell: what it has replaced is about to end. Those that are equal take turns: one of them may be wrong, and who was sent there comes again. One that
   * is about to stop comes last.
   */
  #rank(owners: readonly Owner[]): readonly Owner[] {
    const newest = owners.reduce((highest, { epoch = 0 }) => Math.max(highest, epoch), 0);
    const current = owners.filter(({ epoch = newest }) => epoch === newest);
    const at = current.length === 0 ? 0 : this.#turn++ % current.length;
    const turned = [...current.slice(at), ...current.slice(0, at)];
    const leaves = ({ isDraining }: Owner) => (isDraining ? 1 : 0);
    return turned.toSorted((a, b) => leaves(a) - leaves(b));
  }
}

/** Host of `host:port`. */
function hostOf(coworker: string): string {
  return coworker.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function hasCoworkers({ vhost }: StreamRef): boolean {
  const { mode, originCluster, coworkers } = vhost.now.cluster;
  return mode === "local" && originCluster && coworkers.length > 0;
}
