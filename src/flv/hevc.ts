import { BitReader, removeEmulationPrevention } from "./bit_reader.ts";
import type { VideoDescription } from "./description.ts";

const profileNames: readonly string[] = ["", "Main", "Main10", "MainStillPicture", "Rext"];
const spsType = 33;
const configHeaderBytes = 23;

/**
 * Describes an HEVCDecoderConfigurationRecord; the size is that of its first sequence parameter set.
 *
 * Source: ISO/IEC 14496-15 §8.3.3.1, H.265 §7.3.2.2.
 */
export function describeHevc(record: Uint8Array): Omit<VideoDescription, "codec"> {
  const sps = findSps(record);
  return {
    profile: profileNames[(record[1] ?? 0) & 31] || "Other",
    level: String(Math.round((record[12] ?? 0) / 3) / 10),
    ...(sps === null ? { width: 0, height: 0 } : readSize(sps)),
    frameRate: 0,
  };
}

function findSps(record: Uint8Array): Uint8Array | null {
  let at = configHeaderBytes;
  const arrays = record[configHeaderBytes - 1] ?? 0;
  for (let i = 0; i < arrays; i++) {
    const type = (record[at] ?? 0) & 63;
    const count = u16At(record, at + 1);
    at += 3;
    for (let n = 0; n < count && at < record.length; n++) {
      const length = u16At(record, at);
      if (type === spsType) return record.subarray(at + 2, at + 2 + length);
      at += 2 + length;
    }
  }
  return null;
}

function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}

function readSize(sps: Uint8Array): { width: number; height: number } {
  const bits = new BitReader(removeEmulationPrevention(sps));
  bits.skip(16 + 4);
  const subLayers = bits.readBits(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  bits.readUe();
  const chromaFormat = bits.readUe();
  if (chromaFormat === 3) bits.skip(1);
  const codedWidth = bits.readUe();
  const codedHeight = bits.readUe();
  const crop = bits.readFlag() ? [bits.readUe(), bits.readUe(), bits.readUe(), bits.readUe()] as const : [0, 0, 0, 0];
  const width = codedWidth - (crop[0] + crop[1]) * (chromaFormat === 1 || chromaFormat === 2 ? 2 : 1);
  const height = codedHeight - (crop[2] + crop[3]) * (chromaFormat === 1 ? 2 : 1);
  const isValid = !bits.isOverrun && width > 0 && width <= 0xffff && height > 0 && height <= 0xffff;
  return isValid ? { width, height } : { width: 0, height: 0 };
}

/** Source: H.265 §7.3.3: 88 bits of profile and 8 of level, then the same as far as present for each sub-layer. */
function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
  bits.skip(88 + 8);
  let rest = 0;
  for (let i = 0; i < subLayers; i++) {
    if (bits.readFlag()) rest += 88;
    if (bits.readFlag()) rest += 8;
  }
  if (subLayers > 0) rest += 2 * (8 - subLayers);
  bits.skip(rest);
}
