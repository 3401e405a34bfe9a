import type { World } from "../../../src/base/world.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { freePort } from "../../kit/launcher.ts";
import { RedisServer } from "../../kit/engine/redis_server.ts";
import type { Scenario } from "../scenario.ts";
import type { SimLog } from "../sim_log.ts";
import type { ClientMachine, ClusterView, ServerView } from "../world/cluster_view.ts";
import { configurations } from "../world/configurations.ts";
import { RealServer } from "./real_server.ts";
import type { RealTimers } from "./real_timers.ts";

const SIGNALS: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];
const ENDED_STATUS = 143;
const KINDS = { origin: 0, edge: 1, srs: 2 };

/**
 * The servers of a scenario as processes of this machine, and their engine: each server at an address of its own, all at
 * the same ports. Linux has all addresses of 127.0.0.0/8.
 */
export class RealCluster implements ClusterView, AsyncDisposable {
  readonly ports = { rtmp: freePort(), api: freePort(), http: freePort() };
  readonly servers = new Map<string, RealServer>();
  readonly srs = new Map<string, ServerView>();
  readonly timers: RealTimers;
  readonly log: SimLog;
  readonly operator: ClientMachine;
  readonly engine: RedisServer | null;
  withoutGopCacheMs = -Infinity;
  readonly #directory: string;
  /** Processes of ours do not outlive us. */
  readonly #onSignal = () => void this[Symbol.asyncDispose]().finally(() => Deno.exit(ENDED_STATUS));
  /** Origins that have not joined. */
  readonly #absent = new Set<string>();

  private constructor(
    scenario: Scenario,
    { timers, log, onFault }: RealClusterOptions,
    { directory, engine }: { readonly directory: string; readonly engine: RedisServer | null },
  ) {
    this.timers = timers;
    this.log = log;
    this.engine = engine;
    this.#directory = directory;
    this.operator = this.machine();
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#onSignal);
    // Of several runs at a time each has its own.
    const net = `127.${10 + Math.floor(Math.random() * 200)}.${Math.floor(Math.random() * 250)}`;
    const { ports } = this;
    const all = configurations(scenario, {
      ports,
      ipOf: (kind, number) => `${net}.${1 + KINDS[kind] * 50 + number}`,
      engineUrl: engine?.url ?? "",
      originsName: "",
      // Whatever they listen at, all of them call from 127.0.0.1: they know each other by this.
      ofCluster: `coworker_token ${crypto.randomUUID()};`,
      more: (_ip, name) => `daemon off; srs_log_tank console; pid ${directory}/${name}.pid;`,
    });
    for (const configuration of all) {
      this.servers.set(configuration.name, new RealServer({ ...configuration, ports, directory, log, onFault }));
    }
    const { origins, latecomers } = scenario;
    for (let number = origins; number > origins - latecomers; number--) this.#absent.add(`origin-${number}`);
  }

  /** Starts all servers that are there from the beginning; settles when they listen. */
  static async start(scenario: Scenario, options: RealClusterOptions): Promise<RealCluster> {
    const directory = await Deno.makeTempDir({ prefix: "sim-" });
    const engine = scenario.directory === "engine" ? await RedisServer.start() : null;
    const cluster = new RealCluster(scenario, options, { directory, engine });
    try {
      for (const server of cluster.servers.values()) await server.write();
      // Loads the engine's client now: that takes seconds, in which nothing else goes on here.
      await engine?.call("PING");
      await Promise.all(Array.from(cluster.servers.keys(), (name) => cluster.restart(name)));
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  get nowMs(): number {
    return this.timers.nowMs();
  }

  origins(): RealServer[] {
    return [...this.servers.values()].filter(({ isEdge, name }) => !isEdge && !this.#absent.has(name));
  }

  machine(): ClientMachine {
    return new RealMachine(this.timers);
  }

  /** Who is fed by whom is not known from outside. */
  isFed(): boolean {
    return false;
  }

  /** An origin joins that was not there. */
  async join(name: string): Promise<void> {
    this.#absent.delete(name);
    await this.restart(name);
  }

  /** Starts a server again, if it has joined. */
  async restart(name: string): Promise<void> {
    if (!this.#absent.has(name)) await this.servers.get(name)?.start();
  }

  /** Nobody is missing any more. */
  async joinAll(): Promise<void> {
    await Promise.all(Array.from(this.#absent, (name) => this.join(name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#onSignal);
    await Promise.all(Array.from(this.servers.values(), (server) => server.kill()));
    await this.engine?.[Symbol.asyncDispose]();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** What {@link RealCluster.start} is told. */
export interface RealClusterOptions {
  readonly timers: RealTimers;
  readonly log: SimLog;
  onFault(who: string, text: string): void;
}

/** This machine, as one of its clients has it. */
class RealMachine implements ClientMachine {
  dialled: ClientMachine["dialled"] = [];
  readonly randomBytes = systemWorld.randomBytes;
  readonly random = systemWorld.random;
  readonly fetch = systemWorld.fetch;
  readonly resolve = systemWorld.resolve;
  readonly startTls = systemWorld.startTls;
  readonly turns = systemWorld.turns;
  readonly #timers: RealTimers;

  constructor(timers: RealTimers) {
    this.#timers = timers;
  }

  readonly connect: World["connect"] = async (endpoint, signal) => {
    const socket = await systemWorld.connect(endpoint, signal);
    this.dialled = [socket];
    return socket;
  };

  nowMs(): number {
    return this.#timers.nowMs();
  }

  after(delayMs: number, fn: () => void) {
    return this.#timers.after(delayMs, fn);
  }
}
