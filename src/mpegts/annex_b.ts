import { codecBody, codecName } from "../flv/codec.ts";
import type { CodedPicture } from "../flv/coded_frame.ts";

/** How the units of a video stand in FLV, and the parameter sets that its decoder needs first. */
export interface NalConfig {
  readonly codec: "H264" | "HEVC";
  /** Bytes of the length before each unit. */
  readonly lengthBytes: number;
  readonly parameterSets: readonly Uint8Array[];
}

const MAX_PARAMETER_SETS = 64;
const START_CODE_BYTES = 4;
const HEVC_ARRAYS_AT = 22;
/** Access unit delimiters, which stand before each picture in MPEG-TS. */
const delimiters = { H264: Uint8Array.of(9, 0xf0), HEVC: Uint8Array.of(35 << 1, 1, 0x50) } as const;

/** Reads the decoder configuration of a video sequence header; null for other codecs. */
export function readNalConfig(payload: Uint8Array): NalConfig | null {
  return nalConfigOf({ codec: codecName(payload, "video") ?? "", record: codecBody(payload, "video") });
}

/** Reads a decoder configuration record; null for codecs without units. Source: ISO/IEC 14496-15. */
export function nalConfigOf({ codec, record }: { codec: string; record: Uint8Array }): NalConfig | null {
  if (codec === "H264") return { codec, lengthBytes: ((record[4] ?? 3) & 3) + 1, parameterSets: avcSets(record) };
  if (codec === "HEVC") return { codec, lengthBytes: ((record[21] ?? 3) & 3) + 1, parameterSets: hevcSets(record) };
  return null;
}

/**
 * Writes a picture as MPEG-TS has it: an access unit delimiter, for a keyframe the parameter sets, then its units, each
 * after a start code. Source: ITU-T H.264 and H.265, annex B.
 *
 * @param headBytes Left free before it, for what is to be written there.
 */
export function toAnnexB(config: NalConfig, picture: CodedPicture, headBytes = 0): Uint8Array {
  const { codec, lengthBytes, parameterSets } = config;
  const own = unitsOf(picture.body, lengthBytes).filter((unit) => !isDelimiter(codec, unit));
  const sets = picture.isKeyframe && !own.some((unit) => isParameterSet(codec, unit)) ? parameterSets : [];
  const units = [delimiters[codec], ...sets, ...own];
  const out = new Uint8Array(units.reduce((sum, unit) => sum + START_CODE_BYTES + unit.length, headBytes));
  let at = headBytes;
  for (const unit of units) {
    out[at + 3] = 1;
    out.set(unit, at + START_CODE_BYTES);
    at += START_CODE_BYTES + unit.length;
  }
  return out;
}

/** Units after their lengths, up to the first that is cut short. */
function unitsOf(body: Uint8Array, lengthBytes: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let at = 0; at + lengthBytes <= body.length;) {
    let length = 0;
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + body[at + i]!;
    at += lengthBytes;
    if (at + length > body.length) break;
    if (length > 0) units.push(body.subarray(at, at + length));
    at += length;
  }
  return units;
}

function unitType(codec: NalConfig["codec"], unit: Uint8Array): number {
  return codec === "H264" ? unit[0]! & 31 : unit[0]! >>> 1 & 63;
}

function isDelimiter(codec: NalConfig["codec"], unit: Uint8Array): boolean {
  return unitType(codec, unit) === (codec === "H264" ? 9 : 35);
}

function isParameterSet(codec: NalConfig["codec"], unit: Uint8Array): boolean {
  const type = unitType(codec, unit);
  return codec === "H264" ? type === 7 || type === 8 : type >= 32 && type <= 34;
}

function avcSets(record: Uint8Array): Uint8Array[] {
  const sets: Uint8Array[] = [];
  let at = 5;
  for (const mask of [31, 255]) {
    const count = (record[at++] ?? 0) & mask;
    for (let i = 0; i < count; i++) at = takeSet(record, at, sets);
  }
  return sets;
}

function hevcSets(record: Uint8Array): Uint8Array[] {
  const sets: Uint8Array[] = [];
  let at = HEVC_ARRAYS_AT + 1;
  for (let left = record[HEVC_ARRAYS_AT] ?? 0; left > 0 && at < record.length; left--) {
    const count = u16(record, at + 1);
    at += 3;
    for (let i = 0; i < count && at < record.length; i++) at = takeSet(record, at, sets);
  }
  return sets;
}

/** @returns The position after it. */
function takeSet(record: Uint8Array, at: number, sets: Uint8Array[]): number {
  const end = at + 2 + u16(record, at);
  if (end > record.length) return record.length;
  if (end > at + 2 && sets.length < MAX_PARAMETER_SETS) sets.push(record.subarray(at + 2, end));
  return end;
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0);
}
