import type { SimCluster } from "../world/cluster.ts";
import type { Peaks } from "./peaks.ts";

const HEALTH_PATH = "/node";
/** Questions a server puts to others in a second, besides those of health and of encoders that it refuses. */
const MAX_QUESTIONS = 20;
/** An encoder that is refused tries again so often in a second; each time it is asked who has its stream. */
const MAX_ATTEMPTS = 6;
/** Shortest pause between two questions of health to one server: 2 s, less a tenth. */
const HEALTH_MS = 1800;

/** How often servers ask each other: each question is a request to an API. */
export class QuestionCheck {
  readonly #cluster: SimCluster;
  readonly #peaks: Peaks;
  readonly #onFault: (who: string, text: string) => void;
  /** What each server has asked since the last look, by its name. */
  readonly #asked = new Map<string, string[]>();
  #quietSinceMs = Infinity;
  #isQuiet = false;
  #inQuiet: string[] = [];

  readonly #encoders: number;

  /** @param encoders How many there are. */
  constructor(
    { cluster, encoders }: { cluster: SimCluster; encoders: number },
    peaks: Peaks,
    onFault: (who: string, text: string) => void,
  ) {
    this.#cluster = cluster;
    this.#encoders = encoders;
    this.#peaks = peaks;
    this.#onFault = onFault;
  }

  /** From now on questions are counted. */
  begin(): void {
    for (const server of this.#cluster.servers.values()) {
      const asked: string[] = [];
      this.#asked.set(server.name, asked);
      server.onFetch = (url, method) => asked.push(`${server.name}: ${method} ${url}`);
    }
  }

  /** Once a second. */
  look(): void {
    const bound = MAX_QUESTIONS + this.#encoders * MAX_ATTEMPTS;
    const others = this.#cluster.origins().length - 1;
    for (const { name, running } of this.#cluster.servers.values()) {
      const asked = this.#asked.get(name)!.splice(0);
      if (running === null) continue;
      if (this.#isQuiet) this.#inQuiet.push(...asked);
      const count = Math.max(0, asked.length - others);
      if (!this.#peaks.note("questions a second, besides health", count, bound)) {
        this.#onFault(name, `asks ${count} questions a second`);
      }
    }
  }

  /** From now on nothing changes. */
  beginQuiet(): void {
    this.look();
    this.#isQuiet = true;
    this.#quietSinceMs = this.#cluster.nowMs;
  }

  /**
   * What nobody publishes is waited for, not asked for.
   *
   * @param waits Streams that servers wait for, each counted for each of them; null where encoders come and go.
   */
  endQuiet(waits: number | null): void {
    this.look();
    this.#isQuiet = false;
    if (waits === null) return;
    const ms = this.#cluster.nowMs - this.#quietSinceMs;
    const origins = this.#cluster.origins().length;
    const asked = this.#inQuiet.filter((text) => !text.includes(HEALTH_PATH));
    // A question that was held for its longest time is put again; what nobody waits for any more lingers once.
    const bound = (waits + 1) * origins * (origins - 1);
    if (!this.#peaks.note("questions in quiet, besides health", asked.length, bound)) {
      this.#onFault("cluster", `asks ${asked.length} questions in ${ms} ms of quiet: ${asked.slice(0, 3).join(", ")}`);
    }
    const health = this.#inQuiet.length - asked.length;
    // Each asks itself, too, now and then: it is in the list that all have.
    const most = origins * (origins - 1) * (Math.floor(ms / HEALTH_MS) + 1) + origins;
    if (health > most) this.#onFault("cluster", `asks ${health} questions of health in ${ms} ms, more than ${most}`);
  }
}
