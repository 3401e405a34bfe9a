import { audioFlags, codecName, MediaFlag, videoFlags } from "../flv/codec.ts";
import { flvTagHeaderBytes, FlvTagType, parseFlvTagHeader } from "../flv/tag.ts";
import { flvExtentPatches, flvHeadBytes, isOwnFlv } from "./flv_recording.ts";
import type { ReadAt, Repair, WholePart } from "./repaired_file.ts";

const HEADER_BYTES = 13;
/** As much of a payload as tells a header from a frame. */
const PEEK_BYTES = 64;

/** Finds the end of the last whole tag of an FLV file; null if it has no frame before. */
export async function repairFlv(read: ReadAt, known: WholePart | null = null): Promise<Repair | null> {
  const head = (await read(0, flvHeadBytes)).slice();
  if (head[0] !== 0x46 || head[1] !== 0x4c || head[2] !== 0x56) return null;
  let at = HEADER_BYTES;
  let firstMs: number | null = null;
  let lastMs = 0;
  let pieces = 0;
  const codecs: { audio: string | null; video: string | null } = { audio: null, video: null };
  if (known !== null && await isTagEnd(read, known.bytes)) {
    at = known.bytes;
    firstMs = known.firstMs;
    lastMs = known.endMs;
    pieces = known.pieces;
    Object.assign(codecs, known.codecs);
  }
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
      const kind = type === FlvTagType.Audio ? "audio" : "video";
      codecs[kind] ??= codecName(payload, kind);
      pieces++;
      firstMs ??= timestampMs;
      lastMs = Math.max(lastMs, timestampMs);
    }
    at = behind + 4;
  }
  if (firstMs === null) return null;
  const durationMs = Math.max(0, lastMs - firstMs);
  const patches = isOwnFlv(head) ? flvExtentPatches({ bytes: at, durationMs }) : [];
  return { bytes: at, durationMs, patches, firstMs, endMs: lastMs, codecs, pieces, head: new Uint8Array(0) };
}

async function isTagEnd(read: ReadAt, at: number): Promise<boolean> {
  if (at < HEADER_BYTES + flvTagHeaderBytes + 4) return false;
  const size = (await read(at - 4, 4)).slice();
  if (size.length < 4) return false;
  const tagBytes = new DataView(size.buffer).getUint32(0);
  if (tagBytes > at - 4 - HEADER_BYTES) return false;
  const tag = await read(at - 4 - tagBytes, flvTagHeaderBytes);
  return tag.length === flvTagHeaderBytes && parseFlvTagHeader(tag).payloadBytes === tagBytes - flvTagHeaderBytes;
}

function isFlvFrame(type: number, payload: Uint8Array): boolean {
  const flags = type === FlvTagType.Video ? videoFlags(payload) : audioFlags(payload);
  return (flags & (MediaFlag.SequenceHeader | MediaFlag.ExtraHeader)) === 0;
}
