import type { Timers } from "../../../src/base/clock.ts";
import { MemoryHost } from "../../kit/memory/memory_host.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { SimulatedEngine } from "../../kit/engine/simulated_engine.ts";
import { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import type { SimLog } from "../sim_log.ts";
import type { ClusterView } from "./cluster_view.ts";
import { configurations } from "./configurations.ts";
import { WeatherLine } from "./lines.ts";
import { noFiles, processFacts } from "./machine.ts";
import { SrsServer } from "./srs_server.ts";
import { SimServer } from "./sim_server.ts";

/** What origins are called in DNS, with the other coworkers. */
const ORIGINS_NAME = "origins";
/** Nothing here waits for the event loop. */
const STEPS_A_TURN = 200;
export const ENGINE_IP = "10.0.9.9";

/** The servers of a scenario, their engine, and the network between them and everybody. */
export class SimCluster implements ClusterView {
  readonly ports = { rtmp: 1935, api: 1985, http: 8080 };
  readonly network = new MemoryNetwork();
  readonly log: SimLog;
  readonly engine: SimulatedEngine | null;
  /** By name, origins first. */
  readonly servers = new Map<string, SimServer>();
  /** Until then some server has, or had, no GOP cache: players may begin with any frame there, and what plays from there too. */
  withoutGopCacheMs = -Infinity;
  /** Those that are coworkers, by name. */
  readonly srs = new Map<string, SrsServer>();
  /** Origins that have not joined. */
  readonly #absent = new Set<string>();
  readonly #operator: MemoryHost;
  #isDnsDown = false;
  readonly #seed: number;
  readonly #slowLines = new Map<string, number>();
  /** Machines of encoders and viewers, by name. */
  readonly #machines = new Map<string, MemoryHost>();

  constructor(scenario: Scenario, log: SimLog) {
    const { seed, weather, directory } = scenario;
    this.#seed = seed;
    this.log = log;
    this.network.remembers = false;
    this.network.gathers = true;
    this.network.timers.stepsATurn = STEPS_A_TURN;
    this.engine = directory === "engine" ? new SimulatedEngine(this.network.timers) : null;
    if (this.engine !== null) this.network.engines[`${ENGINE_IP}:6379`] = this.engine;
    this.network.lineModel = (from, to) => {
      const random = Random.of(seed, `line ${from.hostname}:${from.port} ${to.hostname}:${to.port}`);
      const bytesPerMs = this.#slowLines.get(to.hostname) ?? 0;
      return new WeatherLine(weather, random, { nowMs: () => this.network.timers.nowMs(), bytesPerMs });
    };
    scenario.srs.forEach((plan, at) => {
      const host = this.#host(plan.name, ipOf("srs", at + 1));
      this.srs.set(plan.name, new SrsServer(plan, host));
    });
    const where = { ports: this.ports, ipOf, engineUrl: `redis://${ENGINE_IP}`, originsName: ORIGINS_NAME };
    for (const { name, ip, text } of configurations(scenario, where)) {
      const random = Random.of(seed, name);
      this.servers.set(name, new SimServer({ name, ip, text, network: this.network, log, random }));
    }
    const { origins, latecomers } = scenario;
    for (let number = origins; number > origins - latecomers; number--) this.#absent.add(`origin-${number}`);
    this.#operator = this.#host("operator", "10.0.9.2");
  }

  /** Milliseconds of simulated time. */
  get nowMs(): number {
    return this.network.timers.nowMs();
  }

  get timers(): Timers {
    return this.network.timers;
  }

  isFed(serviceId: string): boolean {
    return [...this.servers.values()].some(({ running }) =>
      running?.server.identity.serviceId === serviceId && running.server.pulls.states().some(({ isFed }) => isFed)
    );
  }

  /** Those that have joined, running or not. */
  origins(): SimServer[] {
    return [...this.servers.values()].filter(({ isEdge, name }) => !isEdge && !this.#absent.has(name));
  }

  /** The machine that operators call from. */
  get operator(): MemoryHost {
    return this.#operator;
  }

  /** DNS has nothing to say. */
  set isDnsDown(isDown: boolean) {
    this.#isDnsDown = isDown;
    this.#publishNames();
  }

  /** Starts all servers that are there from the beginning. */
  start(): void {
    this.#publishNames();
    for (const { name } of this.servers.values()) if (!this.#absent.has(name)) this.servers.get(name)!.start();
    for (const srs of this.srs.values()) srs.start();
  }

  /** An origin joins that was not there. */
  join(name: string): void {
    this.#absent.delete(name);
    this.#publishNames();
    this.servers.get(name)?.start();
  }

  /** Starts a server again, if it has joined. */
  restart(name: string): void {
    if (!this.#absent.has(name)) this.servers.get(name)?.start();
  }

  /** Nobody is missing any more. */
  joinAll(): void {
    for (const name of [...this.#absent]) this.join(name);
  }

  #publishNames(): void {
    const ips = [...this.origins(), ...this.srs.values()].map(({ ip }) => ip);
    this.network.name(ORIGINS_NAME, this.#isDnsDown ? [] : ips);
  }

  /** The machine of an encoder or a viewer. @param bytesPerMs What its line takes; 0 for no limit. */
  machine(name: string, bytesPerMs = 0): MemoryHost {
    const number = this.#machines.size + 1;
    const ip = `10.9.${number >> 8}.${number & 255}`;
    if (bytesPerMs > 0) this.#slowLines.set(ip, bytesPerMs);
    return this.#host(name, ip);
  }

  #host(name: string, ip: string): MemoryHost {
    const seed = Random.of(this.#seed, name).next();
    const host = new MemoryHost(this.network, ip, { seed, files: noFiles, process: processFacts });
    this.#machines.set(name, host);
    return host;
  }

  /** Timers that wait to go off, by the name of the machine; those that have none are left out. */
  plannedCalls(): [string, number][] {
    const machines = [
      ...this.#machines,
      ...[...this.servers].flatMap(([name, { hosts }]) => hosts.map((host) => [name, host] as const)),
    ];
    return machines.map(([name, { plannedCount }]): [string, number] => [name, plannedCount])
      .filter(([, count]) => count > 0);
  }
}

function ipOf(kind: "origin" | "edge" | "srs", number: number): string {
  return `10.0.${{ origin: 0, edge: 1, srs: 3 }[kind]}.${number}`;
}
