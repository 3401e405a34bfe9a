import { type AudioTrackConfig, soundSamples } from "../flv/track_config.ts";
import type { Mp4Sample } from "../mp4/fragment.ts";
import { audioTimescale } from "../mp4/init_segment.ts";

/** Audio whose time differs by less from where the audio before it ends goes on there: times have whole milliseconds. */
const JITTER_MS = 30;
/** Audio that lies further before that is left out: it could only be heard too late. */
const MOST_LATE_MS = 500;

/** The audio frames of the fragment that is being made; each lasts as long as its samples play. */
export class Mp4SoundRun {
  #samples: Mp4Sample[] = [];
  /** Where audio goes on, in samples; null before the first. */
  #next: number | null = null;

  get isEmpty(): boolean {
    return this.#next === null;
  }

  /**
   * Adds a frame, of which the bytes are copied.
   *
   * @param body The codec's own bytes in the payload.
   * @returns False if it was left out.
   */
  add(track: AudioTrackConfig, payload: Uint8Array, body: Uint8Array, atMs: number): boolean {
    const rate = audioTimescale(track);
    const told = Math.round(atMs * rate / 1000);
    const offMs = this.#next === null ? Infinity : (told - this.#next) * 1000 / rate;
    if (offMs < -MOST_LATE_MS) return false;
    const time = offMs <= JITTER_MS && this.#next !== null ? this.#next : told;
    const previous = this.#samples.at(-1);
    // Before a hole the frame lasts longer: inside a fragment, only durations tell when the next one comes.
    if (previous !== undefined) {
      this.#samples[this.#samples.length - 1] = { ...previous, duration: time - previous.time };
    }
    const duration = soundSamples(track, payload);
    this.#next = time + duration;
    this.#samples.push({ time, duration, composition: 0, isKeyframe: true, data: body.slice() });
    return true;
  }

  /** Those of this fragment, in order. */
  take(): Mp4Sample[] {
    const taken = this.#samples;
    this.#samples = [];
    return taken;
  }
}
