/**
 * The extended header of enhanced RTMP. Source: Veovera Enhanced RTMP v2, "ExVideoTagHeader" and "ExAudioTagHeader".
 */

/** Packet types of both kinds; 3 and 5 to 7 differ. */
export const ExPacketType = {
  SequenceStart: 0,
  CodedFrames: 1,
  SequenceEnd: 2,
  /** Video: coded frames without composition time. */
  CodedFramesX: 3,
  /** Video: Metadata (`colorInfo`). Audio: MultichannelConfig. */
  Metadata: 4,
  /** Video only; audio has Multitrack there. */
  Mpeg2TsSequenceStart: 5,
  ModEx: 7,
} as const;

const multitrackOf = { audio: 5, video: 6 } as const;
const commandFrame = 5;

/** Kind of a message with media. */
export type MediaKind = "audio" | "video";

/** What an extended header says; with several tracks, of track 0, or of the first track if that is not in it. */
export interface ExHeader {
  /** Packet type after any ModEx and Multitrack. */
  packetType: number;
  /** FourCC as a big-endian number. */
  fourCc: number;
  /** 0 without Multitrack. */
  trackId: number;
  /** Where in the payload the codec's own bytes begin and end. */
  bodyStart: number;
  bodyEnd: number;
}

/** An empty header to read into. */
export function createExHeader(): ExHeader {
  return { packetType: 0, fourCc: 0, trackId: 0, bodyStart: 0, bodyEnd: 0 };
}

/** True when the payload begins with an extended header. */
export function hasExHeader(payload: Uint8Array, kind: MediaKind): boolean {
  const first = payload[0] ?? 0;
  return kind === "video" ? first >= 0x80 : first >>> 4 === 9;
}

/**
 * Reads the extended header of a payload into `out`; allocates nothing.
 *
 * @returns False if the payload is cut short, reserved, or a video command (seek), which has no codec.
 */
export function readExHeader(payload: Uint8Array, kind: MediaKind, out: ExHeader): boolean {
  const first = byteAt(payload, 0);
  let type = first & 15;
  let at = 1;
  while (type === ExPacketType.ModEx) {
    at = skipModEx(payload, at);
    if (at >= payload.length) return false;
    type = byteAt(payload, at++) & 15;
  }
  const isCommand = kind === "video" && (first >>> 4 & 7) === commandFrame && type !== ExPacketType.Metadata;
  if (isCommand) return false;
  out.trackId = 0;
  out.packetType = type;
  if (type === multitrackOf[kind]) return readTracks(payload, at, kind, out);
  if (at + 4 > payload.length) return false;
  out.fourCc = u32At(payload, at);
  out.bodyStart = at + 4;
  out.bodyEnd = payload.length;
  return true;
}

/** Position after a ModEx's size and data; beyond the payload if it is cut short. */
function skipModEx(payload: Uint8Array, at: number): number {
  const size = byteAt(payload, at) + 1;
  if (size < 256) return at + 1 + size;
  return at + 3 + (byteAt(payload, at + 1) << 8 | byteAt(payload, at + 2)) + 1;
}

function readTracks(payload: Uint8Array, start: number, kind: MediaKind, out: ExHeader): boolean {
  const layout = byteAt(payload, start) >>> 4; // 0 one track, 1 many of one codec, 2 many with a codec each
  out.packetType = byteAt(payload, start) & 15;
  if (layout > 2 || out.packetType === multitrackOf[kind]) return false;
  let at = start + 1;
  let fourCc = 0;
  if (layout < 2) {
    fourCc = u32At(payload, at);
    at += 4;
  }
  for (let isFirst = true; at < payload.length; isFirst = false) {
    if (layout === 2) {
      fourCc = u32At(payload, at);
      at += 4;
    }
    const trackId = byteAt(payload, at);
    const bodyStart = at + (layout === 0 ? 1 : 4);
    const bodyEnd = layout === 0 ? payload.length : bodyStart + (u32At(payload, at) & 0xff_ffff);
    if (bodyStart > payload.length || bodyEnd > payload.length) return false;
    if (isFirst || trackId === 0) {
      out.fourCc = fourCc;
      out.trackId = trackId;
      out.bodyStart = bodyStart;
      out.bodyEnd = bodyEnd;
    }
    if (trackId === 0) return true;
    at = bodyEnd;
    if (at === payload.length) return true;
  }
  return false;
}

function byteAt(payload: Uint8Array, at: number): number {
  return payload[at] ?? 0;
}

function u32At(payload: Uint8Array, at: number): number {
  return (byteAt(payload, at) << 24 | byteAt(payload, at + 1) << 16 | byteAt(payload, at + 2) << 8 |
    byteAt(payload, at + 3)) >>> 0;
}
