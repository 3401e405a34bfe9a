import { MediaFlag } from "../../../src/flv/codec.ts";
import type { MediaKind } from "../../../src/flv/ex_header.ts";
import { wire } from "./amf0_cases.ts";

const { Keyframe, SequenceHeader, ExtraHeader, SequenceEnd, OtherTrack } = MediaFlag;

/** A payload and what the relay must see in it. */
export interface CodecCase {
  name: string;
  kind: MediaKind;
  payload: Uint8Array;
  /** Bits of `MediaFlag`. */
  flags: number;
  codec: string | null;
}

function video(name: string, bytes: string, flags: number, codec: string | null): CodecCase {
  return { name, kind: "video", payload: wire(bytes), flags, codec };
}

function audio(name: string, bytes: string, flags: number, codec: string | null): CodecCase {
  return { name, kind: "audio", payload: wire(bytes), flags, codec };
}

const legacyVideo: readonly CodecCase[] = [
  { name: "empty video", kind: "video", payload: new Uint8Array(0), flags: 0, codec: null },
  video("AVC header", "17 00 000000 01640028", SequenceHeader, "H264"),
  video("AVC header marked as an inter frame", "27 00 000000 01640028", SequenceHeader, "H264"),
  video("AVC header without a record", "17 00 000000", 0, "H264"),
  video("AVC keyframe", "17 01 000050 00000001 65", Keyframe, "H264"),
  video("AVC generated keyframe", "47 01 000000 00000001 65", Keyframe, "H264"),
  video("AVC keyframe without a picture", "17 01 000000", 0, "H264"),
  video("AVC inter frame", "27 01 000000 00000001 41", 0, "H264"),
  video("AVC disposable frame", "37 01 000000 00000001 01", 0, "H264"),
  video("AVC end of sequence", "17 02 000000", SequenceEnd, "H264"),
  video("AVC unknown packet type", "17 03 000000 00000001 65", 0, "H264"),
  video("AVC cut behind its first byte", "17", 0, "H264"),
  video("AVC cut behind its packet type", "17 00", 0, "H264"),
  video("video command (seek)", "57 00", 0, "H264"),
  video("HEVC header by the unofficial id", "1c 00 000000 01016000", SequenceHeader, "HEVC"),
  video("HEVC keyframe by the unofficial id", "1c 01 000000 00000001 26", Keyframe, "HEVC"),
  video("HEVC inter frame by the unofficial id", "2c 01 000000 00000001 02", 0, "HEVC"),
  video("AV1 header by the unofficial id", "1d 00 000000 81050c00", SequenceHeader, "AV1"),
  video("H.263 keyframe", "12 0000840081", Keyframe, "H263"),
  video("H.263 inter frame", "22 0000840081", 0, "H263"),
  video("VP6 keyframe", "14 0078460d", Keyframe, "VP6"),
  video("VP6 keyframe without a picture", "14", 0, "VP6"),
  video("video of an unknown id", "1f 00 000000 01", Keyframe, null),
];

const exVideo: readonly CodecCase[] = [
  video("hvc1 sequence start", "90 'hvc1' 01016000", SequenceHeader, "HEVC"),
  video("avc1 sequence start", "90 'avc1' 0164001f", SequenceHeader, "H264"),
  video("vvc1 sequence start", "90 'vvc1' ff", SequenceHeader, "VVC"),
  video("av01 sequence start", "90 'av01' 81000c00", SequenceHeader, "AV1"),
  video("av01 MPEG-2 TS sequence start", "95 'av01' 80", SequenceHeader, "AV1"),
  video("vp09 sequence start", "90 'vp09' 000b82", SequenceHeader, "VP9"),
  video("hvc1 keyframe", "91 'hvc1' 000000 00000001 26", Keyframe, "HEVC"),
  video("hvc1 keyframe without composition time", "93 'hvc1' 00000001 26", Keyframe, "HEVC"),
  video("hvc1 inter frame", "a1 'hvc1' 000000 00000001 02", 0, "HEVC"),
  video("hvc1 inter frame without composition time", "a3 'hvc1' 00000001 02", 0, "HEVC"),
  video("av01 keyframe", "91 'av01' 0a0b", Keyframe, "AV1"),
  video("vp08 keyframe", "91 'vp08' 10", Keyframe, "VP8"),
  video("generated keyframe", "c1 'vp09' 82", Keyframe, "VP9"),
  video("keyframe without a picture", "91 'vp09'", 0, "VP9"),
  video("sequence end", "92 'hvc1'", SequenceEnd, "HEVC"),
  video("colour information", "94 'hvc1' 02 0009 'colorInfo' 05", ExtraHeader, "HEVC"),
  video("colour information in a command frame", "d4 'hvc1' 02 0009 'colorInfo' 05", ExtraHeader, "HEVC"),
  video("seek command", "d1 00", 0, null),
  video("keyframe of an unknown FourCC", "91 'abcd' 00", Keyframe, "abcd"),
  video("reserved packet type", "98 'hvc1' 00", 0, "HEVC"),
  video("FourCC cut short", "90 'hvc'", 0, null),
  video("extended header alone", "90", 0, null),
  video("ModEx before a keyframe", "97 02 0f4240 01 'hvc1' 000000 00000001 26", Keyframe, "HEVC"),
  video("two ModEx before a sequence start", "97 02 000001 07 00 ff 00 'av01' 81", SequenceHeader, "AV1"),
  video("ModEx of 256 bytes", `97 ff 00ff ${"00".repeat(256)} 01 'hvc1' 00`, Keyframe, "HEVC"),
  video("ModEx longer than the payload", "97 ff ffff 00 01 'hvc1' 00", 0, null),
  video("ModEx cut behind its length", "97 05", 0, null),
  video("ModEx and nothing", "97", 0, null),
  video("ModEx before a seek command", "d7 00 00 01 00", 0, null),
  video("one track 0, keyframe", "96 01 'hvc1' 00 000000 26", Keyframe, "HEVC"),
  video("one track 0, sequence start", "96 00 'hvc1' 00 01016000", SequenceHeader, "HEVC"),
  video("one track 1, keyframe", "96 01 'hvc1' 01 000000 26", OtherTrack, "HEVC"),
  video("one track 1, sequence start", "96 00 'hvc1' 01 01016000", OtherTrack | ExtraHeader, "HEVC"),
  video("one track 1, sequence end", "96 02 'hvc1' 01", OtherTrack, "HEVC"),
  video("many tracks, 0 among them", "96 11 'av01' 01 000001 aa 00 000002 bbbb", Keyframe, "AV1"),
  video("many tracks, 0 among them but empty", "96 11 'av01' 01 000001 aa 00 000000", 0, "AV1"),
  video("many tracks without 0", "96 10 'av01' 01 000001 aa 02 000001 bb", OtherTrack | ExtraHeader, "AV1"),
  video("many codecs, track 0 second", "96 20 'hvc1' 01 000001 aa 'av01' 00 000001 bb", SequenceHeader, "AV1"),
  video("many codecs, track 0 first", "a6 21 'hvc1' 00 000001 aa 'av01' 01 000001 bb", 0, "HEVC"),
  video("multitrack inside multitrack", "96 06 'hvc1' 00", 0, null),
  video("multitrack of an unknown layout", "96 31 'hvc1' 00 00", 0, null),
  video("multitrack longer than the payload", "96 11 'av01' 00 ffffff aa", 0, null),
  video("multitrack without a track", "96 11 'av01'", 0, null),
  video("multitrack cut behind its first byte", "96", 0, null),
  video("ModEx before many tracks", "97 00 00 06 10 'av01' 00 000001 aa", SequenceHeader, "AV1"),
];

const audios: readonly CodecCase[] = [
  { name: "empty audio", kind: "audio", payload: new Uint8Array(0), flags: 0, codec: null },
  audio("AAC header", "af 00 1210", SequenceHeader, "AAC"),
  audio("AAC header without a config", "af 00", 0, "AAC"),
  audio("AAC frame", "af 01 21", 0, "AAC"),
  audio("AAC frame whose first byte is 0", "af 01 00", 0, "AAC"),
  audio("AAC cut behind its first byte", "af", 0, "AAC"),
  audio("MP3", "2f fffb5400", 0, "MP3"),
  audio("MP3 with a zero", "2e 00 1210", 0, "MP3"),
  audio("MP3 8 kHz", "e2 fffb", 0, "MP3"),
  audio("Opus header by the unofficial id", "df 00 'OpusHead'", SequenceHeader, "Opus"),
  audio("Opus frame by the unofficial id", "df 01 fc", 0, "Opus"),
  audio("G.711 A-law", "72 d5d5", 0, "PCMA"),
  audio("G.711 mu-law", "82 ffff", 0, "PCMU"),
  audio("Speex", "b2 00", 0, "Speex"),
  audio("Nellymoser", "52 00", 0, "Nellymoser"),
  audio("linear PCM", "3f 0000", 0, "PCM"),
  audio("ADPCM", "1f 0000", 0, "ADPCM"),
  audio("audio of an unknown id", "c0 00 00", 0, null),
  audio("Opus sequence start, empty", "90 'Opus'", SequenceHeader, "Opus"),
  audio("FLAC sequence start", "90 'fLaC' 'fLaC' 00", SequenceHeader, "FLAC"),
  audio("mp4a sequence start", "90 'mp4a' 1210", SequenceHeader, "AAC"),
  audio("coded frames", "91 'Opus' fc", 0, "Opus"),
  audio(".mp3 frames", "91 '.mp3' fffb", 0, "MP3"),
  audio("AC-3 frames", "91 'ac-3' 0b77", 0, "AC3"),
  audio("E-AC-3 frames", "91 'ec-3' 0b77", 0, "EAC3"),
  audio("audio sequence end", "92 'Opus'", SequenceEnd, "Opus"),
  audio("channel layout", "94 'Opus' 01 02 00000003", ExtraHeader, "Opus"),
  audio("audio extended header alone", "90", 0, null),
  audio("audio ModEx before a sequence start", "97 02 000001 00 'mp4a' 1210", SequenceHeader, "AAC"),
  audio("audio multitrack, track 0", "95 00 'mp4a' 00 1210", SequenceHeader, "AAC"),
  audio("audio multitrack, track 2", "95 00 'mp4a' 02 1210", OtherTrack | ExtraHeader, "AAC"),
  audio("audio multitrack, frames of track 2", "95 01 'mp4a' 02 21", OtherTrack, "AAC"),
  audio("audio multitrack, end of track 2", "95 02 'mp4a' 02", OtherTrack, "AAC"),
  audio("audio many tracks", "95 10 'Opus' 01 000001 aa 00 000001 bb", SequenceHeader, "Opus"),
];

/** All payload forms: the decode table and the seeds of the fuzz test. */
export const codecCases: readonly CodecCase[] = [...legacyVideo, ...exVideo, ...audios];
