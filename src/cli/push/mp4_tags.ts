import { concatBytes, encodeUtf8 } from "../../base/bytes.ts";
import { type FlvTag, FlvTagType } from "../../flv/tag.ts";
import type { FragmentSample } from "../../mp4/read_fragment.ts";
import type { MovieTrack } from "../../mp4/read_movie.ts";

/** Kinds of frames and packets in the first byte. Source: FLV 10.1 §E.4, Veovera Enhanced RTMP v2. */
const KEY = 1 << 4;
const INTER = 2 << 4;
const EX_VIDEO = 0x80;
const EX_AUDIO = 9 << 4;
const EX_FRAMES = 1;
const MP3_OBJECTS: readonly number[] = [0x69, 0x6b];
const AAC_OBJECTS: readonly number[] = [0x40, 0x66, 0x67, 0x68];

/** FourCC in the extended header, by the type of the sample entry; H.264 and AAC have the old header. */
const videoCodes: Readonly<Record<string, string>> = {
  avc1: "avc1",
  avc3: "avc1",
  hvc1: "hvc1",
  hev1: "hvc1",
  av01: "av01",
  vp09: "vp09",
};

/** Whether RTMP carries the track's codec. */
export function isPushable({ format, objectType }: MovieTrack): boolean {
  if (format === "mp4a") return MP3_OBJECTS.includes(objectType) || AAC_OBJECTS.includes(objectType);
  return format === "Opus" || format === ".mp3" || videoCodes[format] !== undefined;
}

/** The decoder header of a track as a tag; none for MP3. */
export function flvHeaderTag(track: MovieTrack): FlvTag[] {
  const code = videoCodes[track.format];
  if (code !== undefined) {
    const head = code === "avc1" ? [KEY | 7, 0, 0, 0, 0] : [EX_VIDEO | KEY, ...encodeUtf8(code)];
    return [{ type: FlvTagType.Video, timestampMs: 0, payload: joined(head, track.config) }];
  }
  if (isMp3(track)) return [];
  const payload = track.format === "Opus"
    ? joined([EX_AUDIO, ...encodeUtf8("Opus")], opusHead(track.config))
    : joined([0xaf, 0], track.config);
  return [{ type: FlvTagType.Audio, timestampMs: 0, payload }];
}

/** A sample as a tag. */
export function flvSampleTag({ track, isKeyframe, composition }: FragmentSample, body: Uint8Array, ms: number): FlvTag {
  const code = videoCodes[track.format];
  if (code === undefined) {
    const payload = joined(isMp3(track) ? [mp3Byte(track)] : track.format === "Opus" ? opusFrame : [0xaf, 1], body);
    return { type: FlvTagType.Audio, timestampMs: ms >>> 0, payload };
  }
  const shift = Math.round(composition * 1000 / track.timescale);
  const time = [shift >>> 16 & 255, shift >>> 8 & 255, shift & 255];
  const frame = isKeyframe ? KEY : INTER;
  const head = code === "avc1"
    ? [frame | 7, 1, ...time]
    : [EX_VIDEO | frame | EX_FRAMES, ...encodeUtf8(code), ...(code === "hvc1" ? time : [])];
  return { type: FlvTagType.Video, timestampMs: ms >>> 0, payload: joined(head, body) };
}

const opusFrame = [EX_AUDIO | EX_FRAMES, ...encodeUtf8("Opus")];

function isMp3({ format, objectType }: MovieTrack): boolean {
  return format === ".mp3" || MP3_OBJECTS.includes(objectType);
}

/** Format 2, the rate as far as the byte can say it, 16 bits, mono or stereo. */
function mp3Byte({ sampleRate, channels }: MovieTrack): number {
  const rate = sampleRate >= 44_100 ? 3 : sampleRate >= 22_050 ? 2 : 1;
  return 2 << 4 | rate << 2 | 2 | (channels > 1 ? 1 : 0);
}

/** The ID header of Opus, with its numbers the other way round than in MP4. Source: RFC 7845 §5.1. */
function opusHead(config: Uint8Array): Uint8Array {
  const byte = (at: number) => config[at] ?? 0;
  const fixed = [1, byte(1), byte(3), byte(2), byte(7), byte(6), byte(5), byte(4), byte(9), byte(8), byte(10)];
  return joined([...encodeUtf8("OpusHead"), ...fixed], config.subarray(11));
}

function joined(head: readonly number[], body: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.from(head), body);
}
