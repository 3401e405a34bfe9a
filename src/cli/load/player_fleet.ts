import type { SkimmedMessage } from "./chunk_skimmer.ts";
import { FlvLoadClient } from "./flv_load_client.ts";
import { readStamp } from "./frame_stamp.ts";
import { describeFileError } from "../../base/file_error.ts";
import { type Quantiles, quantiles, TimeHistogram } from "./quantiles.ts";
import { type LoadClientOptions, RtmpLoadClient } from "./rtmp_load_client.ts";

/** Whom to play, and how often. */
export interface FleetOptions {
  /** Over which protocol. */
  readonly protocol: "rtmp" | "http";
  readonly host: string;
  readonly port: number;
  readonly app: string;
  readonly stream: string;
  readonly players: number;
  /** Different streams, played in turn: see {@link numberedStream}. */
  readonly streams: number;
  /** From the first player to the last. */
  readonly rampMs: number;
  readonly bufferBytes: number;
}

/** How the players are. */
export interface FleetSummary {
  players: number;
  connected: number;
  /** Players that have had no frame. */
  failed: number;
  /** Why, each reason once. */
  failures: string[];
  /** From the request to the first keyframe. */
  firstFrameMs: Quantiles;
}

/** How the players were since {@link PlayerFleet.begin}. */
export interface FleetWindow extends FleetSummary {
  bytes: number;
  frames: number;
  /** Frames that are missing between those that came, of media with stamps. */
  drops: number;
  /** Connections that ended. */
  lost: number;
  /** Longest time that the load itself was late. */
  stallMs: number;
  /** From the publisher's write to the player's read, of media with stamps. */
  latencyMs: Quantiles;
  /** How far each player was behind the freshest read of its stream, at worst. */
  lagMs: Quantiles;
  /** Longest time without a byte, of each player. */
  gapMs: Quantiles;
}

/** Stream number `index` of `count`. */
export function numberedStream(name: string, index: number, count: number): string {
  return count === 1 ? name : `${name}${index}`;
}

const READY_AFTER_RAMP_MS = 15_000;
const FIRST_ALONE_MS = 5000;
const STALL_STEP_MS = 10;

/** Wall clock minus timestamp of the freshest read of a window: the zero of the lag, one for each stream. */
interface StreamClock {
  bestMs: number;
}

/** Plays a stream many times at the least cost. */
export class PlayerFleet {
  readonly #options: FleetOptions;
  readonly #counters = { bytes: 0, frames: 0, drops: 0, lost: 0, stallMs: 0 };
  readonly #latency = new TimeHistogram();
  readonly #failures = new Set<string>();
  readonly #clocks: StreamClock[];
  readonly #players: LoadPlayer[];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #isStopped = false;

  constructor(options: FleetOptions) {
    this.#options = options;
    const { players, streams } = options;
    this.#clocks = Array.from({ length: streams }, (): StreamClock => ({ bestMs: Infinity }));
    const shared = { counters: this.#counters, latency: this.#latency, failures: this.#failures };
    this.#players = Array.from(
      { length: players },
      (_, i) => new LoadPlayer(this.#clocks[i % streams] ?? { bestMs: Infinity }, shared),
    );
  }

  /**
   * Starts all players: the first one alone, since on an edge it pays for the pull, the others once it has a frame, spread
   * over the ramp. Settles when all have a frame or have failed, or 15 s after the ramp.
   */
  async start(): Promise<FleetSummary & { startedAfterMs: number }> {
    const { rampMs } = this.#options;
    this.#watchStalls();
    this.#play(0);
    await this.#allStarted(this.#players.slice(0, 1), FIRST_ALONE_MS);
    const beganAtMs = performance.now();
    for (let i = 1; i < this.#players.length; i++) this.#later(rampMs * i / this.#players.length, () => this.#play(i));
    await this.#allStarted(this.#players, rampMs + READY_AFTER_RAMP_MS);
    return { ...this.summary(), startedAfterMs: Math.round(performance.now() - beganAtMs) };
  }

  /** Starts a window: counters go back to zero. */
  begin(): void {
    Object.assign(this.#counters, { bytes: 0, frames: 0, drops: 0, lost: 0, stallMs: 0 });
    this.#latency.clear();
    for (const clock of this.#clocks) clock.bestMs = Infinity;
    for (const player of this.#players) player.begin();
  }

  report(): FleetWindow {
    const nowMs = performance.now();
    for (const player of this.#players) player.settle(nowMs);
    const live = this.#players.filter(({ connected }) => connected);
    return {
      ...this.summary(),
      ...this.#counters,
      latencyMs: this.#latency.quantiles(),
      lagMs: quantiles(live.map((player) => player.lagMs())),
      gapMs: quantiles(live.map(({ gapMs }) => gapMs)),
    };
  }

  summary(): FleetSummary {
    const players = this.#players;
    return {
      players: players.length,
      connected: players.filter(({ connected }) => connected).length,
      failed: players.filter(({ firstFrameMs }) => Number.isNaN(firstFrameMs)).length,
      failures: [...this.#failures],
      firstFrameMs: quantiles(players.map(({ firstFrameMs }) => firstFrameMs)),
    };
  }

  /** Ends all connections. */
  stop(): void {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const player of this.#players) player.close();
  }

  #play(i: number): void {
    const { protocol, host, port, app, stream, streams, bufferBytes } = this.#options;
    if (this.#isStopped) return;
    const client = protocol === "http" ? FlvLoadClient : RtmpLoadClient;
    this.#players[i]?.play(client, {
      host,
      port,
      app,
      stream: numberedStream(stream, i % streams, streams),
      bufferBytes,
    });
  }

  #later(delayMs: number, call: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#isStopped) call();
    }, delayMs);
    this.#timers.add(timer);
  }

  async #allStarted(players: LoadPlayer[], timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (!this.#isStopped && players.some((player) => player.isWaiting) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Notes how long the load itself was ever late: what it measures meanwhile is its own fault. */
  #watchStalls(lastMs = performance.now()): void {
    this.#later(STALL_STEP_MS, () => {
      const nowMs = performance.now();
      const { stallMs } = this.#counters;
      this.#counters.stallMs = Math.max(stallMs, Math.round(nowMs - lastMs - STALL_STEP_MS));
      this.#watchStalls(nowMs);
    });
  }
}

/** What the players count together. */
interface FleetShared {
  readonly counters: { bytes: number; frames: number; drops: number; lost: number };
  readonly latency: TimeHistogram;
  readonly failures: Set<string>;
}

const MAX_FAILURES = 20;
const MAX_FAILURE_LENGTH = 200;

/** One player's clockwork. Times are of `performance.now()`. */
class LoadPlayer {
  firstFrameMs = NaN;
  connected = false;
  failed = false;
  behindMs = -Infinity;
  gapMs = 0;
  readonly #clock: StreamClock;
  readonly #shared: FleetShared;
  #client: RtmpLoadClient | FlvLoadClient | null = null;
  #readAtMs = NaN;
  #newestMs = NaN;
  #frame = NaN;

  constructor(clock: StreamClock, shared: FleetShared) {
    this.#clock = clock;
    this.#shared = shared;
  }

  close(): void {
    this.connected = false;
    this.#client?.close();
  }

  get isWaiting(): boolean {
    return Number.isNaN(this.firstFrameMs) && !this.failed;
  }

  async play(
    protocol: typeof RtmpLoadClient | typeof FlvLoadClient,
    options: Omit<LoadClientOptions, "role" | "onMedia" | "onRead">,
  ): Promise<void> {
    try {
      const client: RtmpLoadClient | FlvLoadClient = await protocol.connect({
        ...options,
        role: "play",
        onRead: (count) => this.#onRead(count),
        onMedia: (message) => this.#onMedia(message, client),
      });
      this.#client = client;
      this.connected = true;
      await client.run();
      this.connected = false;
      this.#shared.counters.lost++;
      if (Number.isNaN(this.firstFrameMs)) this.#fail("closed by the server without a frame");
    } catch (error) {
      this.#fail(describeFileError(error));
    }
  }

  begin(): void {
    this.behindMs = -Infinity;
    this.gapMs = 0;
  }

  /** Takes in what the last read brought, and how far it had become stale by now. */
  settle(nowMs: number): void {
    if (Number.isNaN(this.#newestMs)) return;
    this.#clock.bestMs = Math.min(this.#clock.bestMs, this.#readAtMs - this.#newestMs);
    this.behindMs = Math.max(this.behindMs, nowMs - this.#newestMs);
    this.gapMs = Math.max(this.gapMs, nowMs - this.#readAtMs);
  }

  lagMs(): number {
    return this.behindMs - this.#clock.bestMs;
  }

  #fail(why: string): void {
    this.failed = true;
    if (this.#shared.failures.size < MAX_FAILURES) this.#shared.failures.add(why.slice(0, MAX_FAILURE_LENGTH));
  }

  #onRead(count: number): void {
    this.#shared.counters.bytes += count;
    const nowMs = performance.now();
    this.settle(nowMs);
    this.#readAtMs = nowMs;
  }

  #onMedia(message: SkimmedMessage, client: { requestedAtMs: number }): void {
    const { typeId, timestampMs, head } = message;
    if (typeId === 18) return;
    this.#shared.counters.frames++;
    if (!(timestampMs < this.#newestMs)) this.#newestMs = timestampMs;
    if (typeId === 8) return;
    const stamp = readStamp(head);
    if (stamp !== null) {
      this.#shared.latency.add(performance.timeOrigin + this.#readAtMs - stamp.sentAtMs);
      if (stamp.frame > this.#frame + 1) this.#shared.counters.drops += stamp.frame - this.#frame - 1;
      this.#frame = stamp.frame;
    }
    if (!Number.isNaN(this.firstFrameMs) || !isKeyframe(head)) return;
    this.firstFrameMs = performance.now() - client.requestedAtMs;
  }
}

/** A keyframe with picture data, not a sequence header. Source: E-RTMP v1 (FourCC header), FLV 10.1 E.4.3. */
function isKeyframe(head: Uint8Array): boolean {
  const [byte0 = 0, byte1 = 0] = head;
  if (((byte0 >> 4) & 7) !== 1) return false;
  return (byte0 & 0x80) !== 0 ? (byte0 & 15) === 1 || (byte0 & 15) === 3 : byte1 === 1;
}
