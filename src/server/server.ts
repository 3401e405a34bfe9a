import { systemTimers } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Tracer } from "../base/trace.ts";
import { Coworkers } from "../cluster/coworkers.ts";
import { type Config, defaultVhostName, findVhost } from "../config/mod.ts";
import { PullRegistry } from "../upstream/pull/pull_registry.ts";
import { systemNetwork } from "../net/network.ts";
import { listenHere, type ListenSocket } from "../net/tcp_listener.ts";
import { type ListenTls, listenTlsHere } from "../net/tls/listener.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { SourceManager } from "../stream/source_manager.ts";
import { loadAuthorities } from "./authorities.ts";
import { ClientRegistry } from "./client_registry.ts";
import { ConnectionLimits } from "./connection_limits.ts";
import type { ServerContext } from "./context.ts";
import { Drain } from "./drain.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Hooks } from "./hooks.ts";
import { FreshFetch } from "./hooks_fetch.ts";
import { type Identity, newServerId, randomId, SERVER_NAME, srsIdentity } from "./identity.ts";
import { Members } from "./members.ts";
import { Publishers } from "./publishers.ts";
import { playPathHeader, playPathMember, relayMember } from "./play_path.ts";
import { RtmpServer } from "./rtmp_server.ts";
import { changeableSourceOptions } from "./source_options.ts";
import { WaitingPlays } from "./waiting_plays.ts";

/** What hooks may take to be told of the clients that a stop has ended. */
const HOOKS_STOP_MS = 2000;

/** Options of {@link Server}. */
export interface ServerOptions {
  /** Where the configuration has no `server_id`; by default a random one. */
  serverId?: string;
  /** Opens the sockets that clients come to; by default in this thread. */
  listen?: ListenSocket;
  /** The same with TLS. */
  listenTls?: ListenTls;
  /** By default nothing is traced. */
  tracer?: Tracer | null;
}

/** One origin or edge, without its HTTP side: everything that one process shares, put together. */
export class Server implements ServerContext {
  readonly identity: Identity;
  readonly timers = systemTimers;
  readonly log: Logger;
  readonly sources = new SourceManager(systemTimers);
  readonly hooks: Hooks;
  readonly registry = new ClientRegistry((url) => this.#pulledBytes(url));
  readonly coworkers: Coworkers;
  readonly pulls: PullRegistry;
  readonly publishers = new Publishers();
  readonly waitingPlays = new WaitingPlays();
  readonly members = new Members(systemTimers);
  readonly drain: Drain;
  readonly limits: ConnectionLimits;
  readonly rtmp: RtmpServer;
  readonly heartbeat: Heartbeat;
  readonly tracer: Tracer | null;
  readonly startedMs = systemTimers.nowMs();
  readonly #hookFetch = new FreshFetch(() => this.#authorities);
  #config: Config;
  #authorities: readonly string[];

  constructor(config: Config, log: Logger, options: ServerOptions = {}) {
    const { serverId = newServerId(), listen = listenHere, listenTls = listenTlsHere, tracer = null } = options;
    this.#config = config;
    this.log = log;
    this.tracer = tracer;
    this.identity = {
      serverId: config.serverId === "" ? serverId : config.serverId,
      serviceId: randomId(8),
      pid: Deno.pid,
    };
    this.hooks = new Hooks({ fetch: this.#hookFetch.fetch, timers: this.timers, identity: this.identity });
    this.coworkers = new Coworkers(fetch, this.timers, log, this.identity.serviceId);
    this.#authorities = loadAuthorities(config, log);
    this.pulls = new PullRegistry({
      ...systemNetwork,
      caCerts: () => this.#authorities,
      timers: this.timers,
      log,
      tracer,
      newCid: () => randomId(8),
      connectArgs: (cid, via = [], isRelay = false) => ({
        ...srsIdentity(this.identity, cid, ""),
        ...playPathMember(this.identity.serviceId, via),
        ...(isRelay ? relayMember : {}),
      }),
      httpHeaders: (via) => [["user-agent", SERVER_NAME], playPathHeader(this.identity.serviceId, via)],
    });
    this.drain = new Drain(this);
    this.limits = new ConnectionLimits({ clock: this.timers, log, bounds: () => this.#config });
    this.rtmp = new RtmpServer(this, listen, listenTls);
    this.heartbeat = new Heartbeat(this, { fetch: this.#hookFetch.fetch });
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
  }

  /** Binds the RTMP listeners and begins to report. @throws {SrsError} if an address cannot be bound. */
  start(): void {
    this.rtmp.start();
    this.heartbeat.start();
  }

  /** Ends all connections and pulls. */
  async stop(): Promise<void> {
    this.heartbeat.stop();
    await this.rtmp.stop();
    this.pulls.stop();
    await this.hooks.stop(HOOKS_STOP_MS);
    this.#hookFetch[Symbol.dispose]();
    this.sources.stop();
  }

  /** What the pull of a stream has brought so far; 0 on an origin, where its publisher is a client. */
  #pulledBytes({ key, vhost }: StreamUrl): number {
    const isEdge = findVhost(this.#config, vhost)?.cluster.mode === "remote";
    return isEdge ? this.sources.find(key)?.stats.bytesIn ?? 0 : 0;
  }
}
