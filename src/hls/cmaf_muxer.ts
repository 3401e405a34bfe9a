import { fragment, type Mp4Run, type Mp4Sample } from "../mp4/fragment.ts";
import { audioTimescale, Mp4TrackId, type Mp4Tracks, VIDEO_TIMESCALE } from "../mp4/init_segment.ts";
import type { MuxerPicture, MuxerSound, SegmentMuxer } from "./muxer.ts";

const TICKS_PER_MS = VIDEO_TIMESCALE / 1000;
const DEFAULT_STEP_TICKS = VIDEO_TIMESCALE / 25;
/** Audio whose time differs by less from where the audio before it ends goes on there: times have whole milliseconds. */
const SOUND_JITTER_MS = 30;

/** What a fragment says of each frame. */
const SAMPLE_BYTES = 16;

/** A frame whose duration is not known yet. */
type Timed = Omit<Mp4Sample, "duration">;

/**
 * A segment of CMAF, each part one `moof` and one `mdat`.
 *
 * A video frame lasts until the next. Audio frames last as long as their samples play; their times are counted in samples
 * from the first of the segment, and set right by the stream's where these are off.
 */
export class CmafMuxer implements SegmentMuxer {
  readonly #holeTicks: number;
  readonly #sequenceOf: (part: number) => number;
  #part = 0;
  #pendingBytes = 0;
  #pictures: Timed[] = [];
  #pictureTime = -1;
  #stepTicks = DEFAULT_STEP_TICKS;
  #sounds: MuxerSound[] = [];
  /** Where audio goes on, in samples; null before the first of the segment. */
  #soundTime: number | null = null;

  /**
   * @param sequenceOf Sequence number of each part's fragment.
   * @param holeMs If the next frame comes later than this, there is a hole, and the last frame lasts as the one before.
   */
  constructor(sequenceOf: (part: number) => number, holeMs: number) {
    this.#sequenceOf = sequenceOf;
    this.#holeTicks = holeMs * TICKS_PER_MS;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  addPicture({ timeMs, compositionMs, isKeyframe, body }: MuxerPicture): void {
    const time = Math.max(timeMs * TICKS_PER_MS, this.#pictureTime + 1);
    const composition = timeMs * TICKS_PER_MS + compositionMs * TICKS_PER_MS - time;
    this.#pictureTime = time;
    this.#pendingBytes += SAMPLE_BYTES + body.length;
    this.#pictures.push({ time, composition, isKeyframe, data: body.slice() });
  }

  addSound(sound: MuxerSound): void {
    this.#pendingBytes += SAMPLE_BYTES + sound.body.length;
    this.#sounds.push({ ...sound, body: sound.body.slice() });
  }

  takePart(tracks: Mp4Tracks, endMs: number): Uint8Array {
    const runs: Mp4Run[] = [];
    if (tracks.video !== null && this.#pictures.length > 0) {
      runs.push({ trackId: Mp4TrackId.Video, samples: this.#takePictures(endMs * TICKS_PER_MS) });
    }
    if (tracks.audio !== null && this.#sounds.length > 0) {
      runs.push({ trackId: Mp4TrackId.Audio, samples: this.#takeSounds(audioTimescale(tracks.audio)) });
    }
    this.#pictures = [];
    this.#sounds = [];
    this.#pendingBytes = 0;
    return fragment(this.#sequenceOf(this.#part++), runs);
  }

  #takePictures(end: number): Mp4Sample[] {
    return this.#pictures.map((picture, i) => {
      const next = this.#pictures[i + 1]?.time;
      const lasts = (next ?? end) - picture.time;
      // Inside a run, only durations tell when the next frame comes.
      if (next !== undefined || lasts > 0 && lasts <= this.#holeTicks) this.#stepTicks = lasts;
      return { ...picture, duration: this.#stepTicks };
    });
  }

  #takeSounds(rate: number): Mp4Sample[] {
    const jitter = SOUND_JITTER_MS * rate / 1000;
    const timed = this.#sounds.map(({ timeMs, samples, body }) => {
      const told = Math.round(timeMs * rate / 1000);
      const expected = this.#soundTime;
      const time = expected !== null && Math.abs(told - expected) <= jitter ? expected : told;
      this.#soundTime = time + samples;
      return { time, samples, data: body };
    });
    return timed.map(({ time, samples, data }, i) => {
      const duration = Math.max(1, (timed[i + 1]?.time ?? time + samples) - time);
      return { time, duration, composition: 0, isKeyframe: true, data };
    });
  }
}
