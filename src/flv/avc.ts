import { BitReader, removeEmulationPrevention } from "./bit_reader.ts";
import type { VideoDescription } from "./description.ts";

const profileNames: ReadonlyMap<number, string> = new Map([
  [66, "Baseline"],
  [77, "Main"],
  [88, "Extended"],
  [100, "High"],
  [110, "High(10)"],
  [122, "High(422)"],
  [244, "High(444+Predictive)"],
]);

/** Profiles whose parameter set tells the chroma format. Source: H.264 §7.3.2.1.1. */
const chromaProfiles: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

/**
 * Describes an AVCDecoderConfigurationRecord by its first sequence parameter set.
 *
 * Source: ISO/IEC 14496-15 §5.3.3.1, H.264 §7.3.2.1.1.
 */
export function describeAvc(record: Uint8Array): Omit<VideoDescription, "codec"> {
  const profile = record[1] ?? 0;
  const isConstrained = profile === 66 && ((record[2] ?? 0) & 0x40) !== 0;
  return {
    profile: isConstrained ? "Baseline(Constrained)" : profileNames.get(profile) ?? "Other",
    level: levelText(record[3] ?? 0),
    ...readSps(firstSps(record)),
  };
}

function levelText(level: number): string {
  return level % 10 === 0 ? String(level / 10) : `${Math.floor(level / 10)}.${level % 10}`;
}

function firstSps(record: Uint8Array): Uint8Array {
  const count = (record[5] ?? 0) & 31;
  const length = (record[6] ?? 0) << 8 | (record[7] ?? 0);
  return count === 0 ? new Uint8Array(0) : record.subarray(8, 8 + length);
}

function readSps(sps: Uint8Array): { width: number; height: number; frameRate: number } {
  const bits = new BitReader(removeEmulationPrevention(sps));
  bits.skip(8);
  const profile = bits.readBits(8);
  bits.skip(16);
  bits.readUe();
  const chromaFormat = chromaProfiles.has(profile) ? readChroma(bits) : 1;
  bits.readUe();
  skipPictureOrder(bits);
  bits.readUe();
  bits.skip(1);
  const mbWidth = bits.readUe() + 1;
  const mapHeight = bits.readUe() + 1;
  const frameMbsOnly = bits.readBit();
  if (frameMbsOnly === 0) bits.skip(1);
  bits.skip(1);
  const crop = bits.readFlag() ? [bits.readUe(), bits.readUe(), bits.readUe(), bits.readUe()] as const : [0, 0, 0, 0];
  const cropX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const cropY = (chromaFormat === 1 ? 2 : 1) * (2 - frameMbsOnly);
  const width = mbWidth * 16 - (crop[0] + crop[1]) * cropX;
  const height = mapHeight * 16 * (2 - frameMbsOnly) - (crop[2] + crop[3]) * cropY;
  if (bits.isOverrun || !isSize(width) || !isSize(height)) return { width: 0, height: 0, frameRate: 0 };
  return { width, height, frameRate: bits.readFlag() ? readFrameRate(bits) : 0 };
}

function isSize(pixels: number): boolean {
  return pixels > 0 && pixels <= 0xffff;
}

function readChroma(bits: BitReader): number {
  const format = bits.readUe();
  if (format === 3) bits.skip(1);
  bits.readUe();
  bits.readUe();
  bits.skip(1);
  if (bits.readFlag()) {
    for (let i = 0; i < (format === 3 ? 12 : 8); i++) if (bits.readFlag()) skipScalingList(bits, i < 6 ? 16 : 64);
  }
  return format;
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < size && next !== 0; i++) {
    next = (last + bits.readSe() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.readUe();
  if (type === 0) bits.readUe();
  if (type !== 1) return;
  bits.skip(1);
  bits.readSe();
  bits.readSe();
  const cycle = bits.readUe();
  for (let i = 0; i < cycle && !bits.isOverrun; i++) bits.readSe();
}

/** The start of the usability information. Source: H.264 §E.1.1. */
function readFrameRate(bits: BitReader): number {
  if (bits.readFlag() && bits.readBits(8) === 255) bits.skip(32); // aspect ratio
  if (bits.readFlag()) bits.skip(1); // overscan
  if (bits.readFlag()) { // video signal type
    bits.skip(4);
    if (bits.readFlag()) bits.skip(24);
  }
  if (bits.readFlag()) { // chroma location
    bits.readUe();
    bits.readUe();
  }
  if (!bits.readFlag()) return 0;
  const ticks = bits.readBits(32);
  const scale = bits.readBits(32);
  return bits.isOverrun || ticks === 0 ? 0 : scale / (2 * ticks);
}
