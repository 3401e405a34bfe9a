import { audioFlags, MediaFlag, videoFlags } from "../flv/codec.ts";
import { flvTagHeaderBytes, FlvTagType, parseFlvTagHeader } from "../flv/tag.ts";
import { flvExtentPatches, flvHeadBytes, isOwnFlv } from "./flv_recording.ts";
import type { ReadAt, Repair } from "./repaired_file.ts";

const HEADER_BYTES = 13;
/** As much of a payload as tells a header from a frame. */
const PEEK_BYTES = 64;

/** Finds the end of the last whole tag of an FLV file; null if it has no frame before. */
export async function repairFlv(read: ReadAt): Promise<Repair | null> {
  const head = (await read(0, flvHeadBytes)).slice();
  if (head[0] !== 0x46 || head[1] !== 0x4c || head[2] !== 0x56) return null;
  let at = HEADER_BYTES;
  let firstMs: number | null = null;
  let lastMs = 0;
  while (true) {
    const bytes = await read(at, flvTagHeaderBytes + PEEK_BYTES);
    if (bytes.length < flvTagHeaderBytes) break;
    const { type, timestampMs, payloadBytes } = parseFlvTagHeader(bytes);
    const behind = at + flvTagHeaderBytes + payloadBytes;
    const isMedia = type === FlvTagType.Audio || type === FlvTagType.Video;
    if (!isMedia && type !== FlvTagType.Script) break;
    const payload = bytes.slice(flvTagHeaderBytes, flvTagHeaderBytes + payloadBytes);
    const size = await read(behind, 4);
    if (size.length < 4 || new DataView(size.buffer, size.byteOffset).getUint32(0) !== behind - at) break;
    if (isMedia && isFlvFrame(type, payload)) {
      firstMs ??= timestampMs;
      lastMs = Math.max(lastMs, timestampMs);
    }
    at = behind + 4;
  }
  if (firstMs === null) return null;
  const durationMs = Math.max(0, lastMs - firstMs);
  const patches = isOwnFlv(head) ? flvExtentPatches({ bytes: at, durationMs }) : [];
  return { bytes: at, durationMs, patches };
}

function isFlvFrame(type: number, payload: Uint8Array): boolean {
  const flags = type === FlvTagType.Video ? videoFlags(payload) : audioFlags(payload);
  return (flags & (MediaFlag.SequenceHeader | MediaFlag.ExtraHeader)) === 0;
}
