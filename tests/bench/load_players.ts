/**
 * Plays a stream N times at the least cost, for measurements of any server of RTMP or HTTP-FLV.
 *
 *     taskset -c 1 deno run -A tests/bench/load_players.ts rtmp://127.0.0.1:1935/live/bench --players 300
 *     taskset -c 1 deno run -A tests/bench/load_players.ts http://127.0.0.1:8080/live/bench --players 300
 *
 * Prints JSON lines, see `control.ts`: `ready` when all players have had their first frame (or 15 s after the ramp),
 * then one `window` line for each window:
 *
 * - `frames`: complete audio and video messages; `skips`: steps of the video time of more than 500 ms.
 * - `firstFrameMs`: from the play command to the first complete keyframe.
 * - `worstLagMs`: how far a player's newest timestamp was ever behind the best player's, the flush interval included:
 *   taken just before new data came, against the stream clock that the freshest player of the window had.
 * - `worstGapMs`: longest time that a player got no bytes.
 */
import { parseArgs } from "@std/cli/parse-args";
import { parseRtmpUrl, runLoad } from "./control.ts";
import type { SkimmedMessage } from "./chunk_skimmer.ts";
import { streamName } from "./load_publisher.ts";
import { FlvClient } from "./flv_client.ts";
import { type ClientOptions, RtmpClient } from "./rtmp_client.ts";

const READY_AFTER_RAMP_MS = 15_000;
const SKIP_MS = 500;

/** Wall clock minus timestamp of the freshest read of a window: the zero of the lag, one for each stream. */
interface StreamClock {
  bestMs: number;
}

const counters = { bytes: 0, frames: 0, keyframes: 0, skips: 0, lost: 0 };

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
  #videoMs = NaN;

  constructor(clock: StreamClock, client: typeof RtmpClient | typeof FlvClient) {
    this.#clock = clock;
    this.#client = client;
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
      if (Number.isNaN(this.firstFrameMs)) this.failed = true;
      counters.lost++;
    } catch {
      this.failed = true;
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

  #onRead(count: number): void {
    counters.bytes += count;
    const nowMs = performance.now();
    this.settle(nowMs);
    this.#readAtMs = nowMs;
  }

  #onMedia(message: SkimmedMessage, client: { requestedAtMs: number }): void {
    const { typeId, timestampMs, byte0, byte1 } = message;
    if (typeId === 18) return;
    counters.frames++;
    if (!(timestampMs < this.#newestMs)) this.#newestMs = timestampMs;
    if (typeId === 8) return;
    if (timestampMs - this.#videoMs > SKIP_MS) counters.skips++;
    this.#videoMs = timestampMs;
    if (!isKeyframe(byte0, byte1)) return;
    counters.keyframes++;
    if (Number.isNaN(this.firstFrameMs)) this.firstFrameMs = performance.now() - client.requestedAtMs;
  }
}

/** A keyframe with picture data, not a sequence header. Source: E-RTMP v1 (FourCC header), FLV 10.1 E.4.3. */
function isKeyframe(byte0: number, byte1: number): boolean {
  if (((byte0 >> 4) & 7) !== 1) return false;
  return (byte0 & 0x80) !== 0 ? (byte0 & 15) === 1 || (byte0 & 15) === 3 : byte1 === 1;
}

/** The value below which `share` of the sorted values lie; null when there are none. */
function quantile(sorted: number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round(value);
}

function quantiles(values: number[]): { p50: number | null; p99: number | null; max: number | null } {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: quantile(sorted, 1) };
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
  const players = Array.from({ length: Number(args.players) }, (_, i): Player => {
    const player = new Player(clocks[i % streams] ?? { bestMs: Infinity }, client);
    const name = streamName(stream, i % streams, streams);
    const start = () => player.play({ host, port, app, stream: name, bufferBytes: Number(args.buffer) });
    setTimeout(start, rampMs * i / Number(args.players));
    return player;
  });
  const summary = () => ({
    players: players.length,
    connected: players.filter(({ connected }) => connected).length,
    failed: players.filter(({ failed }) => failed).length,
    firstFrameMs: quantiles(players.map(({ firstFrameMs }) => firstFrameMs)),
  });
  await runLoad({
    ready: allStarted(players, rampMs + READY_AFTER_RAMP_MS).then(summary),
    begin() {
      Object.assign(counters, { bytes: 0, frames: 0, keyframes: 0, skips: 0, lost: 0 });
      for (const clock of clocks) clock.bestMs = Infinity;
      for (const player of players) player.begin();
    },
    report() {
      const nowMs = performance.now();
      for (const player of players) player.settle(nowMs);
      const live = players.filter(({ connected }) => connected);
      const lag = quantiles(live.map((player) => player.lagMs()));
      return {
        ...summary(),
        ...counters,
        p99LagMs: lag.p99,
        worstLagMs: lag.max,
        worstGapMs: quantiles(live.map(({ gapMs }) => gapMs)).max,
      };
    },
  }, { control: args.control, windowSeconds: Number(args.window), windows: Number(args.windows) });
}

async function allStarted(players: Player[], timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  const waiting = () => players.some(({ firstFrameMs, failed }) => Number.isNaN(firstFrameMs) && !failed);
  while (waiting() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
}

if (import.meta.main) await main();
