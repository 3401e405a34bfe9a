import { writeTimestamp } from "./ts_packets.ts";

const VIDEO_STREAM_ID = 0xe0;
const AUDIO_STREAM_ID = 0xc0;

/** A picture as a PES packet. */
export function videoPes(data: Uint8Array, dtsMs: number, ptsMs: number): Uint8Array {
  return pes(VIDEO_STREAM_ID, data, dtsMs, ptsMs);
}

/** Audio frames as a PES packet. */
export function audioPes(data: Uint8Array, ptsMs: number): Uint8Array {
  return pes(AUDIO_STREAM_ID, data, ptsMs, ptsMs);
}

/** A PES packet; the length of a long one is left open, as it may be for video. Source: ISO/IEC 13818-1 §2.4.3.6. */
function pes(streamId: number, data: Uint8Array, dtsMs: number, ptsMs: number): Uint8Array {
  const hasDts = dtsMs !== ptsMs;
  const timeBytes = hasDts ? 10 : 5;
  const length = 3 + timeBytes + data.length;
  const out = new Uint8Array(6 + length);
  const told = length > 0xffff ? 0 : length;
  out.set([0, 0, 1, streamId, told >>> 8, told & 255, 0x80, hasDts ? 0xc0 : 0x80, timeBytes]);
  writeTimestamp(out, 9, hasDts ? 3 : 2, ptsMs);
  if (hasDts) writeTimestamp(out, 14, 1, dtsMs);
  out.set(data, 9 + timeBytes);
  return out;
}
