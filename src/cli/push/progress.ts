import type { TimerHandle, Timers } from "../../base/clock.ts";
import { escapeControls } from "../../base/log.ts";
import type { CliIo } from "../command.ts";
import type { PushCounters } from "./feed.ts";

/** What a progress line shows besides the counters. */
export interface PushStatus {
  /** `host:port` that takes the stream now; empty while none does. */
  server: string;
  reconnects: number;
}

/** Options of {@link PushProgress}. */
export interface PushProgressOptions {
  io: CliIo;
  timers: Timers;
  /** One JSON object a line on standard output, instead of text on standard error. */
  json: boolean;
  counters: PushCounters;
  status(): PushStatus;
}

const REDRAW_MS = 500;
const LINE_MS = 5000;
/** Rates are means over this time. */
const WINDOW_MS = 3000;
/** Words of a server may be of any length. */
const MAX_NOTE_LENGTH = 500;

interface Sample {
  atMs: number;
  bytes: number;
  frames: number;
}

/** Shows how a push goes: one line redrawn on a terminal, a line now and then elsewhere. */
export class PushProgress {
  readonly #options: PushProgressOptions;
  readonly #startedMs: number;
  readonly #isRedrawn: boolean;
  readonly #samples: Sample[] = [];
  #timer: TimerHandle | null = null;
  #lastLineMs: number;
  #isDrawn = false;

  constructor(options: PushProgressOptions) {
    this.#options = options;
    this.#startedMs = this.#lastLineMs = options.timers.nowMs();
    this.#isRedrawn = options.io.isTerminal && !options.json;
  }

  start(): void {
    this.#timer = this.#options.timers.after(REDRAW_MS, () => {
      this.#tick();
      this.start();
    });
  }

  /** Shows a last line of progress and stops. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#clear();
  }

  /** Tells something that happened. The text may hold words of a server. */
  note(text: string): void {
    const { io, json } = this.#options;
    if (json) return io.out(`${JSON.stringify({ event: "note", elapsedMs: this.#elapsedMs(), text })}\n`);
    this.#clear();
    io.err(`${escapeControls(text).slice(0, MAX_NOTE_LENGTH)}\n`);
  }

  /** The last word: what was sent in all. */
  summarize(status: number): void {
    const { counters, io, json } = this.#options;
    if (json) return io.out(`${JSON.stringify({ ...this.#progress("end"), status })}\n`);
    const { bytes, videoFrames, droppedFrames } = counters;
    this.note(
      `sent ${formatTime(counters.mediaMs)} of media: ${(bytes / 1e6).toFixed(1)} MB, ${videoFrames} video frames, ` +
        `${droppedFrames} frames dropped, ${count(this.#options.status().reconnects, "reconnect")}`,
    );
  }

  #elapsedMs(): number {
    return Math.round(this.#options.timers.nowMs() - this.#startedMs);
  }

  #tick(): void {
    const { timers, counters, io, json } = this.#options;
    const nowMs = timers.nowMs();
    this.#samples.push({ atMs: nowMs, bytes: counters.bytes, frames: counters.videoFrames });
    while (this.#samples.length > 2 && nowMs - this.#samples[0]!.atMs > WINDOW_MS) this.#samples.shift();
    if (!this.#isRedrawn && nowMs - this.#lastLineMs < LINE_MS) return;
    this.#lastLineMs = nowMs;
    if (json) return io.out(`${JSON.stringify(this.#progress("progress"))}\n`);
    const line = this.#line();
    io.err(this.#isRedrawn ? `\r${line}\x1b[K` : `${line}\n`);
    this.#isDrawn = this.#isRedrawn;
  }

  #line(): string {
    const { server, reconnects } = this.#options.status();
    const { kbps, fps } = this.#rates();
    const parts = [formatTime(this.#elapsedMs())];
    if (server === "") parts.push("not connected");
    else parts.push(`${kbps} kbit/s`, `${fps.toFixed(1)} fps`);
    parts.push(`${this.#options.counters.droppedFrames} dropped`, count(reconnects, "reconnect"));
    return parts.join("  ");
  }

  #progress(event: string) {
    const { counters, status } = this.#options;
    return { event, elapsedMs: this.#elapsedMs(), ...status(), ...this.#rates(), ...counters };
  }

  #rates(): { kbps: number; fps: number } {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return { kbps: 0, fps: 0 };
    const ms = last.atMs - first.atMs;
    return {
      kbps: Math.round((last.bytes - first.bytes) * 8 / ms),
      fps: Math.round((last.frames - first.frames) * 10_000 / ms) / 10,
    };
  }

  #clear(): void {
    if (this.#isDrawn) this.#options.io.err("\r\x1b[K");
    this.#isDrawn = false;
  }
}

function formatTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
