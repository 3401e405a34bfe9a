/** Tag types of an FLV file; the same numbers as RTMP message types. */
export const FlvTagType = {
  Audio: 8,
  Video: 9,
  /** Script data in AMF3, with a leading format byte. */
  ScriptAmf3: 15,
  Script: 18,
} as const;

/** One tag of an FLV file or stream. */
export interface FlvTag {
  /** One of {@link FlvTagType}. */
  type: number;
  /**
   * Unsigned 32-bit milliseconds, wrapping, as in RTMP. FLV calls the field signed: `timestampMs | 0` reads it so.
   */
  timestampMs: number;
  payload: Uint8Array;
}

/** Length of the tag header; the payload and a 4-byte PreviousTagSize follow. */
export const flvTagHeaderBytes = 11;

/** Longest payload: its length has 24 bits. */
export const maxFlvPayloadBytes = 0xff_ffff;

/** Which kinds of tags an FLV header announces. */
export interface FlvHeader {
  hasAudio: boolean;
  hasVideo: boolean;
}

/** The 9-byte file header and the first PreviousTagSize: 13 bytes. Source: FLV 10.1 §E.2. */
export function encodeFlvHeader(header: FlvHeader): Uint8Array<ArrayBuffer> {
  const flags = (header.hasAudio ? 4 : 0) | (header.hasVideo ? 1 : 0);
  return Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0);
}

/**
 * Encodes a tag with its PreviousTagSize.
 *
 * @param tag The time stamp may also be negative.
 * @throws {RangeError} If the payload is 16 MiB or longer.
 */
export function encodeFlvTag(tag: FlvTag): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(flvTagHeaderBytes + tag.payload.length + 4);
  writeFlvTag(out, 0, tag);
  return out;
}

/**
 * Writes a tag with its PreviousTagSize into `out` from position `at` on.
 *
 * Wire: type, UI24 payload length, UI24 + UI8 time stamp (low 24 bits, then high 8), UI24 stream id 0, payload,
 * UI32 length of all that. Source: FLV 10.1 §E.4.1.
 *
 * @returns The position after it: `at + 15 + payload.length`.
 * @throws {RangeError} If the payload is 16 MiB or longer, or `out` too short.
 */
export function writeFlvTag(out: Uint8Array, at: number, tag: FlvTag): number {
  const length = tag.payload.length;
  const behind = at + flvTagHeaderBytes + length;
  if (length > maxFlvPayloadBytes) throw new RangeError(`Cannot write an FLV tag of ${length} bytes`);
  if (behind + 4 > out.length) throw new RangeError(`Cannot write ${length + 15} bytes: ${out.length - at} left`);
  const time = tag.timestampMs;
  out[at] = tag.type;
  out[at + 1] = length >>> 16;
  out[at + 2] = length >>> 8;
  out[at + 3] = length;
  out[at + 4] = time >>> 16;
  out[at + 5] = time >>> 8;
  out[at + 6] = time;
  out[at + 7] = time >>> 24;
  out[at + 8] = out[at + 9] = out[at + 10] = 0;
  out.set(tag.payload, at + flvTagHeaderBytes);
  writePreviousTagSize(out, behind, flvTagHeaderBytes + length);
  return behind + 4;
}

function writePreviousTagSize(out: Uint8Array, at: number, size: number): void {
  out[at] = size >>> 24;
  out[at + 1] = size >>> 16;
  out[at + 2] = size >>> 8;
  out[at + 3] = size;
}

/** The fields of a tag header. */
export interface FlvTagHeader {
  type: number;
  /** The filter bit: the payload is encrypted. */
  isEncrypted: boolean;
  payloadBytes: number;
  timestampMs: number;
}

/** Decodes the 11 bytes of a tag header; any bytes give a result, the caller judges it. */
export function parseFlvTagHeader(bytes: Uint8Array): FlvTagHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, flvTagHeaderBytes);
  const first = view.getUint8(0);
  return {
    type: first & 0x1f,
    isEncrypted: (first & 0x20) !== 0,
    payloadBytes: view.getUint32(0) & maxFlvPayloadBytes,
    timestampMs: ((view.getUint32(4) >>> 8) | (view.getUint8(7) << 24)) >>> 0,
  };
}
