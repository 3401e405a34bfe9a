import { systemTimers } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { Coworkers } from "../cluster/coworkers.ts";
import { type Config, findVhost } from "../config/mod.ts";
import { EdgePulls } from "../edge/edge_pulls.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { SourceManager } from "../stream/source_manager.ts";
import { ClientRegistry } from "./client_registry.ts";
import type { ServerContext } from "./context.ts";
import { type Identity, randomId, srsIdentity } from "./identity.ts";
import { Publishers } from "./publishers.ts";
import { RtmpServer } from "./rtmp_server.ts";

/** One origin or edge, without its HTTP side: everything that one process shares, put together. */
export class Server implements ServerContext {
  readonly identity: Identity;
  readonly timers = systemTimers;
  readonly log: Logger;
  readonly sources = new SourceManager(systemTimers);
  readonly registry = new ClientRegistry((url) => this.#pulledBytes(url));
  readonly coworkers: Coworkers;
  readonly pulls: EdgePulls;
  readonly publishers = new Publishers();
  readonly rtmp: RtmpServer;
  readonly startedMs = systemTimers.nowMs();
  #config: Config;

  constructor(config: Config, log: Logger) {
    this.#config = config;
    this.log = log;
    this.identity = {
      serverId: config.serverId === "" ? `vid-${randomId(7)}` : config.serverId,
      serviceId: randomId(8),
      pid: Deno.pid,
    };
    this.coworkers = new Coworkers(fetch, this.timers, log, this.identity.serviceId);
    this.pulls = new EdgePulls({
      timers: this.timers,
      log,
      newCid: () => randomId(8),
      connectArgs: (cid) => srsIdentity(this.identity, cid, ""),
    });
    this.rtmp = new RtmpServer(this);
  }

  get config(): Config {
    return this.#config;
  }

  /** Binds the RTMP listeners. @throws {SrsError} if an address cannot be bound. */
  start(): void {
    this.rtmp.start();
  }

  /** Ends all connections and pulls. */
  async stop(): Promise<void> {
    await this.rtmp.stop();
    this.pulls.stop();
  }

  /** What the pull of a stream has brought so far; 0 on an origin, where its publisher is a client. */
  #pulledBytes({ key, vhost }: StreamUrl): number {
    const isEdge = findVhost(this.#config, vhost)?.cluster.mode === "remote";
    return isEdge ? this.sources.find(key)?.stats.bytesIn ?? 0 : 0;
  }
}
