import type { Timers } from "../../base/clock.ts";
import { escapeControls } from "../../base/log.ts";
import type { TlsDialOptions } from "../../net/tls/dial.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import type { CliIo } from "../command.ts";
import { pause } from "../pause.ts";
import type { StreamTarget } from "../stream_target.ts";
import { failureOf } from "./hints.ts";
import { MediaMeter } from "./meter.ts";
import { followRedirects } from "./redirects.ts";

/** Something to tell while a stream is watched. */
export interface WatchEvent {
  /** A second has gone; a gap is over that viewers saw; the stream was lost; the last word. */
  readonly event: "second" | "gap" | "lost" | "end";
  readonly elapsedMs: number;
  /** That sends, `host:port`; empty while none does. */
  readonly server: string;
  /** Since the last such event; at the end, all. */
  readonly frames: number;
  readonly kbps: number;
  /** Longest time between two frames, with one that has not ended; at the end, of all. */
  readonly longestGapMs: number;
  /** What happened, in words; empty for a second. */
  readonly text: string;
}

/** Options of {@link watchStream}. */
export interface WatchOptions {
  readonly target: StreamTarget;
  readonly tls: TlsDialOptions;
  /** Of each try, until the first media. */
  readonly timeoutMs: number;
  readonly timers: Timers;
  readonly stop: AbortSignal;
  show(event: WatchEvent): void;
}

const SECOND_MS = 1000;
/** Longer than this between two frames is worth a line. */
const GAP_MS = 500;
/** As long as a timer can be: some 24 days, after which it plays anew. */
const FOREVER_MS = 2 ** 31 - 1;
const FIRST_PAUSE_MS = 200;
const MAX_PAUSE_MS = 2000;
const Exit = { Found: 0, NotFound: 1, Unreachable: 3 } as const;

/** Plays a stream until it is stopped, and tells how it comes. Never throws. @returns The exit status. */
export async function watchStream(options: WatchOptions): Promise<number> {
  const { timers, stop } = options;
  const watch = new Watch(options);
  let pauseMs = FIRST_PAUSE_MS;
  while (!stop.aborted) {
    const meter = new WatchMeter(watch);
    const { servers, refusal } = await followRedirects(
      { ...options, measureMs: FOREVER_MS, events: { onServer: (server) => watch.server = server, onStep() {} } },
      meter,
      timers.nowMs() + options.timeoutMs,
    );
    if (stop.aborted) break;
    const last = servers.at(-1)!;
    watch.wasReached ||= servers.some(({ handshakeMs }) => handshakeMs !== null);
    watch.onLost(failureOf(last, refusal)?.message ?? last.error ?? "the stream ended");
    pauseMs = last.result === "media" ? FIRST_PAUSE_MS : Math.min(MAX_PAUSE_MS, 2 * pauseMs);
    await pause(timers, pauseMs, stop);
  }
  return watch.end();
}

/** Counts what has come, over all connections. */
class Watch {
  server = "";
  wasReached = false;
  readonly #options: WatchOptions;
  readonly #startMs: number;
  readonly #ticking = new AbortController();
  #lastFrameMs: number | null = null;
  #isFed = false;
  #losses = 0;
  #second = { frames: 0, bytes: 0, longestGapMs: 0 };
  #frames = 0;
  #bytes = 0;
  #longestGapMs = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#startMs = options.timers.nowMs();
    this.#tick();
  }

  onFrame(bytes: number): void {
    const nowMs = this.#options.timers.nowMs();
    const gapMs = this.#lastFrameMs === null ? 0 : nowMs - this.#lastFrameMs;
    this.#lastFrameMs = nowMs;
    this.#isFed = true;
    this.#frames++;
    this.#bytes += bytes;
    this.#second.frames++;
    this.#second.bytes += bytes;
    this.#second.longestGapMs = Math.max(this.#second.longestGapMs, gapMs);
    this.#longestGapMs = Math.max(this.#longestGapMs, gapMs);
    if (gapMs > GAP_MS) this.#tell("gap", `viewers saw a gap of ${Math.round(gapMs)} ms`, gapMs);
  }

  onLost(why: string): void {
    if (this.#isFed) this.#losses++;
    this.#isFed = false;
    this.#tell("lost", `${this.server}: ${why}`, this.#openGapMs());
    this.server = "";
  }

  end(): number {
    this.#ticking.abort();
    const elapsedMs = this.#options.timers.nowMs() - this.#startMs;
    const gapMs = Math.round(Math.max(this.#longestGapMs, this.#openGapMs()));
    const losses = this.#losses === 1 ? "lost once" : `lost ${this.#losses} times`;
    this.#options.show({
      event: "end",
      elapsedMs: Math.round(elapsedMs),
      server: this.server,
      frames: this.#frames,
      kbps: Math.round(this.#bytes * 8 / Math.max(1, elapsedMs)),
      longestGapMs: gapMs,
      text: `watched for ${Math.round(elapsedMs / 1000)} s: ${this.#frames} frames, longest gap ${gapMs} ms, ${losses}`,
    });
    if (this.#frames > 0) return Exit.Found;
    return this.wasReached || this.server !== "" ? Exit.NotFound : Exit.Unreachable;
  }

  async #tick(): Promise<void> {
    const { timers } = this.#options;
    const { signal } = this.#ticking;
    for (let dueMs = this.#startMs + SECOND_MS;; dueMs += SECOND_MS) {
      await pause(timers, Math.max(0, dueMs - timers.nowMs()), signal);
      if (signal.aborted) return;
      const { frames, bytes, longestGapMs } = this.#second;
      this.#second = { frames: 0, bytes: 0, longestGapMs: 0 };
      this.#tell("second", "", Math.max(longestGapMs, this.#openGapMs()), {
        frames,
        kbps: Math.round(bytes * 8 / SECOND_MS),
      });
    }
  }

  #openGapMs(): number {
    return this.#lastFrameMs === null ? 0 : this.#options.timers.nowMs() - this.#lastFrameMs;
  }

  #tell(event: WatchEvent["event"], text: string, gapMs: number, rate = { frames: 0, kbps: 0 }): void {
    const elapsedMs = Math.round(this.#options.timers.nowMs() - this.#startMs);
    const server = this.#isFed ? this.server : "";
    this.#options.show({ event, elapsedMs, server, ...rate, longestGapMs: Math.round(gapMs), text });
  }
}

/** Tells the watch of each frame. */
class WatchMeter extends MediaMeter {
  readonly #watch: Watch;

  constructor(watch: Watch) {
    super();
    this.#watch = watch;
  }

  override add(message: RtmpMessage, nowMs: number): void {
    const before = this.videoRates.frames + this.audioRates.frames;
    super.add(message, nowMs);
    if (this.videoRates.frames + this.audioRates.frames > before) this.#watch.onFrame(message.payload.length);
  }
}

/** Shows the events as lines for people, or as JSON. */
export function watchPrinter(io: CliIo, isJson: boolean): (event: WatchEvent) => void {
  if (isJson) return (event) => io.out(`${JSON.stringify(event)}\n`);
  return ({ event, elapsedMs, server, frames, kbps, longestGapMs, text }) => {
    const time = new Date(elapsedMs).toISOString().slice(11, 19);
    if (event === "end") return io.out(`${text}\n`);
    if (event !== "second") return io.out(`${time}  ${escapeControls(text).slice(0, 300)}\n`);
    if (server === "") return io.out(`${time}  no stream\n`);
    io.out(`${time}  ${frames} frames  ${kbps} kbit/s  longest gap ${longestGapMs} ms  from ${server}\n`);
  };
}
