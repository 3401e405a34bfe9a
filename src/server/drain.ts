import type { TimerHandle, Timers } from "../base/clock.ts";
import { moveAddress, redirectAddress } from "../cluster/redirect.ts";
import type { ServerAddress, StreamDirectory } from "../cluster/directory.ts";
import { type Config, type VhostConfig, type VhostHandle } from "../config/mod.ts";
import { orderByHash } from "../upstream/origin_pool.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import { SentAway } from "./sent_away.ts";

/** Where a client of a server that stops should go. */
export interface Destination {
  /** Full address of its stream, as for RTMP 302. */
  stream: string;
  /** Address of the same app, for a new connection. */
  tcUrl: string;
}

/** Pause between two searches for a coworker that stands in. */
const SEARCH_AGAIN_MS = 500;
/** Clients that look at the same time share a search. */
const SHARED_MS = 500;

/** What is needed of a server. */
export interface DrainContext {
  readonly config: Config;
  readonly timers: Timers;
  readonly directory: Pick<StreamDirectory, "standIns">;
  /** Told at once, by which the others know; absent or null where there is none. */
  readonly engine?: { announceFacts(): void } | null;
}

/** The end of a server, from the moment that it is known: who takes over from it. */
export class Drain {
  readonly sentAway: SentAway;
  readonly #context: DrainContext;
  readonly #searches = new Map<string, { atMs: number; found: Promise<readonly ServerAddress[]> }>();
  #isOn = false;
  #isAnnounced = false;

  constructor(context: DrainContext) {
    this.#context = context;
    this.sentAway = new SentAway(context.timers);
  }

  /** The server is about to stop: it serves whom it has, and takes nobody but those that relay its streams. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** The server will stop: it still takes clients, but no more should be sent here. */
  get isAnnounced(): boolean {
    return this.#isAnnounced;
  }

  announce(): void {
    this.#isAnnounced = true;
  }

  begin(): void {
    this.#isAnnounced = true;
    this.#isOn = true;
    this.#context.engine?.announceFacts();
  }

  /** Whether there are other origins that may take over. */
  hasCoworkers({ cluster }: VhostConfig): boolean {
    if (cluster.mode === "remote") return false;
    return this.#context.config.directory.enabled || (cluster.originCluster && cluster.coworkers.length > 0);
  }

  /** Looks for a coworker that takes the clients of a stream over, until there is one or it is disposed. */
  search(vhost: VhostHandle, url: StreamUrl, onFound: (to: Destination) => void): Disposable {
    let timer: TimerHandle | null = null;
    let stopped = false;
    const look = async () => {
      const to = await this.findDestination(vhost, url);
      if (stopped) return;
      if (to !== null) onFound(to);
      else timer = this.#context.timers.after(SEARCH_AGAIN_MS, look);
    };
    look();
    return {
      [Symbol.dispose]() {
        stopped = true;
        timer?.cancel();
      },
    };
  }

  /** A coworker that takes the clients of a stream over, the same one for all; null if there is none now. */
  async findDestination(vhost: VhostHandle, url: StreamUrl): Promise<Destination | null> {
    const standIns = await this.#findStandIns(vhost, url);
    const named = standIns.map((address) => ({ ...address, text: `${address.ip} ${address.port}` }));
    const [standIn] = orderByHash(named, url.key);
    return standIn === undefined ? null : { stream: redirectAddress(url, standIn), tcUrl: moveAddress(url, standIn) };
  }

  #findStandIns(vhost: VhostHandle, url: StreamUrl): Promise<readonly ServerAddress[]> {
    const nowMs = this.#context.timers.nowMs();
    const { name } = vhost.now;
    const known = this.#searches.get(name);
    if (known !== undefined && nowMs - known.atMs < SHARED_MS) return known.found;
    const found = this.#context.directory.standIns({ vhost, url });
    this.#searches.set(name, { atMs: nowMs, found });
    return found;
  }
}
