import { codecName, MediaFlag, videoFlags } from "./codec.ts";
import { createExHeader, ExPacketType, hasExHeader, readExHeader } from "./ex_header.ts";

/** A coded picture of track 0, without what FLV puts before it. */
export interface CodedPicture {
  /** Shown so much later than decoded, ms; may be negative. */
  readonly compositionMs: number;
  readonly isKeyframe: boolean;
  /** The codec's own bytes: a view of the payload. */
  readonly body: Uint8Array;
}

const LEGACY_HEADER_BYTES = 5;
const COMPOSITION_BYTES = 3;
const scratch = createExHeader();
const nothing = new Uint8Array(0);

/** Codecs whose coded frames have a composition time in the extended header. Source: Veovera Enhanced RTMP v2. */
const avc1 = 0x61_76_63_31;
const hvc1 = 0x68_76_63_31;
const vvc1 = 0x76_76_63_31;

/** Takes the picture out of a video payload; null for headers, commands, other tracks, and what is cut short. */
export function readCodedPicture(payload: Uint8Array): CodedPicture | null {
  const isKeyframe = (videoFlags(payload) & MediaFlag.Keyframe) !== 0;
  if (!hasExHeader(payload, "video")) return readLegacyPicture(payload, isKeyframe);
  if (!readExHeader(payload, "video", scratch) || scratch.trackId !== 0) return null;
  const { packetType, bodyStart, bodyEnd, fourCc } = scratch;
  const isCoded = packetType === ExPacketType.CodedFrames;
  if (bodyEnd <= bodyStart || !isCoded && packetType !== ExPacketType.CodedFramesX) return null;
  if (!isCoded || fourCc !== avc1 && fourCc !== hvc1 && fourCc !== vvc1) {
    return { compositionMs: 0, isKeyframe, body: payload.subarray(bodyStart, bodyEnd) };
  }
  const from = bodyStart + COMPOSITION_BYTES;
  if (from >= bodyEnd) return null;
  return { compositionMs: signed24(payload, bodyStart), isKeyframe, body: payload.subarray(from, bodyEnd) };
}

function readLegacyPicture(payload: Uint8Array, isKeyframe: boolean): CodedPicture | null {
  const first = payload[0] ?? 0;
  const codecId = first & 15;
  // Commands have no picture; of the old codecs, only these have the header that is read here.
  if (first >>> 4 === 5 || codecId !== 7 && codecId !== 12 && codecId !== 13) return null;
  if (payload[1] !== 1 || payload.length <= LEGACY_HEADER_BYTES) return null;
  return { compositionMs: signed24(payload, 2), isKeyframe, body: payload.subarray(LEGACY_HEADER_BYTES) };
}

/** The codec's own bytes of an audio frame of track 0, as a view; empty for headers and what is cut short. */
export function readCodedSound(payload: Uint8Array): Uint8Array {
  if (hasExHeader(payload, "audio")) {
    const isFrame = readExHeader(payload, "audio", scratch) && scratch.trackId === 0 &&
      scratch.packetType === ExPacketType.CodedFrames;
    return isFrame ? payload.subarray(scratch.bodyStart, scratch.bodyEnd) : nothing;
  }
  const codec = codecName(payload, "audio");
  if (codec === null) return nothing;
  if (codec !== "AAC" && codec !== "Opus") return payload.subarray(1);
  return payload[1] === 1 ? payload.subarray(2) : nothing;
}

function signed24(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8) >> 8;
}
