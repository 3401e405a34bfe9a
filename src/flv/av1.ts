import { BitReader } from "./bit_reader.ts";
import type { VideoDescription } from "./description.ts";

const profileNames: readonly string[] = ["Main", "High", "Professional"];
const sequenceHeaderObu = 1;
const recordHeaderBytes = 4;

/**
 * Describes an AV1CodecConfigurationRecord; size and frame rate are those of the sequence header in it, if any.
 *
 * Source: AV1 Codec ISO Media File Format Binding §2.3.3, AV1 §5.5.
 */
export function describeAv1(record: Uint8Array): Omit<VideoDescription, "codec"> {
  const second = record[1] ?? 0;
  const level = second & 31;
  const header = findSequenceHeader(record);
  return {
    profile: profileNames[second >>> 5] ?? "Other",
    level: `${2 + (level >>> 2)}.${level & 3}`,
    ...(header === null ? { width: 0, height: 0, frameRate: 0 } : readSequenceHeader(header)),
  };
}

function findSequenceHeader(record: Uint8Array): Uint8Array | null {
  let at = recordHeaderBytes;
  while (at < record.length) {
    const first = record[at++] ?? 0;
    if ((first & 4) !== 0) at++; // extension
    let length = record.length - at;
    if ((first & 2) !== 0) {
      const prefix = readLeb128(record, at);
      length = prefix.value;
      at = prefix.end;
    }
    if ((first >>> 3 & 15) === sequenceHeaderObu) return record.subarray(at, at + length);
    at += length;
  }
  return null;
}

function readLeb128(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[start + i] ?? 0;
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return { value, end: start + i + 1 };
  }
  return { value, end: bytes.length }; // longer than any header
}

function readSequenceHeader(obu: Uint8Array): { width: number; height: number; frameRate: number } {
  const bits = new BitReader(obu);
  bits.skip(3 + 1);
  const isReduced = bits.readFlag();
  const frameRate = isReduced ? 0 : readTimingAndLevels(bits);
  if (isReduced) bits.skip(5);
  const widthBits = bits.readBits(4) + 1;
  const heightBits = bits.readBits(4) + 1;
  const width = bits.readBits(widthBits) + 1;
  const height = bits.readBits(heightBits) + 1;
  return bits.isOverrun ? { width: 0, height: 0, frameRate: 0 } : { width, height, frameRate };
}

function readTimingAndLevels(bits: BitReader): number {
  let frameRate = 0;
  let delayBits = 0;
  const hasTiming = bits.readFlag();
  if (hasTiming) {
    const ticks = bits.readBits(32);
    const scale = bits.readBits(32);
    const ticksPerPicture = bits.readFlag() ? bits.readUe() + 1 : 0;
    if (ticks > 0 && ticksPerPicture > 0) frameRate = scale / (ticks * ticksPerPicture);
    if (bits.readFlag()) { // decoder model
      delayBits = bits.readBits(5) + 1;
      bits.skip(32 + 5 + 5);
    }
  }
  const hasDisplayDelay = bits.readFlag();
  const points = bits.readBits(5) + 1;
  for (let i = 0; i < points; i++) {
    bits.skip(12);
    if (bits.readBits(5) > 7) bits.skip(1);
    if (delayBits > 0 && bits.readFlag()) bits.skip(2 * delayBits + 1);
    if (hasDisplayDelay && bits.readFlag()) bits.skip(4);
  }
  return frameRate;
}
