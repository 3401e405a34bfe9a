import type { Timers } from "../base/clock.ts";
import { TimerScope } from "../base/timer_scope.ts";
import type { Logger } from "../base/log.ts";
import type { Tracer } from "../base/trace.ts";
import type { FreshFetch, World } from "../base/world.ts";
import { BothDirectory } from "../cluster/both_directory.ts";
import { configuredCoworkers } from "../cluster/health/coworker_apis.ts";
import type { StreamDirectory } from "../cluster/directory.ts";
import { EpochBook } from "../cluster/epoch_book.ts";
import { CoworkerList } from "../cluster/mesh/coworker_list.ts";
import { HeldQuestions } from "../cluster/mesh/held_questions.ts";
import { MeshDirectory } from "../cluster/mesh/mesh_directory.ts";
import { openDirectory } from "../cluster/valkey/open_directory.ts";
import type { ValkeyDirectory } from "../cluster/valkey/valkey_directory.ts";
import { type Config, defaultVhostName, findVhost } from "../config/mod.ts";
import { quietFetch } from "../upstream/client/plain_fetch.ts";
import { PullRegistry } from "../upstream/pull/pull_registry.ts";
import { networkOf } from "../net/network.ts";
import { systemWorld } from "../net/system_world.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { SourceManager } from "../stream/source_manager.ts";
import { loadAuthorities } from "./tls_authorities.ts";
import { ClientLog } from "./client_log.ts";
import { ClientRegistry } from "./client_registry.ts";
import { ConnectionLimits } from "./access/connection_limits.ts";
import type { ServerContext } from "./context.ts";
import { Drain } from "./drain.ts";
import { Chronicle } from "./health/chronicle.ts";
import { ClusterHealth } from "./health/cluster_health.ts";
import { isGone } from "./health/is_gone.ts";
import { nodeRecordOf } from "./health/node_record.ts";
import { Heartbeat } from "./heartbeat.ts";
import { FetchBudget } from "./hls/fetch_budget.ts";
import { HlsHub } from "./hls/hls_hub.ts";
import { SeenPublishes } from "./record/recording_run.ts";
import { DiscontinuityBook } from "./hls/discontinuity_book.ts";
import { SegmentTickets } from "./hls/segment_tickets.ts";
import { Hooks } from "./hooks/hooks.ts";
import { type Identity, newEntityId, randomId, SERVER_NAME, srsIdentity } from "./identity.ts";
import { Members } from "./access/members.ts";
import { ForwardBook } from "./publish/forward_book.ts";
import { Publishers } from "./publish/publishers.ts";
import { playPathHeader, playPathMember, relayMember } from "./play/play_path.ts";
import { Recorder } from "./record/recorder.ts";
import { RtmpServer } from "./rtmp/rtmp_server.ts";
import { changeableSourceOptions } from "./source_options.ts";
import { StandstillWatch } from "./standstill_watch.ts";
import { WaitingPlays } from "./play/waiting_plays.ts";

/** What hooks may take to be told of the clients that a stop has ended. */
const HOOKS_STOP_MS = 2000;
/** Segments that are fetched from other servers at one moment, and their bytes. */
const MAX_FETCHES = 32;
const MAX_FETCHED_BYTES = 100_000_000;

/** Options of {@link Server}. */
export interface ServerOptions {
  /** Where the configuration has no `server_id`; by default a random one. */
  serverId?: string;
  /** By default the world of the running process. */
  world?: World;
  /** By default nothing is traced. */
  tracer?: Tracer | null;
}

/** One origin or edge, without its HTTP side: everything that one process shares, put together. */
export class Server implements ServerContext {
  readonly identity: Identity;
  readonly world: World;
  /** They end with the server. */
  readonly timers: Timers;
  readonly log: Logger;
  readonly sources: SourceManager;
  readonly hooks: Hooks;
  readonly registry: ClientRegistry;
  readonly directory: StreamDirectory;
  /** The part of it that is in an engine; null where the configuration has none. */
  readonly engine: ValkeyDirectory | null;
  /** The part of it that coworkers speak to. */
  readonly mesh: MeshDirectory;
  readonly epochs: EpochBook;
  readonly coworkerList: CoworkerList;
  /** What coworkers wait for. */
  readonly heldQuestions: HeldQuestions;
  readonly pulls: PullRegistry;
  readonly publishers = new Publishers();
  readonly forwards: ForwardBook;
  readonly waitingPlays = new WaitingPlays();
  readonly members: Members;
  readonly drain: Drain;
  readonly limits: ConnectionLimits;
  readonly segmentTickets: SegmentTickets;
  readonly discontinuities: DiscontinuityBook;
  readonly seenPublishes: SeenPublishes;
  readonly fetchBudget: FetchBudget;
  readonly hls: HlsHub;
  readonly rtmp: RtmpServer;
  readonly recorder: Recorder;
  readonly heartbeat: Heartbeat;
  readonly health: ClusterHealth;
  readonly chronicle: Chronicle;
  readonly tracer: Tracer | null;
  readonly startedMs: number;
  #hlsSecret: Uint8Array | null = null;
  readonly #timers: TimerScope;
  readonly #clientLog: ClientLog;
  readonly #hookFetch: FreshFetch;
  #standstill: StandstillWatch | null = null;
  #config: Config;
  #authorities: readonly string[];

  constructor(config: Config, log: Logger, options: ServerOptions = {}) {
    const { world = systemWorld, serverId = newEntityId(world), tracer = null } = options;
    this.world = world;
    this.timers = this.#timers = new TimerScope(world);
    this.startedMs = world.nowMs();
    this.#config = config;
    this.log = log;
    this.tracer = tracer;
    this.identity = {
      serverId: config.serverId === "" ? serverId : config.serverId,
      serviceId: randomId(world, 8),
      pid: world.process.pid,
    };
    this.sources = new SourceManager(this.timers, world.logMemory);
    this.registry = new ClientRegistry(() => newEntityId(world), (url) => this.#pulledBytes(url));
    this.forwards = new ForwardBook(world);
    this.coworkerList = new CoworkerList({
      timers: this.timers,
      log,
      world,
      nameServer: () => this.#config.resolver,
      onChange: () => this.mesh.onListChange(),
    });
    this.members = new Members(world, (listed) => this.coworkerList.hosts(listed));
    this.#hookFetch = world.freshFetch(() => this.#authorities);
    this.hooks = new Hooks({ fetch: this.#hookFetch.fetch, timers: this.timers, identity: this.identity });
    this.epochs = new EpochBook(this.#timers);
    this.discontinuities = new DiscontinuityBook(world);
    this.seenPublishes = new SeenPublishes(() => world.nowMs());
    this.heldQuestions = new HeldQuestions(this.#timers);
    this.mesh = new MeshDirectory({
      fetch: world.fetch,
      quietFetch: quietFetch(world, tracer),
      timers: this.#timers,
      log,
      instance: this.identity.serviceId,
      epochs: this.epochs,
      list: this.coworkerList,
      onAnnounce: (key) => this.heldQuestions.wake(key),
      isDraining: () => this.drain.isOn,
      members: () => this.health.book.members(),
    });
    this.engine = openDirectory(config.directory, {
      world,
      log,
      caCerts: () => this.#authorities,
      name: this.identity.serverId,
      instance: this.identity.serviceId,
      facts: () => nodeRecordOf(this.#config, this.health.self.facts(), world.interfaces()),
      isGone: (server) => isGone(world, server),
    });
    this.directory = this.engine === null ? this.mesh : new BothDirectory(this.engine, this.mesh);
    this.#authorities = loadAuthorities(config, log);
    const apis = () => configuredCoworkers(this.#config, (listed) => this.coworkerList.found(listed));
    this.health = new ClusterHealth(this, apis);
    this.chronicle = new Chronicle(this);
    this.pulls = new PullRegistry({
      ...networkOf(world),
      reporter: this.health.reporter,
      onSwitched: (key, upstream) => this.chronicle.onSwitched(key, upstream),
      caCerts: () => this.#authorities,
      timers: this.timers,
      log,
      tracer,
      newCid: () => randomId(world, 8),
      epochs: this.epochs,
      knownDiscontinuities: (key) => this.discontinuities.of(key),
      connectArgs: (cid, via = [], isRelay = false) => ({
        ...srsIdentity(this.identity, cid, ""),
        ...playPathMember(this.identity.serviceId, via),
        ...this.health.connectMember(),
        ...(isRelay ? relayMember : {}),
      }),
      httpHeaders: (via) => [
        ["user-agent", SERVER_NAME],
        playPathHeader(this.identity.serviceId, via),
        this.health.connectHeader(),
      ],
    });
    this.drain = new Drain(this);
    this.limits = new ConnectionLimits({ clock: this.timers, log, bounds: () => this.#config });
    this.fetchBudget = new FetchBudget(MAX_FETCHES, MAX_FETCHED_BYTES);
    this.segmentTickets = new SegmentTickets(world);
    this.hls = new HlsHub(this);
    this.rtmp = new RtmpServer(this);
    this.recorder = new Recorder(this);
    this.heartbeat = new Heartbeat(this, this.#hookFetch.fetch);
    this.#clientLog = new ClientLog(this);
  }

  get config(): Config {
    return this.#config;
  }

  /**
   * Puts another configuration in force: for all that comes from now on, and for streams that run, as far as they can
   * change. Listeners are not touched.
   */
  applyConfig(config: Config): void {
    this.#config = config;
    this.#authorities = loadAuthorities(config, this.log);
    for (const source of this.sources.all()) {
      const vhostName = source.key.slice(0, source.key.indexOf("/")) || defaultVhostName;
      const vhost = config.vhosts.find(({ name }) => name === vhostName);
      // A vhost that is gone keeps its streams until their clients leave.
      if (vhost !== undefined) Object.assign(source.options, changeableSourceOptions(vhost));
    }
    this.recorder.onReload();
    this.heartbeat.onReload();
    this.mesh.onListChange();
  }

  /** What keys of HLS are made of where the configuration has no `hls_key_secret`. */
  get hlsSecret(): Uint8Array {
    return this.#hlsSecret ??= this.world.randomBytes(32);
  }

  /** Binds the RTMP listeners and begins to report. @throws {SrsError} if an address cannot be bound. */
  start(): void {
    this.hls.start();
    this.recorder.start();
    this.rtmp.start();
    this.heartbeat.start();
    this.#standstill ??= new StandstillWatch(this.#timers, (ms) => {
      this.log.warn(
        `this server stood still for ${(ms / 1000).toFixed(1)} s: looks whether others publish its streams now`,
      );
      this.hls.hold(this.mesh.checkClaims());
    });
    this.hls.beforePacket = () => this.#standstill?.look();
    this.#clientLog.start();
    this.health.start();
    this.engine?.start();
    this.chronicle.start();
  }

  /** Ends all connections and pulls. */
  async stop(): Promise<void> {
    this.heartbeat.stop();
    this.#standstill?.[Symbol.dispose]();
    this.#clientLog.stop();
    await Promise.all([this.health.stop(), this.engine?.stop()]);
    this.chronicle.stop();
    await this.rtmp.stop();
    await this.hls.stop();
    this.pulls.stop();
    await this.recorder.stop();
    await this.hooks.stop(HOOKS_STOP_MS);
    this.#hookFetch[Symbol.dispose]();
    this.sources.stop();
    this.heldQuestions[Symbol.dispose]();
    this.coworkerList[Symbol.dispose]();
    this.mesh[Symbol.dispose]();
    this.#timers[Symbol.dispose]();
  }

  /** What the pull of a stream has brought so far; 0 on an origin, where its publisher is a client. */
  #pulledBytes({ key, vhost }: StreamUrl): number {
    const isEdge = findVhost(this.#config, vhost)?.cluster.mode === "remote";
    return isEdge ? this.sources.find(key)?.stats.bytesIn ?? 0 : 0;
  }
}
