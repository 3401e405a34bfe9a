import type { CodedPicture } from "../flv/coded_frame.ts";
import { type NalConfig, toAnnexB } from "./annex_b.ts";
import { writeTimestamp } from "./ts_packets.ts";

const VIDEO_STREAM_ID = 0xe0;
const AUDIO_STREAM_ID = 0xc0;

const FIXED_BYTES = 9;
const TIME_BYTES = 5;

/** A picture as a PES packet. */
export function videoPes(config: NalConfig, picture: CodedPicture, dtsMs: number): Uint8Array {
  const ptsMs = dtsMs + picture.compositionMs;
  const out = toAnnexB(config, picture, headerBytes(dtsMs, ptsMs));
  writeHeader(out, VIDEO_STREAM_ID, dtsMs, ptsMs);
  return out;
}

/** An audio frame as a PES packet. */
export function audioPes(data: Uint8Array, ptsMs: number): Uint8Array {
  const headBytes = headerBytes(ptsMs, ptsMs);
  const out = new Uint8Array(headBytes + data.length);
  writeHeader(out, AUDIO_STREAM_ID, ptsMs, ptsMs);
  out.set(data, headBytes);
  return out;
}

function headerBytes(dtsMs: number, ptsMs: number): number {
  return FIXED_BYTES + (dtsMs === ptsMs ? TIME_BYTES : 2 * TIME_BYTES);
}

/** The length of a long packet is left open, as it may be for video. Source: ISO/IEC 13818-1 §2.4.3.6. */
function writeHeader(out: Uint8Array, streamId: number, dtsMs: number, ptsMs: number): void {
  const hasDts = dtsMs !== ptsMs;
  const length = out.length - 6;
  const told = length > 0xffff ? 0 : length;
  const timeBytes = hasDts ? 2 * TIME_BYTES : TIME_BYTES;
  out.set([0, 0, 1, streamId, told >>> 8, told & 255, 0x80, hasDts ? 0xc0 : 0x80, timeBytes]);
  writeTimestamp(out, FIXED_BYTES, hasDts ? 3 : 2, ptsMs);
  if (hasDts) writeTimestamp(out, FIXED_BYTES + TIME_BYTES, 1, dtsMs);
}
