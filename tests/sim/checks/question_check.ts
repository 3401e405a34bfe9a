import type { SimCluster } from "../world/cluster.ts";
import type { Peaks } from "./peaks.ts";

const API_PORT = 1985;
/** Questions a server puts to others in a second, besides those of health. */
const MAX_QUESTIONS = 20;
/** Shortest pause between two questions of health to one server: 2 s, less a tenth; more at once after a start. */
const HEALTH_MS = 1800;

/** How often servers ask each other, as the network sees it: each question is a connection to an API. */
export class QuestionCheck {
  readonly #cluster: SimCluster;
  readonly #peaks: Peaks;
  readonly #onFault: (who: string, text: string) => void;
  /** Connections of each machine that were counted. */
  readonly #counted = new Map<object, number>();
  #quietSinceMs = Infinity;
  #inQuiet = 0;

  constructor(cluster: SimCluster, peaks: Peaks, onFault: (who: string, text: string) => void) {
    this.#cluster = cluster;
    this.#peaks = peaks;
    this.#onFault = onFault;
  }

  /** Once a second. */
  look(): void {
    const others = this.#cluster.origins().length - 1;
    for (const { name, running } of this.#cluster.servers.values()) {
      if (running === null) continue;
      const { dialled } = running.host;
      let count = 0;
      for (let at = this.#counted.get(running.host) ?? 0; at < dialled.length; at++) {
        if (dialled[at]!.remoteAddr.port === API_PORT) count++;
      }
      this.#counted.set(running.host, dialled.length);
      this.#inQuiet += count;
      const asked = Math.max(0, count - others);
      if (!this.#peaks.note("questions a second, besides health", asked, MAX_QUESTIONS)) {
        this.#onFault(name, `asks ${asked} questions a second`);
      }
    }
  }

  /** From now on nothing changes. */
  beginQuiet(): void {
    this.look();
    this.#inQuiet = 0;
    this.#quietSinceMs = this.#cluster.nowMs;
  }

  /** What nobody publishes is waited for, not asked for. @param waits Streams that servers wait for, each counted for each of them. */
  endQuiet(waits: number): void {
    this.look();
    const ms = this.#cluster.nowMs - this.#quietSinceMs;
    const origins = this.#cluster.origins().length;
    const pairs = origins * (origins - 1);
    const health = pairs * (Math.floor(ms / HEALTH_MS) + 1);
    const asked = Math.max(0, this.#inQuiet - health);
    // A question that was held for its longest time is put again.
    const bound = waits * origins;
    if (!this.#peaks.note("questions in quiet, besides health", asked, bound)) {
      this.#onFault("cluster", `asks ${asked} questions in ${ms} ms of quiet, besides ${health} of health`);
    }
  }
}
