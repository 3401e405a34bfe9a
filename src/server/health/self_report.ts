import type { Clock } from "../../base/clock.ts";
import type { NodeFacts, ServerLoad } from "../../cluster/health/node_facts.ts";
import { clusterModes, type Config } from "../../config/mod.ts";
import type { SourceManager } from "../../stream/source_manager.ts";
import type { ClientRegistry } from "../client_registry.ts";
import { type Identity, SERVER_NAME } from "../identity.ts";

/** What the HTTP side of a server knows of process and addresses. */
export interface MachineFacts {
  /** HTTP API as others reach it most likely, `host:port`; empty while it is off. */
  readonly api: string;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

/** What a report is made of. */
export interface SelfReportServer {
  readonly config: Config;
  readonly identity: Identity;
  readonly timers: Clock;
  readonly sources: Pick<SourceManager, "all">;
  readonly registry: Pick<ClientRegistry, "totals" | "vhosts" | "viewerCount">;
  readonly drain: { readonly isOn: boolean };
  readonly startedMs: number;
}

/** Counting goes over all streams and clients: not for each who asks. */
const KEEP_LOAD_MS = 1000;
const UNKNOWN: MachineFacts = { api: "", cpuPercent: 0, memoryBytes: 0 };

/** What this server says of itself to others of the cluster. */
export class SelfReport {
  /** Set by the HTTP side; null while there is none. */
  machine: (() => MachineFacts) | null = null;
  readonly #server: SelfReportServer;
  #load: ServerLoad | null = null;
  #loadMs = 0;

  constructor(server: SelfReportServer) {
    this.#server = server;
  }

  facts(): NodeFacts {
    const { config, identity, drain, startedMs } = this.#server;
    const { local, remote } = clusterModes(config);
    const machine = this.machine?.() ?? UNKNOWN;
    return {
      instance: identity.serviceId,
      serverId: identity.serverId,
      role: remote === 0 ? "origin" : local === 0 ? "edge" : "origin and edge",
      software: SERVER_NAME,
      api: machine.api,
      startedMs: Math.round(startedMs),
      isDraining: drain.isOn,
      load: this.#currentLoad(machine),
    };
  }

  /** Who it is, for those who only connect: neither load nor addresses. */
  name(): NodeFacts {
    return { ...this.facts(), api: "", load: null };
  }

  #currentLoad(machine: MachineFacts): ServerLoad {
    const nowMs = this.#server.timers.nowMs();
    if (this.#load !== null && nowMs - this.#loadMs < KEEP_LOAD_MS) return this.#load;
    this.#loadMs = nowMs;
    this.#load = {
      ...this.#countStreams(),
      viewers: this.#server.registry.viewerCount,
      ...this.#rates(nowMs),
      ...loadOf(machine),
    };
    return this.#load;
  }

  #countStreams(): Pick<ServerLoad, "streams" | "published"> {
    let [streams, published] = [0, 0];
    for (const { isActive, fedBy } of this.#server.sources.all()) {
      if (isActive) streams++;
      if (fedBy === "client") published++;
    }
    return { streams, published };
  }

  #rates(nowMs: number): Pick<ServerLoad, "recvKbps" | "sendKbps"> {
    const { registry } = this.#server;
    const totals = registry.totals();
    let [recvKbps, sendKbps] = [0, 0];
    for (const vhost of registry.vhosts().values()) {
      const { bytesIn = 0, bytesOut = 0 } = totals.get(vhost) ?? {};
      recvKbps += vhost.recv.kbps(nowMs, bytesIn);
      sendKbps += vhost.send.kbps(nowMs, bytesOut);
    }
    return { recvKbps, sendKbps };
  }
}

function loadOf({ cpuPercent, memoryBytes }: MachineFacts): Pick<ServerLoad, "cpuPercent" | "memoryBytes"> {
  return { cpuPercent: Math.round(cpuPercent), memoryBytes };
}
