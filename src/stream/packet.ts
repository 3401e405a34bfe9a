/**
 * One unit of media as the stream room sees it: an RTMP message body or FLV tag body with what the relay must know of it.
 */
export interface MediaPacket {
  kind: "audio" | "video" | "script";
  /** Unsigned 32-bit milliseconds. */
  timestampMs: number;
  /** Body of the RTMP message; for a script, AMF0 values beginning with the name (`onMetaData`). */
  payload: Uint8Array;
  /** A player may start here: a video keyframe with picture data. */
  isKeyframe: boolean;
  /** Decoder configuration, sent to each new player before any media. */
  isSequenceHeader: boolean;
}
