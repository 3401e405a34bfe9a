import { timestampDiff } from "../rtmp/timestamp.ts";

/** So many samples are enough for a rate, and a player has two meters. */
const SAMPLES = 6;

/** Rate of a growing counter over the last 30 seconds, or as many as the window has, from samples taken now and then. */
export class RateMeter {
  readonly #windowMs: number;
  /** Times and totals in turn, the oldest first: numbers alone, as each client has two meters. */
  readonly #samples: number[] = [];

  constructor(windowMs = 30_000) {
    this.#windowMs = windowMs;
  }

  /** Enters the counter's value; calls closer to the last one than a sixth of the window are ignored. */
  sample(atMs: number, total: number): void {
    const samples = this.#samples;
    const lastMs = samples.at(-2);
    if (lastMs !== undefined && atMs - lastMs < this.#windowMs / SAMPLES) return;
    samples.push(atMs, total);
    while (samples.length > 4 && atMs - samples[2]! >= this.#windowMs) samples.splice(0, 2);
  }

  /** Kilobits a second between the oldest sample of the window and now, for a counter of bytes. */
  kbps(atMs: number, total: number): number {
    const [oldestMs, oldestTotal] = this.#samples;
    if (oldestMs === undefined || oldestTotal === undefined || atMs - oldestMs < 100) return 0;
    return Math.round((total - oldestTotal) * 8 / (atMs - oldestMs));
  }
}

/** What a source counts; read by the API and the logs. */
export class SourceStats {
  /** Payload bytes from the publisher. */
  bytesIn = 0;
  videoFrames = 0;
  audioFrames = 0;
  /** Stream time between the last two keyframes; 0 before there were two. */
  gopMs = 0;
  #keyframeMs = -1;

  onKeyframe(timestampMs: number): void {
    if (this.#keyframeMs >= 0) this.gopMs = timestampDiff(timestampMs, this.#keyframeMs);
    this.#keyframeMs = timestampMs;
  }
}
