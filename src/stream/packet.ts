/** What a packet carries; scripts are metadata and other named data. */
export type PacketKind = "audio" | "video" | "script";

/** One unit of media as the stream room sees it: the body of an RTMP message or FLV tag. */
export interface MediaPacket {
  kind: PacketKind;
  /** Unsigned 32-bit milliseconds. */
  timestampMs: number;
  /** For a script, AMF0 values beginning with the name (`onMetaData`). */
  payload: Uint8Array;
}
