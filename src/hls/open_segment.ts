import type { AudioTrackConfig, VideoTrackConfig } from "../flv/track_config.ts";
import type { Mp4Tracks } from "../mp4/init_segment.ts";
import type { MuxerPicture, MuxerSound, SegmentMuxer } from "./muxer.ts";
import type { BegunSegment, InitSegment, Segment, SegmentPart } from "./segment.ts";

/** Where a segment begins. */
export interface OpenSegmentStart {
  readonly number: number;
  readonly startMs: number;
  readonly tracks: Mp4Tracks;
}

/** What becomes known of a segment with its first part. */
export interface TrackFacts {
  readonly init: InitSegment | null;
  readonly discontinuity: number;
}

/** Frames end at the latest so long after they begin, where nothing else tells. */
const DEFAULT_STEP_MS = 40;

/** The segment under way. */
export class OpenSegment implements BegunSegment {
  readonly number: number;
  readonly startMs: number;
  readonly #muxer: SegmentMuxer;
  readonly #describe: (tracks: Mp4Tracks) => TrackFacts;
  readonly #parts: SegmentPart[] = [];
  #tracks: Mp4Tracks;
  #facts: TrackFacts | null = null;
  #partStartMs: number;
  #isPartIndependent: boolean | null = null;
  #videoMs: number | null = null;
  #stepMs = DEFAULT_STEP_MS;
  #soundEndMs = -Infinity;
  #lastMs: number;
  #byteLength = 0;

  constructor(
    { number, startMs, tracks }: OpenSegmentStart,
    muxer: SegmentMuxer,
    describe: (tracks: Mp4Tracks) => TrackFacts,
  ) {
    this.number = number;
    this.startMs = this.#partStartMs = this.#lastMs = startMs;
    this.#tracks = tracks;
    this.#muxer = muxer;
    this.#describe = describe;
  }

  get tracks(): Mp4Tracks {
    return this.#tracks;
  }

  /** Parts that are complete. */
  get parts(): readonly SegmentPart[] {
    return this.#parts;
  }

  get init(): InitSegment | null {
    return this.#known().init;
  }

  get discontinuity(): number {
    return this.#known().discontinuity;
  }

  /** Bytes of the frames and parts in it. */
  get byteLength(): number {
    return this.#byteLength + this.#muxer.pendingBytes;
  }

  /** Something is there for the next part. */
  get hasFrames(): boolean {
    return this.#muxer.pendingBytes > 0;
  }

  /** Has parts, so that its tracks can no longer change. */
  get isFixed(): boolean {
    return this.#parts.length > 0;
  }

  /** A track that comes before the first part is one of the segment. */
  addTrack(tracks: Mp4Tracks): void {
    if (!this.isFixed) this.#tracks = tracks;
  }

  addPicture(picture: MuxerPicture, track: VideoTrackConfig): void {
    if (this.#videoMs !== null) this.#stepMs = Math.max(1, picture.timeMs - this.#videoMs);
    this.#videoMs = this.#lastMs = picture.timeMs;
    this.#isPartIndependent ??= picture.isKeyframe;
    this.#muxer.addPicture(picture, track);
  }

  addSound(sound: MuxerSound, track: AudioTrackConfig): void {
    this.#lastMs = Math.max(this.#lastMs, sound.timeMs);
    this.#soundEndMs = sound.timeMs + sound.samples * 1000 / track.sampleRate;
    this.#muxer.addSound(sound, track);
  }

  /** How long the part under way would be if it ended here. */
  partMs(timeMs: number): number {
    return timeMs - this.#partStartMs;
  }

  /** Completes the part under way, of which something is there. */
  endPart(endMs: number): void {
    const isIndependent = this.#isPartIndependent ?? this.#tracks.video === null;
    const bytes = this.#muxer.takePart(this.#tracks, endMs);
    const durationMs = Math.max(1, endMs - this.#partStartMs);
    this.#known();
    this.#parts.push({ index: this.#parts.length, startMs: this.#partStartMs, durationMs, isIndependent, bytes });
    this.#partStartMs = endMs;
    this.#isPartIndependent = null;
    this.#byteLength += bytes.length;
  }

  /**
   * Completes the segment.
   *
   * @param nextMs Time of the frame that comes next, null if there is none: then it ends with its last frame. So it does if
   *   that frame comes later than `holeMs`.
   */
  end(nextMs: number | null, holeMs: number): Segment {
    const isHole = nextMs === null || nextMs - this.#lastMs > holeMs;
    const endMs = isHole ? this.#mediaEndMs(holeMs) : Math.max(nextMs, this.#partStartMs + 1);
    if (this.hasFrames) this.endPart(endMs);
    const { number, startMs, parts, tracks, init, discontinuity } = this;
    const durationMs = parts.reduce((sum, part) => sum + part.durationMs, 0);
    const isIndependent = parts[0]?.isIndependent ?? false;
    const byteLength = this.#byteLength;
    return {
      kind: "segment",
      number,
      startMs,
      durationMs,
      discontinuity,
      tracks,
      init,
      parts,
      isIndependent,
      byteLength,
    };
  }

  /** Sound that rings on behind the last picture does not make the segment longer. */
  #mediaEndMs(holeMs: number): number {
    const pictureEndMs = this.#videoMs === null ? -Infinity : this.#videoMs + Math.min(this.#stepMs, holeMs);
    const hasPicture = pictureEndMs > this.#soundEndMs - holeMs;
    return Math.round(Math.max(hasPicture ? pictureEndMs : this.#soundEndMs, this.#partStartMs + 1));
  }

  #known(): TrackFacts {
    return this.#facts ??= this.#describe(this.#tracks);
  }
}
