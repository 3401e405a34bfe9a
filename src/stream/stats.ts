import { timestampDiff } from "../rtmp/timestamp.ts";

/** So many samples are enough for a rate, and a player has two meters. */
const SAMPLES = 6;

/** Rate of a growing counter over the last 30 seconds, or as many as the window has, from samples taken now and then. */
export class RateMeter {
  readonly #windowMs: number;
  #samples: { atMs: number; total: number }[] = [];

  constructor(windowMs = 30_000) {
    this.#windowMs = windowMs;
  }

  /** Enters the counter's value; calls closer to the last one than a sixth of the window are ignored. */
  sample(atMs: number, total: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < this.#windowMs / SAMPLES) return;
    this.#samples.push({ atMs, total });
    while (this.#samples.length > 2 && atMs - this.#samples[1]!.atMs >= this.#windowMs) this.#samples.shift();
  }

  /** Kilobits a second between the oldest sample of the window and now, for a counter of bytes. */
  kbps(atMs: number, total: number): number {
    const oldest = this.#samples[0];
    if (oldest === undefined || atMs - oldest.atMs < 100) return 0;
    return Math.round((total - oldest.total) * 8 / (atMs - oldest.atMs));
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
