import { audioFlags, MediaFlag, videoFlags } from "./codec.ts";
import { type FlvTag, FlvTagType } from "./tag.ts";

/** A tag with its place on one timeline that goes on over all passes of a file. */
export interface TimedTag {
  /** One of {@link FlvTagType}. */
  type: number;
  /** Milliseconds from 0 on; does not wrap. */
  timeMs: number;
  payload: Uint8Array;
  /** Bits of {@link MediaFlag}; 0 for scripts. */
  flags: number;
}

/** Options of {@link FlvLooper}. */
export interface FlvLooperOptions {
  /** More passes follow: marks of the end of a stream are left out. */
  endless: boolean;
}

/** A step back within audio or video beyond this is a break (joined files, a restarted encoder), not disorder. */
const MAX_STEP_BACK_MS = 500;
/** As is a longer step ahead, for which nobody would wait, and audio and video further apart than this. */
const MAX_APART_MS = 10_000;
/** A longer distance between two frames says nothing of how long a frame lasts. */
const MAX_FRAME_MS = 1000;
/** Tags without media keep their own time when it is this near to that of the media. */
const NEAR_MS = 1000;

/** What is known of one kind of media. */
interface Track {
  /** Time of its latest frame; -Infinity before there was one in this pass. */
  latestMs: number;
  /** Where the frame with the highest time ends. */
  endMs: number;
  /** Distance of its last two frames: how long one lasts. */
  frameMs: number;
}

/**
 * Puts the tags of an FLV file, read again and again, on one timeline.
 *
 * One offset holds for audio and video of a pass, so that they keep their distance over any number of passes. The next
 * pass begins where the longer of the two ended. A break of time within the file is closed in the same way; small
 * disorder is left as it is. The file may begin at any time, even a negative one, and its times may wrap.
 */
export class FlvLooper {
  readonly #endless: boolean;
  readonly #audio: Track = { latestMs: -Infinity, endMs: 0, frameMs: 23 };
  readonly #video: Track = { latestMs: -Infinity, endMs: 0, frameMs: 40 };
  /** What is added to the file's times; null before the first frame of a pass. */
  #offsetMs: number | null = null;
  #raw: number | null = null;
  #unwrapped = 0;
  #latestMs = 0;
  /** First frame of the pass, in file time. */
  #firstMs = 0;
  /** How much earlier than the first frame of a pass its earliest one is. */
  #leadMs = 0;
  #isBroken = false;
  #frames = 0;

  constructor(options: FlvLooperOptions) {
    this.#endless = options.endless;
  }

  /** Frames of audio and video since the pass began. */
  get frames(): number {
    return this.#frames;
  }

  /** The file is read from its beginning. */
  startPass(): void {
    this.#offsetMs = null;
    this.#raw = null;
    this.#isBroken = false;
    this.#frames = 0;
    this.#audio.latestMs = this.#video.latestMs = -Infinity;
  }

  /** Maps the next tag of the file; null for one to be left out. */
  map(tag: FlvTag): TimedTag | null {
    const { type, payload } = tag;
    const flags = type === FlvTagType.Video ? videoFlags(payload) : type === FlvTagType.Audio ? audioFlags(payload) : 0;
    if (this.#endless && (flags & MediaFlag.SequenceEnd) !== 0) return null;
    const fileMs = this.#unwrap(tag.timestampMs);
    return {
      type,
      timeMs: isFrame(type, flags) ? this.#mapFrame(type, fileMs) : this.#mapOther(fileMs),
      payload,
      flags,
    };
  }

  /** FLV times are signed 32-bit; from the first one on only distances count. */
  #unwrap(timestampMs: number): number {
    this.#unwrapped = this.#raw === null ? timestampMs | 0 : this.#unwrapped + ((timestampMs - this.#raw) | 0);
    this.#raw = timestampMs;
    return this.#unwrapped;
  }

  #mapFrame(type: number, fileMs: number): number {
    const track = type === FlvTagType.Video ? this.#video : this.#audio;
    const seamMs = Math.max(this.#audio.endMs, this.#video.endMs);
    if (this.#offsetMs === null) {
      this.#firstMs = fileMs;
      this.#offsetMs = seamMs + this.#leadMs - fileMs;
    } else {
      const timeMs = fileMs + this.#offsetMs;
      const broken = timeMs < track.latestMs - MAX_STEP_BACK_MS || Math.abs(timeMs - this.#latestMs) > MAX_APART_MS;
      if (broken) {
        this.#isBroken = true;
        this.#offsetMs = seamMs - fileMs;
      } else if (!this.#isBroken) this.#leadMs = Math.max(this.#leadMs, this.#firstMs - fileMs);
    }
    // Only frames before the very first one of the first pass could come out negative.
    const timeMs = Math.max(0, fileMs + this.#offsetMs);
    this.#note(track, timeMs);
    return timeMs;
  }

  #note(track: Track, timeMs: number): void {
    const stepMs = timeMs - track.latestMs;
    if (stepMs > 0 && stepMs <= MAX_FRAME_MS) track.frameMs = stepMs;
    track.latestMs = timeMs;
    track.endMs = Math.max(track.endMs, timeMs + track.frameMs);
    this.#latestMs = Math.max(this.#latestMs, timeMs);
    this.#frames++;
  }

  /** Headers and scripts often bear 0 in a file that begins elsewhere: then they go with the media beside them. */
  #mapOther(fileMs: number): number {
    if (this.#offsetMs === null) return Math.max(this.#audio.endMs, this.#video.endMs);
    const timeMs = fileMs + this.#offsetMs;
    return Math.abs(timeMs - this.#latestMs) <= NEAR_MS ? Math.max(0, timeMs) : this.#latestMs;
  }
}

function isFrame(type: number, flags: number): boolean {
  const noFrame = MediaFlag.SequenceHeader | MediaFlag.ExtraHeader | MediaFlag.SequenceEnd;
  return (type === FlvTagType.Audio || type === FlvTagType.Video) && (flags & noFrame) === 0;
}
