import type { Truth } from "../truth.ts";
import type { SimCluster } from "../world/cluster.ts";
import type { Peaks } from "./peaks.ts";

/** Of a server, in a second of quiet: its lease, and those of its streams, each every two seconds; a list now and then. */
const MAX_CALLS = 5;

/** What an engine knows in quiet is what is so. */
export class EngineCheck {
  readonly #cluster: SimCluster;
  readonly #truth: Truth;
  readonly #peaks: Peaks;
  readonly #onFault: (who: string, text: string) => void;
  #sinceMs = 0;
  #callsBefore = 0;

  constructor(
    { cluster, truth, peaks }: { cluster: SimCluster; truth: Truth; peaks: Peaks },
    onFault: (who: string, text: string) => void,
  ) {
    this.#cluster = cluster;
    this.#truth = truth;
    this.#peaks = peaks;
    this.#onFault = onFault;
  }

  beginQuiet(): void {
    this.#sinceMs = this.#cluster.nowMs;
    this.#callsBefore = this.#cluster.engine?.commands.length ?? 0;
  }

  endQuiet(): void {
    const { engine, servers, nowMs } = this.#cluster;
    if (engine === null) return;
    const rate = (engine.commands.length - this.#callsBefore) / ((nowMs - this.#sinceMs) / 1000) / servers.size;
    if (!this.#peaks.note("calls of an engine, by a server in a second of quiet", rate, MAX_CALLS)) {
      this.#onFault("engine", `is called ${rate} times a second by each server in quiet`);
    }
    this.#checkLeases();
    this.#checkStreams();
  }

  #checkLeases(): void {
    const { engine, servers } = this.#cluster;
    const boots = new Map([...servers.values()].map(({ name, running }) => [running?.server.identity.serviceId, name]));
    const leased = engine!.keys.filter((key) => key.startsWith("srs:n:"));
    for (const key of leased) {
      if (!boots.delete(key.slice(key.indexOf("#") + 1))) {
        this.#onFault("engine", `keeps ${key} of a start that is over`);
      }
    }
    for (const name of boots.values()) this.#onFault("engine", `has no lease of ${name}`);
  }

  #checkStreams(): void {
    const { engine, servers } = this.#cluster;
    const live = Map.groupBy(this.#truth.sessions.filter(({ endMs }) => endMs === Infinity), ({ plan }) => plan.stream);
    for (const [stream, sessions] of live) {
      const keys = engine!.keys.filter((key) => key.startsWith("srs:s:") && key.endsWith(`/${stream}`));
      const [key = ""] = keys;
      const held = engine!.value(key);
      if (keys.length !== 1 || held === null) {
        this.#onFault("engine", `has ${keys.length} keys of ${stream}, which is published`);
        continue;
      }
      const [epoch = "", node = ""] = held.split("|");
      const owner = [...servers.values()].find(({ running }) =>
        node.endsWith(`#${running?.server.identity.serviceId}`)
      );
      if (owner === undefined || !sessions.some(({ server }) => server === owner.name)) {
        this.#onFault("engine", `says ${owner?.name ?? node} has ${stream}, which ${sessions[0]!.server} publishes`);
        continue;
      }
      const name = key.slice("srs:s:".length);
      const known = owner.running!.server.mesh.published(name)?.epoch;
      // Coworkers tell a higher one where clocks or their answers want it.
      if (known !== undefined && known < Number(epoch)) {
        this.#onFault("engine", `has epoch ${epoch} of ${stream}, its owner ${known}`);
      }
    }
  }
}
