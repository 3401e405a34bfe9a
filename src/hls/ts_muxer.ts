import type { AudioTrackConfig, VideoTrackConfig } from "../flv/track_config.ts";
import type { Mp4Tracks } from "../mp4/init_segment.ts";
import { ADTS_HEADER_BYTES, isAdtsLength, writeAdtsHeader } from "../mpegts/adts.ts";
import { type NalConfig, nalConfigOf } from "../mpegts/annex_b.ts";
import { audioPes, videoPes } from "../mpegts/pes.ts";
import { TS_PACKET_BYTES, tsPacketCount, type TsUnit, writeTsPackets } from "../mpegts/ts_packets.ts";
import { tableUnits, TsPid, type TsProgram, TsStreamType } from "../mpegts/ts_tables.ts";
import type { MuxerPicture, MuxerSound, SegmentMuxer } from "./muxer.ts";

/** A frame as a PES packet; null for the tables, which depend on tracks that may still come. */
type Queued = {
  readonly pid: number;
  readonly payload: Uint8Array;
  readonly timeMs: number;
  readonly isKeyframe: boolean;
} | null;

/** Of a packet, behind the longest field that may stand before it. */
const LEAST_PAYLOAD_BYTES = 176;
/** Continuity counters have 4 bits. */
const COUNTERS = 16;

/**
 * A segment of MPEG-TS: the tables, once, then a PES packet a frame. PIDs of media count from 0 and say in their first packet
 * that they do not go on. Those of tables count with the numbers of segments: receivers take a table with the same count as
 * the one before for its repetition, and do not look into it.
 */
export class TsMuxer implements SegmentMuxer {
  #queue: Queued[] = [null];
  readonly #counters = new Map<number, number>();
  #pendingBytes = 0;
  #nal: { track: VideoTrackConfig; config: NalConfig | null } | null = null;
  readonly #tableCounter: number;

  constructor(number: number) {
    this.#tableCounter = number % COUNTERS;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  addPicture(picture: MuxerPicture, track: VideoTrackConfig): void {
    const { timeMs, isKeyframe } = picture;
    if (this.#nal?.track !== track) this.#nal = { track, config: nalConfigOf(track) };
    if (this.#nal.config === null) return;
    this.#add({ pid: TsPid.Video, payload: videoPes(this.#nal.config, picture, timeMs), timeMs, isKeyframe });
  }

  addSound({ timeMs, body }: MuxerSound, track: AudioTrackConfig): void {
    const data = track.codec === "AAC" ? withAdts(track, body) : body;
    if (data === null) return;
    this.#add({ pid: TsPid.Audio, payload: audioPes(data, timeMs), timeMs, isKeyframe: false });
  }

  takePart(tracks: Mp4Tracks): Uint8Array {
    const seen = new Set(this.#counters.keys());
    const units = this.#queue.flatMap((queued) => unitsOf(queued, tracks)).map((unit) => {
      const isDiscontinuous = !seen.has(unit.pid);
      seen.add(unit.pid);
      return { ...unit, isDiscontinuous };
    });
    this.#queue = [];
    this.#pendingBytes = 0;
    const out = new Uint8Array(units.reduce((sum, unit) => sum + tsPacketCount(unit), 0) * TS_PACKET_BYTES);
    let at = 0;
    for (const unit of units) {
      const counter = this.#counters.get(unit.pid) ?? (unit.isSection ? this.#tableCounter : 0);
      at = writeTsPackets(out, at, unit, counter);
      this.#counters.set(unit.pid, (counter + tsPacketCount(unit)) % COUNTERS);
    }
    return out;
  }

  #add(unit: NonNullable<Queued>): void {
    this.#queue.push(unit);
    this.#pendingBytes += (Math.floor(unit.payload.length / LEAST_PAYLOAD_BYTES) + 1) * TS_PACKET_BYTES;
  }
}

/** A segment of MPEG-TS without media. */
export function emptyTs(number: number, tracks: Mp4Tracks): Uint8Array {
  return new TsMuxer(number).takePart(tracks);
}

/** The tracks of a stream that MPEG-TS can carry. */
export function tsTracks({ video, audio }: Mp4Tracks): Mp4Tracks {
  return {
    video: video?.codec === "H264" || video?.codec === "HEVC" ? video : null,
    audio: audio?.codec === "AAC" || audio?.codec === "MP3" ? audio : null,
  };
}

function unitsOf(queued: Queued, tracks: Mp4Tracks): TsUnit[] {
  if (queued === null) return tables(tracks);
  const clockPid = tracks.video === null ? TsPid.Audio : TsPid.Video;
  return [{ ...queued, clockMs: queued.pid === clockPid ? queued.timeMs : null }];
}

function withAdts({ record }: AudioTrackConfig, frame: Uint8Array): Uint8Array | null {
  if (!isAdtsLength(frame.length)) return null;
  const out = new Uint8Array(ADTS_HEADER_BYTES + frame.length);
  writeAdtsHeader(out, 0, record, frame.length);
  out.set(frame, ADTS_HEADER_BYTES);
  return out;
}

function tables({ video, audio }: Mp4Tracks): TsUnit[] {
  const program: TsProgram = {
    video: video === null ? null : video.codec === "H264" ? TsStreamType.H264 : TsStreamType.Hevc,
    audio: audio === null ? null : audio.codec === "AAC" ? TsStreamType.Aac : TsStreamType.Mp3,
  };
  // A version that follows from the program is another one for each of the programs that there are.
  const version = (program.video ?? 0) * 3 + (program.audio ?? 0) * 5 & 31;
  return tableUnits(program, version);
}
