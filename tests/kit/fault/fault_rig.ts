import type { ClientKind } from "../peers/following_client.ts";
import { Cluster, type ClusterOptions, Program, type ServerName, until } from "../launcher.ts";
import { systemWorld } from "../../../src/net/system_world.ts";
import { Lateness } from "../lateness.ts";
import type { FaultPlayer } from "./fault_player.ts";
import type { GapRow } from "./gap_table.ts";
import { NumberedPublisher, type PublisherOptions } from "./numbered_publisher.ts";
import type { Subject } from "./subjects.ts";
import { WatchedPlayer } from "./watched_player.ts";

/** Where clients connect. */
export type Place = "rtmpA" | "rtmpB" | "edge";

/** Options of {@link FaultRig.start}. */
export interface RigOptions extends Omit<ClusterOptions, "command"> {
  /** Runs a server's command line inside of another one. */
  wrap?(command: [string, ...string[]], role: "origin" | "edge"): [string, ...string[]];
}

/** Options of {@link FaultRig.measure}. */
export interface MeasureOptions {
  /** Players whose own server is the one in trouble: they may lose their connection. */
  except?: readonly FaultPlayer[];
  /** All players must play again within this time after the fault. */
  limitMs?: number;
  /** And go on playing for this long. */
  settleMs?: number;
}

/** Flushes are 350 ms apart. */
const PLAYING_MS = 800;
const PLAYING_AGAIN_MS = 20_000;
const SETTLE_MS = 1200;
/** Where timers of this process come late, those of servers do, one behind the other. */
const BUSY = 3;
/** What is done one after the other until everybody plays again. */
const PATIENCE = 10;

/** A cluster of real processes, the publishers and players around it, and what they felt. */
export class FaultRig implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly players: FaultPlayer[] = [];
  readonly publishers: NumberedPublisher[] = [];
  readonly lateness = new Lateness(systemWorld);
  readonly #programs: Program[] = [];
  readonly #rows = new Map<string, GapRow>();

  private constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  static async start(subject: Subject, options: RigOptions = {}): Promise<FaultRig> {
    const { wrap = (command) => command } = options;
    return new FaultRig(
      await Cluster.start({ ...options, command: (role, path) => wrap(subject.command(role, path), role) }),
    );
  }

  /** Publishes to the first of the places, to the next when a connection ends. */
  publish(places: readonly Place[], options?: PublisherOptions, stream?: string): NumberedPublisher {
    return this.publishTo(places.map((place) => this.cluster.url(place, stream)), options);
  }

  /** Publishes to the first of the addresses, to the next when a connection ends. */
  publishTo(urls: readonly string[], options?: PublisherOptions): NumberedPublisher {
    const publisher = new NumberedPublisher(urls, options);
    this.publishers.push(publisher);
    return publisher;
  }

  /** Adds players. */
  play(place: Place, count: number, as: ClientKind = "player", stream?: string): WatchedPlayer[] {
    return Array.from({ length: count }, () => this.watch(this.cluster.url(place, stream), as));
  }

  /** Adds a player of any address. */
  watch(url: string, as: ClientKind): WatchedPlayer {
    return this.add(new WatchedPlayer(url, as));
  }

  /** Adds a player of any kind. */
  add<T extends FaultPlayer>(player: T): T {
    this.players.push(player);
    return player;
  }

  /** Which server has taken a publisher's stream. */
  serverOf({ server }: NumberedPublisher): ServerName {
    const { rtmpA, rtmpB } = this.cluster.ports;
    return server.endsWith(`:${rtmpA}`) ? "originA" : server.endsWith(`:${rtmpB}`) ? "originB" : "edge";
  }

  /** Waits until all players play and the caches of the servers are full. */
  async settle(settleMs = 1500): Promise<void> {
    await this.#allPlayFor(performance.now(), PLAYING_AGAIN_MS, settleMs);
  }

  /**
   * Brings about a fault, waits until every player plays again, and adds what they felt to the row of that name, also
   * if some do not play in time.
   *
   * @returns Flaws that players saw; see {@link WatchedPlayer.flaws}.
   */
  async measure(name: string, fault: () => Promise<void>, options: MeasureOptions = {}): Promise<string[]> {
    const { except = [], limitMs = PLAYING_AGAIN_MS, settleMs = SETTLE_MS } = options;
    const fromMs = performance.now();
    for (const player of this.players) player.mark();
    await fault();
    const late = await this.#allPlayFor(performance.now(), limitMs, settleMs).then(() => null, (error) => error);
    const felt = this.players.filter((player) => !except.includes(player));
    // One that was redirected is, as an edge would be, cut off on purpose when it must look elsewhere.
    const isRedirected = ({ kind }: FaultPlayer) => kind === "edge";
    for (const player of felt) {
      const row = this.#row(isRedirected(player) ? `${name}, redirected` : name);
      row.gapsMs.push(player.gapMs());
      if (!isRedirected(player)) row.drops += player.drops.length;
      for (const { urls, startedAtMs } of this.publishers) {
        if (nameOf(urls[0]!) !== nameOf(player.url)) continue;
        for (const [session, sentAtMs] of startedAtMs) {
          const arrivedMs = player.sessionAtMs.get(session);
          if (arrivedMs !== undefined && sentAtMs >= fromMs) (row.afterKeyframeMs ??= []).push(arrivedMs - sentAtMs);
        }
      }
    }
    if (late !== null) throw late;
    return felt.flatMap((player) =>
      [...player.flaws, ...(isRedirected(player) ? [] : player.drops)].map((text) => `${player.url}: ${text}`)
    );
  }

  /** The origin that the edge's log named last behind a word such as `pull` or `forward`; A if it speaks otherwise. */
  namedLast(word: string): ServerName {
    const { edge, ports } = this.cluster;
    const lines = edge.output.matchAll(new RegExp(`\\] ${word} .*(?:from|to) \\S+:(\\d+)(?: after .*)?$`, "gm"));
    return Number([...lines].at(-1)?.[1]) === ports.rtmpB ? "originB" : "originA";
  }

  /** Ends players. */
  leave(players: readonly FaultPlayer[]): void {
    for (const player of players) {
      player[Symbol.dispose]();
      this.players.splice(this.players.indexOf(player), 1);
    }
  }

  /** Runs a program of the step's. */
  run(command: readonly string[]): Program {
    const program = new Program(command);
    this.#programs.push(program);
    return program;
  }

  /** Ends all clients. */
  clear(): void {
    for (const program of this.#programs.splice(0)) program.kill("SIGKILL");
    for (const client of [...this.players.splice(0), ...this.publishers.splice(0)]) client[Symbol.dispose]();
  }

  /** Adds waiting times of any kind to the row of that name. */
  note(name: string, waitsMs: readonly number[]): void {
    this.#row(name).gapsMs.push(...waitsMs);
  }

  /** What was measured so far. */
  get rows(): GapRow[] {
    return [...this.#rows.values()];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.clear();
    this.lateness[Symbol.dispose]();
    await this.cluster[Symbol.asyncDispose]();
  }

  #row(name: string): GapRow {
    const row = this.#rows.get(name) ?? { name, gapsMs: [], drops: 0 };
    this.#rows.set(name, row);
    return row;
  }

  async #allPlayFor(fromMs: number, limitMs: number, settleMs: number): Promise<void> {
    const silent = () => this.players.filter(({ lastFrameAtMs }) => lastFrameAtMs < fromMs + settleMs);
    const { lateness } = this;
    await until(
      () => silent().length === 0 && this.players.every((player) => isPlaying(player, BUSY * lateness.recentMs)),
      limitMs + settleMs + BUSY * PATIENCE * lateness.recentMs,
      () =>
        `players: ${silent().map(({ url, drops }) => `${url} (${drops.join("; ")})`).join(", ")}\n${this.cluster.logs}`,
    );
  }
}

function nameOf(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

function isPlaying({ lastFrameAtMs }: FaultPlayer, slackMs: number): boolean {
  return lastFrameAtMs > performance.now() - PLAYING_MS - slackMs;
}
