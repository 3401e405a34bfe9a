import { MemoryHost } from "../../kit/memory_host.ts";
import { MemoryNetwork } from "../../kit/memory_network.ts";
import { SimulatedEngine } from "../../kit/simulated_engine.ts";
import { Random } from "../random.ts";
import type { Scenario } from "../scenario.ts";
import type { SimLog } from "../sim_log.ts";
import { WeatherLine } from "./lines.ts";
import { noFiles, processFacts } from "./machine.ts";
import { SimServer } from "./sim_server.ts";

export const ENGINE_IP = "10.0.9.9";

/** The servers of a scenario, their engine, and the network between them and everybody. */
export class SimCluster {
  readonly network = new MemoryNetwork();
  readonly engine: SimulatedEngine | null;
  /** By name, origins first. */
  readonly servers = new Map<string, SimServer>();
  readonly #seed: number;
  readonly #slowLines = new Map<string, number>();
  /** Machines of encoders and viewers, by name. */
  readonly #machines = new Map<string, MemoryHost>();

  constructor(scenario: Scenario, log: SimLog) {
    const { seed, weather, directory } = scenario;
    this.#seed = seed;
    this.network.remembers = false;
    this.engine = directory === "engine" ? new SimulatedEngine(this.network.timers) : null;
    if (this.engine !== null) this.network.engines[`${ENGINE_IP}:6379`] = this.engine;
    this.network.lineModel = (from, to) => {
      const random = Random.of(seed, `line ${from.hostname}:${from.port} ${to.hostname}:${to.port}`);
      const bytesPerMs = this.#slowLines.get(to.hostname) ?? 0;
      return new WeatherLine(weather, random, { nowMs: () => this.network.timers.nowMs(), bytesPerMs });
    };
    for (const { name, ip, text } of configurations(scenario)) {
      const random = Random.of(seed, name);
      this.servers.set(name, new SimServer({ name, ip, text, network: this.network, log, random }));
    }
  }

  /** Milliseconds of simulated time. */
  get nowMs(): number {
    return this.network.timers.nowMs();
  }

  origins(): SimServer[] {
    return [...this.servers.values()].filter(({ isEdge }) => !isEdge);
  }

  /** The machine of an encoder or a viewer. @param bytesPerMs What its line takes; 0 for no limit. */
  machine(name: string, bytesPerMs = 0): MemoryHost {
    const number = this.#machines.size + 1;
    const ip = `10.9.${number >> 8}.${number & 255}`;
    if (bytesPerMs > 0) this.#slowLines.set(ip, bytesPerMs);
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

/** Addresses and configuration files of all servers. */
function configurations({ origins, edges, directory, onConflict }: Scenario) {
  const origin = Array.from({ length: origins }, (_, at) => ({ name: `origin-${at + 1}`, ip: `10.0.0.${at + 1}` }));
  const edge = Array.from({ length: edges }, (_, at) => ({ name: `edge-${at + 1}`, ip: `10.0.1.${at + 1}` }));
  const hasEngine = directory === "engine";
  const text = (ip: string, vhost: string) => `
    listen 1935; advertise ${ip};
    http_api { enabled on; listen 1985; } http_server { enabled on; listen 8080; }
    ${hasEngine ? `directory { enabled on; url redis://${ENGINE_IP}; node_ttl 6000; }` : ""}
    vhost __defaultVhost__ { http_remux { enabled on; } ${vhost} }`;
  const coworkers = origin.map(({ ip }) => `${ip}:1985`).join(" ");
  const rtmp = origin.map(({ ip }) => `${ip}:1935`).join(" ");
  const originVhost = `publish { on_conflict ${onConflict}; } cluster { origin_cluster on; coworkers ${coworkers}; }`;
  return [
    ...origin.map(({ name, ip }) => ({ name, ip, text: text(ip, originVhost) })),
    ...edge.map(({ name, ip }) => ({ name, ip, text: text(ip, `cluster { mode remote; origin ${rtmp}; }`) })),
  ];
}
