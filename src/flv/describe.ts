import { describeAac } from "./aac.ts";
import { describeAv1 } from "./av1.ts";
import { describeAvc } from "./avc.ts";
import { codecBody, codecName } from "./codec.ts";
import type { AudioDescription, VideoDescription } from "./description.ts";
import { hasExHeader } from "./ex_header.ts";
import { describeHevc } from "./hevc.ts";

/**
 * Describes a video sequence header for API and probe; null if the payload has no codec. Never throws: what is cut
 * short or malformed is left empty.
 *
 * @param payload Body of the RTMP message or FLV tag. Of a frame that is no header, only the codec is known.
 */
export function describeVideo(payload: Uint8Array): VideoDescription | null {
  const codec = codecName(payload, "video");
  if (codec === null) return null;
  const record = codecBody(payload, "video");
  return { codec, profile: "", level: "", width: 0, height: 0, frameRate: 0, ...describeRecord(codec, record) };
}

function describeRecord(codec: string, record: Uint8Array): Partial<VideoDescription> {
  if (record.length < 4) return {};
  switch (codec) {
    case "H264":
      return describeAvc(record);
    case "HEVC":
      return describeHevc(record);
    case "AV1":
      return describeAv1(record);
    case "VP8":
    case "VP9":
      return describeVpx(record);
    default:
      return {};
  }
}

/** VPCodecConfigurationRecord; with the version and flags of an MP4 box before it, or, as ffmpeg writes it, without. */
function describeVpx(record: Uint8Array): Partial<VideoDescription> {
  const at = record.length >= 12 && record[0] === 1 && record[1] === 0 && record[2] === 0 && record[3] === 0 ? 4 : 0;
  return { profile: `Profile ${record[at]}`, level: String((record[at + 1] ?? 0) / 10) };
}

/**
 * Describes audio for API and probe, as {@link describeVideo} does.
 *
 * @param payload A sequence header; for codecs without one (MP3, G.711, Speex …) any frame.
 */
export function describeAudio(payload: Uint8Array): AudioDescription | null {
  const codec = codecName(payload, "audio");
  if (codec === null) return null;
  const body = codecBody(payload, "audio");
  return { codec, profile: "", ...legacySound(payload), ...describeConfig(codec, body) };
}

function describeConfig(codec: string, body: Uint8Array): Partial<AudioDescription> {
  switch (codec) {
    case "AAC":
      return describeAac(body);
    case "Opus":
      return describeOpus(body);
    case "FLAC":
      return describeFlac(body);
    case "MP3":
      return describeMp3(body);
    default:
      return {};
  }
}

/** Rate and channels of the legacy header byte. Source: FLV 10.1 §E.4.2.1. */
function legacySound(payload: Uint8Array): Pick<AudioDescription, "sampleRate" | "channels"> {
  if (hasExHeader(payload, "audio")) return { sampleRate: 0, channels: 0 };
  const first = payload[0] ?? 0;
  const channels = 1 + (first & 1);
  switch (first >>> 4) {
    case 4: // Nellymoser 16 kHz mono
    case 11: // Speex
      return { sampleRate: 16_000, channels: 1 };
    case 5: // Nellymoser 8 kHz mono
      return { sampleRate: 8_000, channels: 1 };
    case 7: // G.711
    case 8:
    case 14: // MP3 8 kHz
      return { sampleRate: 8_000, channels };
    default:
      return { sampleRate: [5_512, 11_025, 22_050, 44_100][first >>> 2 & 3] ?? 0, channels };
  }
}

/** Opus ID header: "OpusHead", version, channel count. It always decodes at 48 kHz. Source: RFC 7845 §5.1. */
function describeOpus(body: Uint8Array): Partial<AudioDescription> {
  return { sampleRate: 48_000, ...(startsWith(body, "OpusHead") ? { channels: body[9] ?? 0 } : {}) };
}

/** "fLaC", a 4-byte block header, then STREAMINFO. Source: RFC 9639 §8.2. */
function describeFlac(body: Uint8Array): Partial<AudioDescription> {
  if (!startsWith(body, "fLaC") || body.length < 21) return {};
  const high = body[18] ?? 0;
  const middle = body[19] ?? 0;
  const low = body[20] ?? 0;
  return { sampleRate: high << 12 | middle << 4 | low >>> 4, channels: (low >>> 1 & 7) + 1 };
}

/** The header of an MPEG audio frame. Source: ISO/IEC 11172-3 §2.4.1.3. */
function describeMp3(body: Uint8Array): Partial<AudioDescription> {
  const second = body[1] ?? 0;
  const third = body[2] ?? 0;
  const rate = [44_100, 48_000, 32_000][third >>> 2 & 3];
  if (body[0] !== 0xff || second < 0xe0 || body.length < 4 || rate === undefined) return {};
  const version = second >>> 3 & 3; // 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5
  const divisor = version === 3 ? 1 : version === 2 ? 2 : 4;
  return { sampleRate: rate / divisor, channels: (body[3] ?? 0) >>> 6 === 3 ? 1 : 2 };
}

function startsWith(body: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (body[i] !== text.charCodeAt(i)) return false;
  return true;
}
