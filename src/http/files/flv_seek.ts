import { concatBytes } from "../../base/bytes.ts";
import { audioFlags, MediaFlag, videoFlags } from "../../flv/codec.ts";
import { encodeFlvHeader, encodeFlvTag, flvTagHeaderBytes, FlvTagType, parseFlvTagHeader } from "../../flv/tag.ts";

const FILE_HEADER_BYTES = 13;
/** Decoder headers stand among the first tags, and are small. */
const MAX_TAGS = 32;
const MAX_HEADER_BYTES = 64 * 1024;

/**
 * What an FLV file that is played from the middle begins with: the file header, and the decoder headers of audio and video.
 *
 * Source: SRS 7 `SrsVodStream::serve_flv_stream`.
 *
 * @param start Where the rest of the file is taken from.
 * @returns null if the file is to be sent whole: it is not FLV, or `start` lies among the headers.
 */
export async function flvBeginning(file: Deno.FsFile, start: number): Promise<Uint8Array<ArrayBuffer> | null> {
  if (start < FILE_HEADER_BYTES) return null;
  const header = await readAt(file, 0, FILE_HEADER_BYTES);
  if (header === null || header[0] !== 0x46 || header[1] !== 0x4c || header[2] !== 0x56) return null;
  const flags = header[4]!;
  const found = new Map<number, Uint8Array>();
  let at = FILE_HEADER_BYTES;
  for (let i = 0; i < MAX_TAGS && found.size < 2; i++) {
    const tagHeader = await readAt(file, at, flvTagHeaderBytes);
    if (tagHeader === null) break;
    const { type, timestampMs, payloadBytes } = parseFlvTagHeader(tagHeader);
    const behind = at + flvTagHeaderBytes + payloadBytes + 4;
    if (type !== FlvTagType.Script && payloadBytes <= MAX_HEADER_BYTES && !found.has(type)) {
      const payload = await readAt(file, at + flvTagHeaderBytes, payloadBytes);
      if (payload === null) break;
      if (isDecoderHeader(type, payload)) {
        if (start < behind) return null;
        found.set(type, encodeFlvTag({ type, timestampMs, payload }));
      }
    }
    at = behind;
  }
  const head = encodeFlvHeader({ hasAudio: (flags & 4) !== 0, hasVideo: (flags & 1) !== 0 });
  return concatBytes(head, ...found.values());
}

function isDecoderHeader(type: number, payload: Uint8Array): boolean {
  const flags = type === FlvTagType.Video ? videoFlags(payload) : type === FlvTagType.Audio ? audioFlags(payload) : 0;
  return (flags & MediaFlag.SequenceHeader) !== 0;
}

/** @returns null if the file ends before. */
async function readAt(file: Deno.FsFile, at: number, count: number): Promise<Uint8Array | null> {
  const bytes = new Uint8Array(count);
  await file.seek(at, Deno.SeekMode.Start);
  for (let used = 0; used < count;) {
    const read = await file.read(bytes.subarray(used));
    if (read === null) return null;
    used += read;
  }
  return bytes;
}
