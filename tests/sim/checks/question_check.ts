import type { MemorySocket } from "../../kit/memory_socket.ts";
import type { SimCluster } from "../world/cluster.ts";
import type { Peaks } from "./peaks.ts";

const API_PORT = 1985;
const HEALTH_PATH = "/node";
/** Questions a server puts to others in a second, besides those of health and of encoders that it refuses. */
const MAX_QUESTIONS = 20;
/** An encoder that is refused tries again so often in a second; each time it is asked who has its stream. */
const MAX_ATTEMPTS = 6;
/** Connections that a server makes in a second to have streams. */
const MAX_PULLS = 40;
/** Shortest pause between two questions of health to one server: 2 s, less a tenth. */
const HEALTH_MS = 1800;

/** How often servers ask each other, as the network sees it: each question is a connection to an API. */
export class QuestionCheck {
  readonly #cluster: SimCluster;
  readonly #peaks: Peaks;
  readonly #onFault: (who: string, text: string) => void;
  /** Connections that were made since the last look. */
  #dialled: { readonly from: object; readonly socket: MemorySocket }[] = [];
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

  /** Begins to count. */
  start(): void {
    const { network } = this.#cluster;
    network.keptPort = API_PORT;
    network.onDial = (from, socket) => this.#dialled.push({ from, socket });
  }

  /** Once a second. */
  look(): void {
    const bound = MAX_QUESTIONS + this.#encoders * MAX_ATTEMPTS;
    const others = this.#cluster.origins().length - 1;
    const dialled = Map.groupBy(this.#dialled, ({ from }) => from);
    this.#dialled = [];
    for (const { name, running } of this.#cluster.servers.values()) {
      const sockets = running === null ? [] : dialled.get(running.host) ?? [];
      const asked: string[] = [];
      let pulls = 0;
      for (const { socket: { remoteAddr: { hostname, port }, sentText } } of sockets) {
        if (port === API_PORT) asked.push(`${name} of ${hostname}: ${sentText.slice(0, sentText.indexOf(" HTTP"))}`);
        else pulls++;
      }
      if (this.#isQuiet) this.#inQuiet.push(...asked);
      const count = Math.max(0, asked.length - others);
      if (!this.#peaks.note("questions a second, besides health", count, bound)) {
        this.#onFault(name, `asks ${count} questions a second`);
      }
      if (!this.#peaks.note("connections for media a second", pulls, MAX_PULLS)) {
        this.#onFault(name, `connects to others for media ${pulls} times a second`);
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
