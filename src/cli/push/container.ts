import type { MediaFile } from "./file.ts";

/** Of a file's first bytes; the sync bytes of two packets of MPEG-TS are within them. */
const SNIFFED_BYTES = 192;
const TS_PACKET_BYTES = 188;
const TS_SYNC = 0x47;

/** What {@link recognizeContainer} calls MP4, of which fragmented files can be sent. */
export const MP4 = "an MP4 file";

/** Containers that people take for FLV, by a text at a place of the file. */
const signatures: readonly (readonly [offset: number, text: string, name: string])[] = [
  [4, "ftyp", MP4],
  [4, "moov", "a QuickTime file"],
  [4, "mdat", "a QuickTime file"],
  [0, "\x1a\x45\xdf\xa3", "a Matroska or WebM file"],
  [8, "AVI ", "an AVI file"],
  [0, "OggS", "an Ogg file"],
  [0, "ID3", "an MP3 file"],
  [8, "WAVE", "a WAVE file"],
];

/**
 * What a file is, in words, if it is media in a container other than FLV; null for all else.
 *
 * Source: the formats' own specifications (ISO 14496-12 §4.3, RFC 8794 §11.2.1, ISO 13818-1 §2.4.3.2, RIFF).
 */
export async function recognizeContainer(file: MediaFile): Promise<string | null> {
  const bytes = await firstBytes(file);
  const isAt = (offset: number, text: string) =>
    [...text].every((each, at) => bytes[offset + at] === each.charCodeAt(0));
  const found = signatures.find(([offset, text]) => isAt(offset, text));
  if (found !== undefined) return found[2];
  return bytes[0] === TS_SYNC && bytes[TS_PACKET_BYTES] === TS_SYNC ? "an MPEG-TS file" : null;
}

/** Empty for a file that cannot be read: whoever reads it next says why. */
async function firstBytes(file: MediaFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(SNIFFED_BYTES);
  let length = 0;
  try {
    for await (const piece of file.read()) {
      const part = piece.subarray(0, SNIFFED_BYTES - length);
      bytes.set(part, length);
      length += part.length;
      if (length === SNIFFED_BYTES) break;
    }
  } catch {
    return new Uint8Array(0);
  }
  return bytes.subarray(0, length);
}
