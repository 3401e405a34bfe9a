import type { Claim, ClaimOptions, ClaimOutcome, StreamDirectory, StreamRef } from "../../../src/cluster/directory.ts";
import { VhostHandle } from "../../../src/config/mod.ts";
import { sourceOptions } from "../../../src/server/source_options.ts";
import type { DirectoryStage, StagedServer } from "../cases/directory_suite.ts";
import { turn } from "../memory/manual_timers.ts";
import { MemoryNetwork } from "../memory/memory_network.ts";
import { MemoryServer } from "../memory/memory_server.ts";
import { SimulatedEngine } from "./simulated_engine.ts";

/** Coworkers are found by a name; it is looked up so often. */
const LOOK_UP_MS = 5000;

/** Whole origins on a simulated network, found by a name. */
export class MeshStage implements DirectoryStage {
  readonly newsMs = 150;
  readonly deathMs = 8000;
  readonly #network = new MemoryNetwork();
  readonly #servers: MemoryServer[] = [];
  readonly #hasEngine: boolean;

  /** @param hasEngine Whether they have an engine besides, at `10.0.9.9:6379`. */
  constructor(hasEngine = false) {
    this.#hasEngine = hasEngine;
    if (hasEngine) this.#network.engines["10.0.9.9:6379"] = new SimulatedEngine(this.#network.timers);
  }

  async server(): Promise<StagedServer> {
    const ip = `10.0.0.${this.#servers.length + 1}`;
    const vhost = "publish { on_conflict takeover; } cluster { origin_cluster on; coworkers dns+http://origins:1985; }";
    const root = this.#hasEngine
      ? `advertise ${ip}; directory { enabled on; url redis://10.0.9.9; node_ttl 6000; }`
      : `advertise ${ip};`;
    const server = new MemoryServer(this.#network, ip, { root, vhost });
    this.#servers.push(server);
    this.#network.name("origins", this.#servers.map(({ host }) => host.ip));
    await this.run(LOOK_UP_MS + 2500);
    const kill = () => {
      server.host.kill();
      server.server.engine?.[Symbol.dispose]();
    };
    return { directory: publishing(server), rtmp: `${ip}:1935`, kill };
  }

  stream = (name: string): StreamRef => {
    const { server } = this.#servers[0]!;
    const url = { key: `/live/${name}`, app: "live", stream: name, host: "10.0.0.1" };
    return { vhost: new VhostHandle(server, server.config.vhosts[0]!), url };
  };

  run(ms: number): Promise<void> {
    return this.#network.run(ms);
  }

  async settle<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const settled = promise.finally(() => isSettled = true);
    settled.catch(() => {});
    await turn();
    while (!isSettled) await this.run(5);
    return await settled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) await server.stop();
  }
}

/** The directory of a server, which publishes a stream for as long as it has the claim. */
function publishing({ server }: MemoryServer): StreamDirectory {
  const { directory } = server;
  const claim = async (stream: StreamRef, options: ClaimOptions): Promise<ClaimOutcome> => {
    let end = () => {};
    const onLost = (reason: string) => {
      end();
      options.onLost(reason);
    };
    const outcome = await directory.claim(stream, { ...options, onLost });
    if (!("claim" in outcome)) return outcome;
    const source = server.sources.findOrCreate(stream.url.key, () => sourceOptions(server.config.vhosts[0]!));
    if (!source.isActive) {
      const session = source.startPublish("client");
      end = () => session[Symbol.dispose]();
    }
    const own: Claim = {
      get epoch() {
        return outcome.claim.epoch;
      },
      announce: () => outcome.claim.announce(),
      [Symbol.dispose]() {
        outcome.claim[Symbol.dispose]();
        if (server.mesh.published(stream.url.key) === undefined) end();
      },
    };
    return { claim: own };
  };
  return {
    covers: (vhost) => directory.covers(vhost),
    find: (...args) => directory.find(...args),
    watch: (...args) => directory.watch(...args),
    claim,
    recheck: (...args) => directory.recheck(...args),
    unasked: (stream) => directory.unasked(stream),
    standIns: (stream) => directory.standIns(stream),
    segmentHolders: (stream) => directory.segmentHolders(stream),
    members: () => directory.members(),
  };
}
