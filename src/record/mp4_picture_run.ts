import type { CodedPicture } from "../flv/coded_frame.ts";
import type { Mp4Sample } from "../mp4/fragment.ts";
import { VIDEO_TIMESCALE } from "../mp4/init_segment.ts";

const TICKS_PER_MS = VIDEO_TIMESCALE / 1000;
const DEFAULT_STEP = VIDEO_TIMESCALE / 25;
/** A frame that lasts longer precedes a hole. */
const LONGEST_STEP = 10 * VIDEO_TIMESCALE;

/** The pictures of the fragment that is being made. A picture lasts until the next: the newest one waits for that. */
export class Mp4PictureRun {
  #samples: Mp4Sample[] = [];
  #newest: Omit<Mp4Sample, "duration"> | null = null;
  #step = DEFAULT_STEP;
  #latest = -1;

  get isEmpty(): boolean {
    return this.#samples.length === 0 && this.#newest === null;
  }

  /** The next picture comes at this time, which the newest one lasts until. */
  complete(nextMs: number): void {
    if (this.#newest === null) return;
    const duration = Math.max(1, nextMs * TICKS_PER_MS - this.#newest.time);
    if (duration <= LONGEST_STEP) this.#step = duration;
    this.#push(duration);
  }

  /** No picture follows that the newest one could last until. */
  close(): void {
    if (this.#newest !== null) this.#push(this.#step);
  }

  /** Adds a picture, of which the bytes are copied. {@link complete} has been called with its time. */
  begin({ compositionMs, isKeyframe, body }: CodedPicture, atMs: number): void {
    const told = atMs * TICKS_PER_MS;
    // Decoding times that stand still, or go back, are not allowed: the picture is shown when it should be.
    const time = Math.max(told, this.#latest + 1);
    this.#latest = time;
    const composition = told + compositionMs * TICKS_PER_MS - time;
    this.#newest = { time, composition, isKeyframe, data: body.slice() };
  }

  /** Those that are complete, in order. */
  take(): Mp4Sample[] {
    const taken = this.#samples;
    this.#samples = [];
    return taken;
  }

  #push(duration: number): void {
    if (this.#newest !== null) this.#samples.push({ ...this.#newest, duration });
    this.#newest = null;
  }
}
