import { audioFlags, MediaFlag, videoFlags } from "../flv/codec.ts";

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

/** What the first bytes of audio or video tell; see {@link MediaFlag}. */
export function flagsOf({ kind, payload }: MediaPacket): number {
  return kind === "video" ? videoFlags(payload) : audioFlags(payload);
}

/** True for video that a player may start with. */
export function isKeyframe(packet: MediaPacket): boolean {
  return packet.kind === "video" && (flagsOf(packet) & MediaFlag.Keyframe) !== 0;
}

/** Whether {@link flagsOf} tells of a decoder header. */
export function isHeader(flags: number): boolean {
  return (flags & (MediaFlag.SequenceHeader | MediaFlag.ExtraHeader)) !== 0;
}

/** True for audio and video other than decoder headers. */
export function isFrame(packet: MediaPacket): boolean {
  return packet.kind !== "script" && !isHeader(flagsOf(packet));
}
