import type { AudioTrackConfig, VideoTrackConfig } from "../flv/track_config.ts";
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
  /** About what the next part will have; 0 while there is no frame for it. */
  readonly pendingBytes: number;
  /** @param track That the picture belongs to. */
  addPicture(picture: MuxerPicture, track: VideoTrackConfig): void;
  addSound(sound: MuxerSound, track: AudioTrackConfig): void;
  /**
   * Everything since the last part.
   *
   * @param tracks Of the segment: always the same, in all calls.
   * @param endMs Time of the frame that comes next, ms since 1970.
   */
  takePart(tracks: Mp4Tracks, endMs: number): Uint8Array;
}
