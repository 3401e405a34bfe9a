import { codecBody, codecName } from "../flv/codec.ts";
import { readCodedSound } from "../flv/coded_frame.ts";

/** Bytes of an ADTS header without a checksum. */
export const ADTS_HEADER_BYTES = 7;

const nothing = new Uint8Array(0);
/** Frame length, header included, has 13 bits. */
const MAX_ADTS_BYTES = 0x1fff;

/** One AAC frame after its ADTS header; null if the payload is not one, or the sequence header is missing. */
export function adtsFrame(payload: Uint8Array, header: Uint8Array | null): Uint8Array | null {
  const frame = header === null ? nothing : aacFrame(payload);
  if (frame.length === 0) return null;
  const out = new Uint8Array(ADTS_HEADER_BYTES + frame.length);
  writeAdtsHeader(out, 0, codecBody(header!, "audio"), frame.length);
  out.set(frame, ADTS_HEADER_BYTES);
  return out;
}

/** The AAC frame of a payload, as a view; empty if it has none, or one too long for ADTS. */
export function aacFrame(payload: Uint8Array): Uint8Array {
  const body = codecName(payload, "audio") === "AAC" ? readCodedSound(payload) : nothing;
  return isAdtsLength(body.length) ? body : nothing;
}

/** Whether a frame of so many bytes fits behind an ADTS header. */
export function isAdtsLength(frameBytes: number): boolean {
  return frameBytes > 0 && frameBytes + ADTS_HEADER_BYTES <= MAX_ADTS_BYTES;
}

/**
 * Writes the header of a frame. Source: ISO/IEC 14496-3 §1.A.3.2.
 *
 * @param config AudioSpecificConfig, of which ADTS has room for the core: object type, rate and channels.
 */
export function writeAdtsHeader(target: Uint8Array, at: number, config: Uint8Array, frameBytes: number): void {
  const bits = ((config[0] ?? 0) << 8) | (config[1] ?? 0);
  const object = bits >>> 11;
  // HE-AAC (5 and 29) is told from its core, LC, by the decoder.
  const profile = object >= 1 && object <= 4 ? object - 1 : 1;
  const rate = (bits >>> 7) & 15;
  const channels = (bits >>> 3) & 7;
  const length = frameBytes + ADTS_HEADER_BYTES;
  target[at] = 0xff;
  target[at + 1] = 0xf1;
  target[at + 2] = (profile << 6) | (rate << 2) | (channels >>> 2);
  target[at + 3] = ((channels & 3) << 6) | (length >>> 11);
  target[at + 4] = length >>> 3;
  target[at + 5] = ((length & 7) << 5) | 0x1f;
  target[at + 6] = 0xfc;
}
