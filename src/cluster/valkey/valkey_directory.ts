import type { Logger } from "../../base/log.ts";
import { TimerScope } from "../../base/timer_scope.ts";
import type { World } from "../../base/world.ts";
import { askedVhost, type Config, type EngineUrl } from "../../config/mod.ts";
import { streamKey } from "../../rtmp/url.ts";
import type {
  Claim,
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
import { CALL_TIMEOUT_MS, EngineAccess, type EngineHealth } from "./engine_access.ts";
import { EngineView } from "./engine_view.ts";
import { bootOf, EngineKeys, nodeId } from "./keys.ts";
import { MemberList } from "./member_list.ts";
import type { NodeRecord } from "./node_record.ts";
import { OtherRegionsWatch } from "./other_regions.ts";
import { OwnClaims } from "./own_claims.ts";
import { OwnLease } from "./own_lease.ts";

const noClaim: Claim = { epoch: 0, announce: () => {}, [Symbol.dispose]: () => {} };

/** Options of {@link ValkeyDirectory}. */
export interface ValkeyDirectoryOptions {
  readonly world: Pick<World, "openEngine" | "random" | "nowMs" | "wallMs" | "after">;
  readonly log: Logger;
  readonly config: Omit<Config["directory"], "enabled" | "url"> & { readonly url: EngineUrl };
  /** Authorities, PEM, that are trusted besides the public ones. */
  readonly caCerts: () => readonly string[];
  /** Name of this server, which stays the same over restarts. */
  readonly name: string;
  /** Id of this start of it. */
  readonly instance: string;
  /** What the others are told of this server; asked for at each renewal of its lease. */
  readonly facts: () => Omit<NodeRecord, "region">;
  /** Whether a server that has a lease has ended without a word; by default that is not looked for. */
  readonly isGone?: (server: ServerAddress) => Promise<boolean>;
}

/**
 * The directory in an engine, Valkey or Redis. Each server has a lease there, and a key for each of its streams, which
 * counts as long as the lease of that start of the server lives: a crowd of streams costs nothing to keep, and ends with
 * its server.
 *
 * The engine may die: nothing waits longer than 200 ms for it, known streams are served from memory, publishers are let in.
 */
export class ValkeyDirectory implements StreamDirectory, Disposable {
  readonly #options: ValkeyDirectoryOptions;
  readonly #timers: TimerScope;
  readonly #node: string;
  readonly #own: { readonly access: EngineAccess; readonly view: EngineView };
  readonly #peers: readonly { readonly access: EngineAccess; readonly view: EngineView }[];
  readonly #claims: OwnClaims;
  readonly #lease: OwnLease;
  readonly #members: MemberList;
  readonly #startedMs: number;
  /** When the engine came back last, or lost everything. */
  #lostMs = -Infinity;
  #wasUp = false;
  /** How many servers there are, as last told. */
  #nodes = 1;
  /** The next renewal of the lease finds out what the engine has still. */
  #isToCheck = true;

  /** {@link start} is next. */
  constructor(options: ValkeyDirectoryOptions) {
    this.#options = options;
    const { world, config: { url, peers, keyPrefix, nodeTtlMs }, log } = options;
    this.#timers = new TimerScope(world);
    this.#startedMs = world.wallMs();
    this.#node = nodeId(options.name, options.instance);
    const keys = new EngineKeys(keyPrefix);
    this.#own = this.#connect(url, keys, true);
    this.#peers = peers.map((peer) => this.#connect(peer, keys, false));
    const shared = {
      ...this.#own,
      timers: this.#timers,
      random: () => world.random(),
      log,
      keys,
      self: this.#node,
      nodeTtlMs,
      engine: url.text,
      address: () => options.facts().rtmp,
    };
    this.#claims = new OwnClaims(shared);
    this.#lease = new OwnLease({
      ...shared,
      record: () => this.#record(),
      onRenewed: (wasThere) => this.#onRenewed(wasThere),
      onCount: (nodes) => this.#nodes = nodes,
    });
    this.#members = new MemberList(shared);
  }

  /** Connects, and tells of this server. */
  start(): void {
    for (const { access } of [this.#own, ...this.#peers]) access.start();
    this.#lease.start();
    this.#claims.start();
    this.#members.start(() => this.#nodes);
  }

  covers(): boolean {
    return true;
  }

  find(stream: StreamRef, { fresh = false }: FindOptions = {}): Promise<readonly Owner[]> {
    const key = askedKey(stream);
    const known = fresh ? null : this.#findNow(key);
    return known === null ? this.#ask(key, fresh) : Promise.resolve(known);
  }

  watch(stream: StreamRef, onOwners: (owners: readonly Owner[]) => void): Disposable {
    const key = askedKey(stream);
    const own = this.#own.view;
    if (this.#peers.length === 0) return own.watch(key, onOwners);
    const stack = new DisposableStack();
    stack.use(own.watch(key, onOwners));
    const views = {
      own,
      peers: this.#peers.map(({ view }) => view),
      timers: this.#timers,
      untilMs: () => this.#untilMs(),
      askPeers: () => this.#askPeers(key, false, this.#untilMs()),
    };
    stack.use(new OtherRegionsWatch(views, key, onOwners));
    return stack;
  }

  async claim({ vhost, url: { key } }: StreamRef, options: ClaimOptions): Promise<ClaimOutcome> {
    // An edge hands on to an origin what is published at it: the stream is that one's.
    if (vhost.now.cluster.mode === "remote") return { claim: noClaim };
    const outcome = await this.#claim(key, options);
    if (!("takenBy" in outcome) || await this.#options.isGone?.(outcome.takenBy) !== true) return outcome;
    // Its lease would count for some seconds yet, and its publisher is at the door.
    return await this.#claim(key, { ...options, mode: () => "takeover" });
  }

  async #claim(key: string, options: ClaimOptions): Promise<ClaimOutcome> {
    const elsewhere = this.#askPeers(key, false, this.#untilMs());
    if (options.mode() === "takeover") {
      // Servers of other regions are not told, but an edge that has seen both is to know the newer one.
      const highest = (await elsewhere).reduce((most, { epoch = 0 }) => Math.max(most, epoch), 0);
      return await this.#claims.claim(key, { ...options, minEpoch: Math.max(options.minEpoch ?? 0, highest + 1) });
    }
    const outcome = await this.#claims.claim(key, options);
    const [owner] = await elsewhere;
    if (owner === undefined || "takenBy" in outcome) return outcome;
    outcome.claim[Symbol.dispose]();
    return { takenBy: owner };
  }

  recheck({ url: { key } }: StreamRef, epoch: number): void {
    this.#claims.recheck(key, epoch);
  }

  unasked(): string {
    const { problem, engine } = this.#own.access.health();
    return problem === "" ? "" : `the directory ${engine} fails: ${problem}`;
  }

  standIns(): Promise<readonly ServerAddress[]> {
    return Promise.resolve(this.#members.origins());
  }

  /** It knows who publishes, not who has what was published. */
  segmentHolders(): Promise<readonly SegmentHolder[]> {
    return Promise.resolve([]);
  }

  members(): readonly ClusterNode[] {
    const { isDraining, startedMs, api, role, software, load } = this.#options.facts();
    const self: ClusterNode = {
      id: bootOf(this.#node),
      address: api,
      role,
      software,
      state: isDraining ? "draining" : "up",
      isSelf: true,
      stateSinceMs: this.#startedMs,
      startedMs,
      load,
      problem: this.unasked(),
    };
    return [self, ...this.#members.list()];
  }

  /** How the engines are, the own one first. */
  health(): readonly EngineHealth[] {
    return [this.#own, ...this.#peers].map(({ access }) => access.health());
  }

  /** Tells the others at once what they would hear at the next renewal: that this server is about to stop. */
  announceFacts(): void {
    void this.#lease.announce();
  }

  /** Gives everything up, so that the others know at once. Waits for the engine as long as others do. */
  async stop(): Promise<void> {
    await this.#lease.end();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const { access, view } of [this.#own, ...this.#peers]) {
      access[Symbol.dispose]();
      view[Symbol.dispose]();
    }
    this.#lease[Symbol.dispose]();
    this.#claims[Symbol.dispose]();
    this.#members[Symbol.dispose]();
    this.#timers[Symbol.dispose]();
  }

  #connect(url: EngineUrl, keys: EngineKeys, isOwn: boolean): { access: EngineAccess; view: EngineView } {
    const { world, log, caCerts, config: { nodeTtlMs } } = this.#options;
    const access: EngineAccess = new EngineAccess({
      world,
      timers: this.#timers,
      log,
      url,
      caCerts,
      clientName: `srs-ts-${this.#node}`,
      needsPrimary: isOwn,
      retryMs: nodeTtlMs / 3,
    }, {
      onUp: () => isOwn ? this.#onUp() : view.onLost(),
      onChanged: (changed) => {
        if (changed === null) return isOwn ? this.#onFlush() : view.onLost();
        for (const key of changed) {
          view.onChanged(key);
          if (isOwn && key === keys.mailbox(this.#node)) this.#claims.onTaken();
        }
      },
    });
    const view: EngineView = new EngineView({
      access,
      timers: this.#timers,
      random: () => world.random(),
      keys,
      self: this.#node,
      nodeTtlMs,
      engine: url.text,
    });
    return { access, view };
  }

  #onUp(): void {
    if (this.#wasUp) this.#lostMs = this.#timers.nowMs();
    this.#wasUp = true;
    this.#onLost();
    void this.#lease.renew();
  }

  /** The next renewal of the lease tells that it is gone: each server has its own time for that. */
  #onFlush(): void {
    this.#lostMs = this.#timers.nowMs();
    this.#onLost();
  }

  /** The engine tells of no changes any more, and may have lost everything. */
  #onLost(): void {
    this.#isToCheck = true;
    this.#own.view.onLost();
    this.#lease.onLost();
    this.#claims.onLost();
  }

  #onRenewed(wasThere: boolean): void {
    // While all servers come back, each takes its time. One that was away alone is to count again at once.
    const isAlone = this.#timers.nowMs() - this.#lostMs > this.#options.config.nodeTtlMs;
    if (!wasThere) this.#claims.takeAgain(isAlone);
    else if (this.#isToCheck) this.#claims.checkAll();
    else if (isAlone) this.#claims.catchUp();
    this.#isToCheck = false;
  }

  #record(): NodeRecord {
    return { ...this.#options.facts(), region: this.#options.config.region };
  }

  #untilMs(): number {
    return this.#timers.nowMs() + CALL_TIMEOUT_MS;
  }

  /** The owners, if no engine has to be asked. */
  #findNow(key: string): readonly Owner[] | null {
    const own = this.#own.view.findNow(key);
    if (own === null || own.length > 0 || this.#peers.length === 0) return own;
    const others = this.#peers.map(({ view }) => view.findNow(key));
    return others.includes(null) ? null : byEpoch(others.flatMap((owners) => owners ?? []));
  }

  async #ask(key: string, fresh: boolean): Promise<readonly Owner[]> {
    const untilMs = this.#untilMs();
    const own = await this.#own.view.find(key, fresh, untilMs);
    return own.length > 0 ? own : await this.#askPeers(key, fresh, untilMs);
  }

  async #askPeers(key: string, fresh: boolean, untilMs: number): Promise<readonly Owner[]> {
    if (this.#peers.length === 0) return [];
    const found = await Promise.all(this.#peers.map(({ view }) => view.find(key, fresh, untilMs)));
    return byEpoch(found.flat());
  }
}

/** Name of the stream at the origins, where it is another one than at this edge. */
function askedKey({ vhost, url: { key, app, stream } }: StreamRef): string {
  const { name, cluster: { mode } } = vhost.now;
  const asked = mode === "remote" ? askedVhost(vhost.now, name) : name;
  return asked === name || asked === "" ? key : streamKey(asked, app, stream);
}

/** The newest publish first. */
function byEpoch(owners: readonly Owner[]): readonly Owner[] {
  return owners.toSorted((a, b) => (b.epoch ?? 0) - (a.epoch ?? 0));
}
