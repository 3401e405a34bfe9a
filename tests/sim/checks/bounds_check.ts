import type { Scenario } from "../scenario.ts";
import type { SimLog } from "../sim_log.ts";
import type { SimCluster } from "../world/cluster.ts";
import type { SimServer } from "../world/sim_server.ts";
import type { Peaks } from "./peaks.ts";

/** Bytes that wait for a reader; a line in memory takes no more. */
const MAX_UNREAD_BYTES = 512 * 1024;
/** Lines of a server in its log, a second: what comes in bursts is limited. */
const MAX_LOG_LINES = 120;
/** Links of a server to the engine: one for calls, one that probes, and one in place of another that is ending. */
const MAX_ENGINE_LINKS = 3;

/** Whatever piles up in servers, looked at every second: all of it grows with streams and clients only. */
export class BoundsCheck {
  readonly #scenario: Scenario;
  readonly #cluster: SimCluster;
  readonly #log: SimLog;
  readonly #peaks: Peaks;
  readonly #onFault: (who: string, text: string) => void;
  readonly #lines = new Map<string, number>();

  constructor(
    scenario: Scenario,
    { cluster, log, peaks }: { cluster: SimCluster; log: SimLog; peaks: Peaks },
    onFault: (who: string, text: string) => void,
  ) {
    this.#scenario = scenario;
    this.#cluster = cluster;
    this.#log = log;
    this.#peaks = peaks;
    this.#onFault = onFault;
  }

  /** Once a second. */
  look(): void {
    for (const server of this.#cluster.servers.values()) this.#lookAt(server);
    const { engine, servers } = this.#cluster;
    if (engine !== null) this.#check("engine", "links", engine.linkCount, MAX_ENGINE_LINKS * servers.size);
  }

  #lookAt({ name, running }: SimServer): void {
    const before = this.#lines.get(name) ?? 0;
    const lines = this.#log.countOf(name);
    this.#lines.set(name, lines);
    this.#check(name, "log lines a second", lines - before, MAX_LOG_LINES);
    if (running === null) return;
    const { host, server, http } = running;
    const { publishers, players, hlsViewers } = this.#scenario;
    const streams = new Set([...publishers, ...players, ...hlsViewers].map(({ stream }) => stream)).size;
    const servers = this.#cluster.servers.size + this.#cluster.srs.size;
    // A client that has lost its connection may come again before the server has noticed.
    const clients = 2 * (publishers.length + players.length + hlsViewers.length + servers * streams);
    this.#check(name, "sources", [...server.sources.all()].length, streams);
    this.#check(name, "held questions", server.heldQuestions.count, 2 * servers * streams);
    this.#check(name, "clients", server.registry.clientCount, clients);
    this.#check(name, "streams", server.registry.streams().size, streams);
    this.#check(name, "publishers", server.publishers.count, publishers.length);
    this.#check(name, "viewers over HTTP", http.viewerCount, clients);
    const pulls = server.pulls.states().map(({ key }) => key);
    this.#check(name, "pulls", pulls.length, streams);
    if (new Set(pulls).size < pulls.length) this.#onFault(name, `pulls a stream twice: ${pulls.join(", ")}`);
    const sockets = this.#cluster.network.socketsOf(host);
    // Per other server: questions of health both ways, and for each stream a question that is held, and a race.
    this.#check(name, "sockets", sockets.length, clients + servers * (4 + 4 * streams));
    const unread = sockets.reduce((most, { unreadBytes }) => Math.max(most, unreadBytes), 0);
    this.#check(name, "bytes a peer has not read", unread, MAX_UNREAD_BYTES);
  }

  #check(who: string, what: string, value: number, bound: number): void {
    if (!this.#peaks.note(what, value, bound)) this.#onFault(who, `has ${value} ${what}, more than ${bound}`);
  }
}
