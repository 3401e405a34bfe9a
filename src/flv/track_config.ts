import { codecBody } from "./codec.ts";
import { readCodedSound } from "./coded_frame.ts";
import { describeAudio, describeVideo } from "./describe.ts";

/** Video that can be put into another container. */
export interface VideoTrackConfig {
  readonly codec: "H264" | "HEVC" | "AV1" | "VP9";
  /** The decoder configuration record of the codec, as MP4 has it in its box. */
  readonly record: Uint8Array;
  /** Pixels; 0 if not known. */
  readonly width: number;
  readonly height: number;
  /** As the header announces; 0 if it does not. */
  readonly frameRate: number;
}

/** Audio that can be put into another container. */
export interface AudioTrackConfig {
  readonly codec: "AAC" | "MP3" | "Opus";
  /** AAC: AudioSpecificConfig. Opus: the ID header, or nothing. MP3: nothing. */
  readonly record: Uint8Array;
  /** Hertz, of the decoder's output. */
  readonly sampleRate: number;
  readonly channels: number;
}

const MAX_RECORD_BYTES = 32 * 1024;
const MAX_AAC_CONFIG_BYTES = 100;
const videoCodecs: readonly string[] = ["H264", "HEVC", "AV1", "VP9"] satisfies VideoTrackConfig["codec"][];

/** Reads a video sequence header; null for other codecs, and for what no decoder could use. The record is a copy. */
export function readVideoTrack(payload: Uint8Array): VideoTrackConfig | null {
  const described = describeVideo(payload);
  if (described === null || !videoCodecs.includes(described.codec)) return null;
  const { codec, width, height, frameRate } = described;
  const body = codecBody(payload, "video");
  if (body.length < 4 || body.length > MAX_RECORD_BYTES) return null;
  const record = codec === "VP9" ? vpxRecord(body) : body.slice();
  return { codec: codec as VideoTrackConfig["codec"], record, width, height, frameRate };
}

/** Without the version and flags of the box, which ffmpeg leaves out. */
function vpxRecord(body: Uint8Array): Uint8Array {
  const hasBoxHead = body.length >= 12 && body[0] === 1 && body[1] === 0 && body[2] === 0 && body[3] === 0;
  return body.slice(hasBoxHead ? 4 : 0);
}

/**
 * Reads what audio consists of.
 *
 * @param payload A sequence header of AAC or Opus; any frame of MP3.
 * @returns Null for other codecs, and for what no decoder could use. The record is a copy.
 */
export function readAudioTrack(payload: Uint8Array): AudioTrackConfig | null {
  const described = describeAudio(payload);
  if (described === null) return null;
  const { codec, sampleRate, channels } = described;
  const record = codecBody(payload, "audio");
  switch (codec) {
    case "AAC": {
      const isUsable = record.length >= 2 && record.length <= MAX_AAC_CONFIG_BYTES && sampleRate > 0;
      return isUsable ? { codec, record: record.slice(), sampleRate, channels: channels || 2 } : null;
    }
    case "Opus":
      return { codec, record: record.slice(0, 255 + 21), sampleRate: 48_000, channels: channels || 2 };
    case "MP3":
      return sampleRate > 0 ? { codec, record: new Uint8Array(0), sampleRate, channels } : null;
    default:
      return null;
  }
}

/** Samples, at the track's rate, that a frame holds. */
export function soundSamples(track: AudioTrackConfig, payload: Uint8Array): number {
  switch (track.codec) {
    case "AAC":
      return aacSamples(track.record);
    case "MP3":
      return track.sampleRate >= 32_000 ? 1152 : 576;
    case "Opus":
      return opusSamples(readCodedSound(payload));
  }
}

/** HE-AAC yields two samples for one of its core. Source: ISO/IEC 14496-3 §1.6.2.1, §4.4.1. */
function aacSamples(config: Uint8Array): number {
  const first = config[0] ?? 0;
  const object = first >>> 3;
  if (object === 5 || object === 29) return 2048;
  const hasExplicitRate = ((first & 7) << 1 | (config[1] ?? 0) >>> 7) === 15;
  const isShort = hasExplicitRate ? ((config[4] ?? 0) >>> 2 & 1) === 1 : ((config[1] ?? 0) >>> 2 & 1) === 1;
  return isShort ? 960 : 1024;
}

/** Source: RFC 6716 §3.1, §3.2. */
function opusSamples(packet: Uint8Array): number {
  const toc = packet[0] ?? 0;
  const config = toc >>> 3;
  const frame = config < 12
    ? [480, 960, 1920, 2880][config & 3]!
    : config < 16
    ? [480, 960][config & 1]!
    : [120, 240, 480, 960][config & 3]!;
  const code = toc & 3;
  const count = code === 0 ? 1 : code < 3 ? 2 : Math.max(1, (packet[1] ?? 1) & 63);
  return Math.min(frame * count, 5760);
}

/** True if one decoder can go on from the one to the other. */
export function isSameVideo(a: VideoTrackConfig | null, b: VideoTrackConfig | null): boolean {
  if (a === null || b === null) return a === b;
  return a.codec === b.codec && a.width === b.width && a.height === b.height && isSameRecord(a.record, b.record);
}

/** As {@link isSameVideo}. */
export function isSameAudio(a: AudioTrackConfig | null, b: AudioTrackConfig | null): boolean {
  if (a === null || b === null) return a === b;
  const isAlike = a.codec === b.codec && a.sampleRate === b.sampleRate && a.channels === b.channels;
  return isAlike && isSameRecord(a.record, b.record);
}

function isSameRecord(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Size of the picture in a VP9 keyframe, which its sequence header does not tell; null if there is none.
 *
 * Source: VP9 bitstream specification §6.2.
 */
export function readVp9Size(frame: Uint8Array): { width: number; height: number } | null {
  const first = frame[0] ?? 0;
  if (first >>> 6 !== 2) return null;
  const profile = (first >>> 5 & 1) | (first >>> 4 & 1) << 1;
  let at = profile === 3 ? 5 : 4;
  const bit = () => (frame[at >>> 3] ?? 0) >>> 7 - (at++ & 7) & 1;
  const bits = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + bit();
    return value;
  };
  const isShownAgain = bit() === 1;
  const isKeyframe = bit() === 0;
  at += 2;
  if (isShownAgain || !isKeyframe || bits(24) !== 0x49_83_42) return null;
  if (profile >= 2) at++;
  const isRgb = bits(3) === 7;
  if (!isRgb) at++;
  if (profile === 1 || profile === 3) at += isRgb ? 1 : 3;
  const width = bits(16) + 1;
  const height = bits(16) + 1;
  return at > frame.length * 8 ? null : { width, height };
}
