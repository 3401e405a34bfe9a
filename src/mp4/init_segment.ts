import type { AudioTrackConfig, VideoTrackConfig } from "../flv/track_config.ts";
import { concatBytes } from "../base/bytes.ts";
import { box, fourLetters, fullBox, u16, u32, zeros } from "./box.ts";
import { audioSampleEntry, videoSampleEntry } from "./sample_entry.ts";

/** What a fragmented file holds; at least one of them. */
export interface Mp4Tracks {
  readonly video: VideoTrackConfig | null;
  readonly audio: AudioTrackConfig | null;
}

/** Ids of the tracks, whichever there are. */
export const Mp4TrackId = { Video: 1, Audio: 2 } as const;

/** Ticks a second of a video track. */
export const VIDEO_TIMESCALE = 90_000;

const MOVIE_TIMESCALE = 1000;
const matrix = [...u32(0x1_0000), ...zeros(12), ...u32(0x1_0000), ...zeros(12), ...u32(0x4000_0000)];
const UNDETERMINED_LANGUAGE = 0x55c4;

/** Ticks a second of an audio track: one is one sample. */
export function audioTimescale(track: AudioTrackConfig): number {
  return track.sampleRate;
}

/** The head of a fragmented file: what it is and how its tracks are coded. Source: ISO/IEC 14496-12 §8.8, CMAF §7.3.1. */
export function initSegment({ video, audio }: Mp4Tracks): Uint8Array<ArrayBuffer> {
  const tracks: Uint8Array[] = [];
  const extensions: Uint8Array[] = [];
  if (video !== null) {
    tracks.push(videoTrack(video));
    extensions.push(trackExtends(Mp4TrackId.Video));
  }
  if (audio !== null) {
    tracks.push(audioTrack(audio));
    extensions.push(trackExtends(Mp4TrackId.Audio));
  }
  const header = fullBox(
    "mvhd",
    0,
    0,
    zeros(8),
    u32(MOVIE_TIMESCALE),
    u32(0),
    u32(0x1_0000),
    u16(0x100),
    zeros(10),
    matrix,
    zeros(24),
    u32(3),
  );
  return concatBytes(
    box("ftyp", fourLetters("iso6"), u32(0), fourLetters("iso6cmfcmp41")),
    box("moov", header, ...tracks, box("mvex", ...extensions)),
  );
}

/** What a segment that holds nothing is: a client may read it behind any init segment. */
export function emptySegment(sequence: number): Uint8Array<ArrayBuffer> {
  return concatBytes(
    box("styp", fourLetters("msdh"), u32(0), fourLetters("msdhmsix")),
    box("moof", fullBox("mfhd", 0, 0, u32(sequence))),
    box("mdat"),
  );
}

function videoTrack(track: VideoTrackConfig): Uint8Array {
  const { width, height } = track;
  const size = [...u16(width), 0, 0, ...u16(height), 0, 0];
  const media = fullBox("vmhd", 0, 1, zeros(8));
  return trackBox(
    Mp4TrackId.Video,
    { size, volume: 0, handler: "vide", timescale: VIDEO_TIMESCALE, media },
    videoSampleEntry(track),
  );
}

function audioTrack(track: AudioTrackConfig): Uint8Array {
  const media = fullBox("smhd", 0, 0, zeros(4));
  const facts = { size: zeros(8), volume: 0x100, handler: "soun", timescale: audioTimescale(track), media };
  return trackBox(Mp4TrackId.Audio, facts, audioSampleEntry(track));
}

interface TrackFacts {
  readonly size: readonly number[];
  readonly volume: number;
  readonly handler: string;
  readonly timescale: number;
  /** The box of the media type. */
  readonly media: Uint8Array;
}

function trackBox(id: number, { size, volume, handler, timescale, media }: TrackFacts, entry: Uint8Array): Uint8Array {
  const header = fullBox("tkhd", 0, 3, zeros(8), u32(id), zeros(4 + 4 + 8 + 4), u16(volume), zeros(2), matrix, size);
  const mediaHeader = fullBox("mdhd", 0, 0, zeros(8), u32(timescale), u32(0), u16(UNDETERMINED_LANGUAGE), u16(0));
  const handlerBox = fullBox("hdlr", 0, 0, zeros(4), fourLetters(handler), zeros(12), [0]);
  const data = box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1)));
  const empty = (type: string) => fullBox(type, 0, 0, u32(0));
  const samples = box(
    "stbl",
    fullBox("stsd", 0, 0, u32(1), entry),
    empty("stts"),
    empty("stsc"),
    fullBox("stsz", 0, 0, zeros(8)),
    empty("stco"),
  );
  return box("trak", header, box("mdia", mediaHeader, handlerBox, box("minf", media, data, samples)));
}

function trackExtends(id: number): Uint8Array {
  return fullBox("trex", 0, 0, u32(id), u32(1), zeros(12));
}
