import type { AudioTrackConfig } from "../flv/track_config.ts";
import type { Mp4Tracks } from "../mp4/init_segment.ts";
import { ADTS_HEADER_BYTES, isAdtsLength, writeAdtsHeader } from "../mpegts/adts.ts";
import { nalConfigOf, toAnnexB } from "../mpegts/annex_b.ts";
import { audioPes, videoPes } from "../mpegts/pes.ts";
import { TS_PACKET_BYTES, tsPacketCount, type TsUnit, writeTsPackets } from "../mpegts/ts_packets.ts";
import { tableUnits, TsPid, type TsProgram, TsStreamType } from "../mpegts/ts_tables.ts";
import type { MuxerPicture, MuxerSound, SegmentMuxer } from "./muxer.ts";

/** Room in a packet beside the field that says that its PID does not go on; tables are filled up with more. */
const MOST_TABLE_BYTES = TS_PACKET_BYTES - 4 - 2;

/** A frame, or the tables, which depend on tracks that may still come. */
type Queued = { picture: MuxerPicture } | { sound: MuxerSound } | "tables";

/**
 * A segment of MPEG-TS: the tables at its beginning and before each keyframe, then a PES packet a frame. Each PID counts
 * from 0 and says in its first packet that it does not go on.
 */
export class TsMuxer implements SegmentMuxer {
  #queue: Queued[] = ["tables"];
  readonly #counters = new Map<number, number>();

  addPicture(picture: MuxerPicture): void {
    if (picture.isKeyframe && this.#queue.at(-1) !== "tables") this.#queue.push("tables");
    this.#queue.push({ picture: { ...picture, body: picture.body.slice() } });
  }

  addSound(sound: MuxerSound): void {
    this.#queue.push({ sound: { ...sound, body: sound.body.slice() } });
  }

  takePart(tracks: Mp4Tracks): Uint8Array {
    const seen = new Set(this.#counters.keys());
    const units = this.#queue.flatMap((queued) => unitsOf(queued, tracks)).map((unit) => {
      const isDiscontinuous = !seen.has(unit.pid);
      seen.add(unit.pid);
      // A table has to stay in its packet: hls.js takes what a second one begins with for a table, too.
      const isTable = unit.pid === TsPid.Programs || unit.pid === TsPid.Map;
      const payload = isTable && isDiscontinuous ? unit.payload.subarray(0, MOST_TABLE_BYTES) : unit.payload;
      return { ...unit, payload, isDiscontinuous };
    });
    this.#queue = [];
    const out = new Uint8Array(units.reduce((sum, unit) => sum + tsPacketCount(unit), 0) * TS_PACKET_BYTES);
    let at = 0;
    for (const unit of units) {
      const counter = this.#counters.get(unit.pid) ?? 0;
      at = writeTsPackets(out, at, unit, counter);
      this.#counters.set(unit.pid, counter + tsPacketCount(unit) & 15);
    }
    return out;
  }
}

/** A file of MPEG-TS without media. */
export function emptyTs(tracks: Mp4Tracks): Uint8Array {
  return new TsMuxer().takePart(tracks);
}

/** The tracks of a stream that MPEG-TS can carry. */
export function tsTracks({ video, audio }: Mp4Tracks): Mp4Tracks {
  return {
    video: video?.codec === "H264" || video?.codec === "HEVC" ? video : null,
    audio: audio?.codec === "AAC" || audio?.codec === "MP3" ? audio : null,
  };
}

function unitsOf(queued: Queued, tracks: Mp4Tracks): TsUnit[] {
  if (queued === "tables") return tables(tracks);
  if ("sound" in queued) return soundUnits(queued.sound, tracks);
  const { picture: { timeMs, compositionMs, isKeyframe, body } } = queued;
  const config = tracks.video === null ? null : nalConfigOf(tracks.video);
  if (config === null) return [];
  const data = toAnnexB(config, { compositionMs, isKeyframe, body });
  const payload = videoPes(data, timeMs, timeMs + compositionMs);
  return [{ pid: TsPid.Video, payload, clockMs: timeMs, isKeyframe }];
}

function soundUnits({ timeMs, body }: MuxerSound, { video, audio }: Mp4Tracks): TsUnit[] {
  const data = audio === null ? null : audio.codec === "AAC" ? withAdts(audio, body) : body;
  if (data === null) return [];
  const clockMs = video === null ? timeMs : null;
  return [{ pid: TsPid.Audio, payload: audioPes(data, timeMs), clockMs, isKeyframe: false }];
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
