/**
 * Plays a stream N times at the least cost, for measurements of any server of RTMP or HTTP-FLV.
 *
 *     taskset -c 1 deno run -A tests/bench/load_players.ts rtmp://127.0.0.1:1935/live/bench --players 300
 *     taskset -c 1 deno run -A tests/bench/load_players.ts http://127.0.0.1:8080/live/bench --players 300
 *
 * The first player comes alone: on an edge it pays for the pull. The others follow once it has a frame, spread over the
 * ramp. Prints JSON lines, see `control.ts`: `ready` when all players have had their first frame (or 15 s after the
 * ramp), then one `window` line for each window. What its fields mean is told with `PlayersWindow` in `measure.ts`.
 */
import { parseArgs } from "@std/cli/parse-args";
import { parseRtmpUrl, runLoad } from "./control.ts";
import type { SkimmedMessage } from "./chunk_skimmer.ts";
import { FlvClient } from "./flv_client.ts";
import { readStamp } from "./frame_stamp.ts";
import { streamName } from "./load_publisher.ts";
import { Histogram, quantiles } from "./quantiles.ts";
import { type ClientOptions, RtmpClient } from "./rtmp_client.ts";

const READY_AFTER_RAMP_MS = 15_000;
const FIRST_ALONE_MS = 5000;
const STALL_STEP_MS = 10;

/** Wall clock minus timestamp of the freshest read of a window: the zero of the lag, one for each stream. */
interface StreamClock {
  bestMs: number;
}

const counters = { bytes: 0, frames: 0, drops: 0, lost: 0, stallMs: 0 };
const latency = new Histogram();
/** Why players had no frame. */
const failures = new Set<string>();

/** One player's clockwork. Times are of `performance.now()`. */
class Player {
  firstFrameMs = NaN;
  connected = false;
  failed = false;
  behindMs = -Infinity;
  gapMs = 0;
  readonly #clock: StreamClock;
  readonly #client: typeof RtmpClient | typeof FlvClient;
  #readAtMs = NaN;
  #newestMs = NaN;
  #frame = NaN;

  constructor(clock: StreamClock, client: typeof RtmpClient | typeof FlvClient) {
    this.#clock = clock;
    this.#client = client;
  }

  get isWaiting(): boolean {
    return Number.isNaN(this.firstFrameMs) && !this.failed;
  }

  async play(options: Omit<ClientOptions, "role" | "onMedia" | "onRead">): Promise<void> {
    try {
      const client: RtmpClient | FlvClient = await this.#client.connect({
        ...options,
        role: "play",
        onRead: (count) => this.#onRead(count),
        onMedia: (message) => this.#onMedia(message, client),
      });
      this.connected = true;
      await client.run();
      this.connected = false;
      counters.lost++;
      if (Number.isNaN(this.firstFrameMs)) this.#fail("closed by the server without a frame");
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
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
    failures.add(why);
  }

  #onRead(count: number): void {
    counters.bytes += count;
    const nowMs = performance.now();
    this.settle(nowMs);
    this.#readAtMs = nowMs;
  }

  #onMedia(message: SkimmedMessage, client: { requestedAtMs: number }): void {
    const { typeId, timestampMs, head } = message;
    if (typeId === 18) return;
    counters.frames++;
    if (!(timestampMs < this.#newestMs)) this.#newestMs = timestampMs;
    if (typeId === 8) return;
    const stamp = readStamp(head);
    if (stamp !== null) {
      latency.add(performance.timeOrigin + this.#readAtMs - stamp.sentAtMs);
      if (stamp.frame > this.#frame + 1) counters.drops += stamp.frame - this.#frame - 1;
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

async function main(): Promise<void> {
  const args = parseArgs(Deno.args, {
    string: ["players", "streams", "ramp", "window", "windows", "buffer"],
    boolean: ["control"],
    default: { players: "100", streams: "1", ramp: "3", window: "10", windows: "1000000", buffer: "65536" },
  });
  const url = String(args._[0]);
  const { host, port, app, stream } = parseRtmpUrl(url);
  const client = url.startsWith("http:") ? FlvClient : RtmpClient;
  const streams = Number(args.streams);
  const rampMs = Number(args.ramp) * 1000;
  const clocks = Array.from({ length: streams }, (): StreamClock => ({ bestMs: Infinity }));
  const players = Array.from(
    { length: Number(args.players) },
    (_, i) => new Player(clocks[i % streams] ?? { bestMs: Infinity }, client),
  );
  const start = (i: number) => {
    const name = streamName(stream, i % streams, streams);
    players[i]?.play({ host, port, app, stream: name, bufferBytes: Number(args.buffer) });
  };
  const summary = () => ({
    players: players.length,
    connected: players.filter(({ connected }) => connected).length,
    failed: players.filter(({ firstFrameMs }) => Number.isNaN(firstFrameMs)).length,
    failures: [...failures],
    firstFrameMs: quantiles(players.map(({ firstFrameMs }) => firstFrameMs)),
  });
  const allReady = async () => {
    start(0);
    await allStarted(players.slice(0, 1), FIRST_ALONE_MS);
    const beganAtMs = performance.now();
    for (let i = 1; i < players.length; i++) setTimeout(() => start(i), rampMs * i / players.length);
    await allStarted(players, rampMs + READY_AFTER_RAMP_MS);
    return { ...summary(), startedAfterMs: Math.round(performance.now() - beganAtMs) };
  };
  watchStalls();
  await runLoad({
    ready: allReady(),
    begin() {
      Object.assign(counters, { bytes: 0, frames: 0, drops: 0, lost: 0, stallMs: 0 });
      latency.clear();
      for (const clock of clocks) clock.bestMs = Infinity;
      for (const player of players) player.begin();
    },
    report() {
      const nowMs = performance.now();
      for (const player of players) player.settle(nowMs);
      const live = players.filter(({ connected }) => connected);
      return {
        ...summary(),
        ...counters,
        latencyMs: latency.quantiles(),
        lagMs: quantiles(live.map((player) => player.lagMs())),
        gapMs: quantiles(live.map(({ gapMs }) => gapMs)),
      };
    },
  }, { control: args.control, windowSeconds: Number(args.window), windows: Number(args.windows) });
}

async function allStarted(players: Player[], timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (players.some((player) => player.isWaiting) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Notes how long the load itself was ever late: what it measures meanwhile is its own fault. */
function watchStalls(): void {
  let lastMs = performance.now();
  setInterval(() => {
    const nowMs = performance.now();
    counters.stallMs = Math.max(counters.stallMs, Math.round(nowMs - lastMs - STALL_STEP_MS));
    lastMs = nowMs;
  }, STALL_STEP_MS);
}

if (import.meta.main) await main();
