import { BitReader } from "./bit_reader.ts";
import type { AudioDescription } from "./description.ts";

// deno-fmt-ignore
const sampleRates: readonly number[] = [
  96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
];
const objectNames: ReadonlyMap<number, string> = new Map([[1, "Main"], [2, "LC"], [3, "SSR"], [5, "HE"], [29, "HEv2"]]);
const explicitRate = 15;

/**
 * Describes an AudioSpecificConfig. With HE-AAC the sample rate is that of the output, with HEv2 the channels too.
 *
 * Source: ISO/IEC 14496-3 §1.6.2.1.
 */
export function describeAac(config: Uint8Array): Omit<AudioDescription, "codec"> {
  const bits = new BitReader(config);
  let object = bits.readBits(5);
  if (object === 31) object = 32 + bits.readBits(6);
  let sampleRate = readRate(bits);
  const channelConfig = bits.readBits(4);
  if (object === 5 || object === 29) sampleRate = readRate(bits);
  if (bits.isOverrun) return { profile: "", sampleRate: 0, channels: 0 };
  const channels = object === 29 ? 2 : channelConfig === 7 ? 8 : channelConfig;
  return { profile: objectNames.get(object) ?? "Other", sampleRate, channels: channels > 8 ? 0 : channels };
}

function readRate(bits: BitReader): number {
  const index = bits.readBits(4);
  return index === explicitRate ? bits.readBits(24) : sampleRates[index] ?? 0;
}
