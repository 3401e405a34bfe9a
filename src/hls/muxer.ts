import type { Mp4Tracks } from "../mp4/init_segment.ts";

/** A picture on its way into a segment. */
export interface MuxerPicture {
  /** Decoding time, ms since 1970. */
  readonly timeMs: number;
  readonly compositionMs: number;
  readonly isKeyframe: boolean;
  /** Only lent. */
  readonly body: Uint8Array;
}

/** An audio frame on its way into a segment. */
export interface MuxerSound {
  /** ms since 1970. */
  readonly timeMs: number;
  /** Samples that it holds, at the rate of the track. */
  readonly samples: number;
  /** Only lent. */
  readonly body: Uint8Array;
}

/** Makes the bytes of one segment. Nothing goes on from the segment before: what comes out depends on the frames alone. */
export interface SegmentMuxer {
  addPicture(picture: MuxerPicture): void;
  addSound(sound: MuxerSound): void;
  /**
   * Everything since the last part.
   *
   * @param tracks Of the segment: always the same, in all calls.
   * @param endMs Time of the frame that comes next, ms since 1970.
   */
  takePart(tracks: Mp4Tracks, endMs: number): Uint8Array;
}
