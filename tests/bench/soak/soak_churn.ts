import { PublisherFleet } from "../../../src/cli/load/publisher_fleet.ts";
import type { Prng } from "../../kit/media/mutate.ts";
import { playOnce } from "./soak_player.ts";

/** Ports of a server. */
export interface SoakPorts {
  readonly rtmp: number;
  readonly http: number;
}

/** Who comes and goes. */
export interface ChurnOptions {
  /** Publishes go to the first one; plays to any. */
  readonly servers: readonly SoakPorts[];
  readonly streams: number;
  readonly players: number;
  readonly kbps: number;
  readonly prng: Prng;
}

/** What has happened so far. */
export interface ChurnCounts {
  publishes: number;
  plays: number;
  /** Plays that stood still before they were closed. */
  stalls: number;
  /** Plays that the server ended. */
  endedByServer: number;
  /** Plays that never had a byte of media. */
  empty: number;
  bytes: number;
}

/** Publishes last so long, and are away so long, ms. */
const PUBLISH_MS = [10_000, 60_000] as const;
const AWAY_MS = [100, 4000] as const;
/** A player reads so long; every third then stands still so long, so that its socket is full when it is closed. */
const READ_MS = [200, 20_000] as const;
const STALL_MS = [500, 15_000] as const;
const STALLS_EVERY = 3;
/** Less is an answer, and no media. */
const LEAST_MEDIA_BYTES = 8 * 1024;

/** Publishers and players that come and go without an end: each as soon as the one before it has left. */
export class SoakChurn implements AsyncDisposable {
  readonly counts: ChurnCounts = { publishes: 0, plays: 0, stalls: 0, endedByServer: 0, empty: 0, bytes: 0 };
  readonly #options: ChurnOptions;
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  constructor(options: ChurnOptions) {
    this.#options = options;
    for (let i = 0; i < options.streams; i++) this.#running.push(this.#publish(i));
    for (let i = 0; i < options.players; i++) this.#running.push(this.#play());
  }

  /** Lets nobody come any more, and waits until all have left. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #publish(index: number): Promise<void> {
    const { servers: [server], kbps } = this.#options;
    while (!this.#isOver) {
      const fleet = new PublisherFleet({
        host: "127.0.0.1",
        port: server?.rtmp ?? 0,
        app: "live",
        stream: `soak${index}`,
        streams: 1,
        kbps,
        file: null,
        portionMs: 0,
      });
      try {
        await fleet.start();
        this.counts.publishes++;
        await this.#wait(this.#between(PUBLISH_MS));
      } catch {
        // The server may hold the stream a moment longer than its publisher.
      }
      fleet.stop();
      await this.#wait(this.#between(AWAY_MS));
    }
  }

  async #play(): Promise<void> {
    const { servers, streams, prng } = this.#options;
    const { counts } = this;
    while (!this.#isOver) {
      const server = prng.pick(servers);
      const protocol = prng.pick(["rtmp", "http"] as const);
      const stallMs = prng.below(STALLS_EVERY) === 0 ? this.#between(STALL_MS) : 0;
      const { bytes, isEndedByServer } = await playOnce({
        protocol,
        port: server[protocol],
        stream: `soak${prng.below(streams)}`,
        readMs: this.#between(READ_MS),
        stallMs,
      });
      counts.plays++;
      counts.bytes += bytes;
      if (stallMs > 0 && !isEndedByServer) counts.stalls++;
      if (isEndedByServer) counts.endedByServer++;
      if (bytes < LEAST_MEDIA_BYTES) counts.empty++;
    }
  }

  /** Waits in steps, so that the end comes soon. */
  async #wait(ms: number): Promise<void> {
    const endMs = performance.now() + ms;
    while (!this.#isOver && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 100));
  }

  #between([from, to]: readonly [number, number]): number {
    return from + this.#options.prng.below(to - from);
  }
}
