import { codecBody, codecName } from "../../flv/codec.ts";
import type { MediaPacket } from "../../stream/packet.ts";
import type { TagFraming, WireFormat } from "../../stream/wire_format.ts";
import { readCodedPicture } from "../../flv/coded_frame.ts";
import { adtsFrame } from "../../mpegts/adts.ts";
import { type NalConfig, readNalConfig } from "../../mpegts/annex_b.ts";
import { audioPes, videoPes } from "../../mpegts/pes.ts";
import { TS_PACKET_BYTES, tsPacketCount, type TsUnit, writeTsPackets } from "../../mpegts/ts_packets.ts";
import { isSameProgram, tableUnits, TsPid, type TsProgram, TsStreamType } from "../../mpegts/ts_tables.ts";

/** What a transport stream is made from, besides its packets. */
export interface TsSource {
  /** Payload of the decoder header of this moment; null before it came. */
  sequenceHeader(kind: "audio" | "video"): Uint8Array | null;
  /** The publisher has sent audio. */
  hasAudio(): boolean;
}

/** Options of {@link TsWireFormat}. */
export interface TsWireOptions {
  framing: TagFraming;
  /** Leaves audio, or video, out. */
  audio: boolean;
  video: boolean;
}

/** Without keyframes, the tables are repeated this often: whoever comes waits for them. */
const TABLES_EVERY_MS = 500;

/** A packet as it will be written. */
interface Prepared {
  readonly packet: MediaPacket;
  readonly program: TsProgram;
  readonly units: readonly TsUnit[];
  readonly bytes: number;
}

/**
 * An MPEG transport stream of H.264 or HEVC, and AAC or MP3; what else there is, is left out. The tables come before each
 * keyframe, where players begin. Counters run on from packet to packet: one such format makes one log.
 *
 * Source: ISO/IEC 13818-1; stream types and PIDs as SRS.
 */
export class TsWireFormat implements WireFormat {
  readonly #source: TsSource;
  readonly #options: TsWireOptions;
  readonly #counters = new Map<number, number>();
  #config: { payload: Uint8Array; config: NalConfig | null } | null = null;
  #program: TsProgram = { video: null, audio: null };
  #version = 0;
  #tablesAtMs: number | null = null;
  /** Type of the audio by its own word. */
  #heardType: number | null = null;
  #prepared: Prepared | null = null;

  constructor(source: TsSource, options: TsWireOptions) {
    this.#source = source;
    this.#options = options;
  }

  wireBytes(packet: MediaPacket): number {
    this.#prepared = this.#prepare(packet);
    if (this.#prepared === null) return 0;
    const { framing } = this.#options;
    const { bytes } = this.#prepared;
    return framing.headBytes(bytes) + bytes + framing.tailBytes;
  }

  write(target: Uint8Array, offset: number, packet: MediaPacket): number {
    const prepared = this.#prepared?.packet === packet ? this.#prepared : this.#prepare(packet);
    if (prepared === null) return offset;
    const { framing } = this.#options;
    const { program, units, bytes } = prepared;
    if (units.some(({ pid }) => pid === TsPid.Map)) this.#noteTables(program, packet.timestampMs);
    framing.writeHead(target, offset, bytes);
    let at = offset + framing.headBytes(bytes);
    for (const unit of units) {
      const counter = this.#counters.get(unit.pid) ?? 0;
      at = writeTsPackets(target, at, unit, counter);
      this.#counters.set(unit.pid, counter + tsPacketCount(unit) & 15);
    }
    framing.writeTail(target, at);
    this.#prepared = null;
    return at + framing.tailBytes;
  }

  #prepare(packet: MediaPacket): Prepared | null {
    const media = packet.kind === "video" ? this.#videoUnit(packet) : this.#audioUnit(packet);
    if (media === null) return null;
    const program = this.#programNow();
    const tables = this.#needsTables(program, packet.timestampMs, media.isKeyframe) ? this.#tables(program) : [];
    const units = [...tables, media];
    const bytes = units.reduce((sum, unit) => sum + tsPacketCount(unit), 0) * TS_PACKET_BYTES;
    return { packet, program, units, bytes };
  }

  #videoUnit({ payload, timestampMs }: MediaPacket): TsUnit | null {
    const config = this.#options.video ? this.#nalConfig() : null;
    const picture = config === null ? null : readCodedPicture(payload);
    if (config === null || picture === null || codecName(payload, "video") !== config.codec) return null;
    const payloadOfPes = videoPes(config, picture, timestampMs);
    return { pid: TsPid.Video, payload: payloadOfPes, clockMs: timestampMs, isKeyframe: picture.isKeyframe };
  }

  #audioUnit({ kind, payload, timestampMs }: MediaPacket): TsUnit | null {
    if (kind !== "audio" || !this.#options.audio) return null;
    const codec = codecName(payload, "audio");
    this.#heardType = codec === "AAC" ? TsStreamType.Aac : codec === "MP3" ? TsStreamType.Mp3 : null;
    const header = this.#source.sequenceHeader("audio");
    const data = codec === "AAC" ? adtsFrame(payload, header) : codec === "MP3" ? codecBody(payload, "audio") : null;
    if (data === null || data.length === 0) return null;
    const clockMs = this.#programNow().video === null ? timestampMs : null;
    const payloadOfPes = audioPes(data, timestampMs);
    return { pid: TsPid.Audio, payload: payloadOfPes, clockMs, isKeyframe: false };
  }

  #programNow(): TsProgram {
    const codec = this.#options.video ? this.#nalConfig()?.codec : undefined;
    const video = codec === undefined ? null : codec === "H264" ? TsStreamType.H264 : TsStreamType.Hevc;
    return { video, audio: this.#options.audio ? this.#audioType() : null };
  }

  /** AAC has a header; audio without one that was not heard yet can only be MP3, of what is carried. */
  #audioType(): number | null {
    if (this.#heardType !== null) return this.#heardType;
    const header = this.#source.sequenceHeader("audio");
    if (header !== null) return codecName(header, "audio") === "AAC" ? TsStreamType.Aac : null;
    return this.#source.hasAudio() ? TsStreamType.Mp3 : null;
  }

  #nalConfig(): NalConfig | null {
    const payload = this.#source.sequenceHeader("video");
    if (payload === null) return null;
    if (this.#config?.payload !== payload) this.#config = { payload, config: readNalConfig(payload) };
    return this.#config.config;
  }

  #needsTables(program: TsProgram, timestampMs: number, isKeyframe: boolean): boolean {
    if (isKeyframe || this.#tablesAtMs === null || !isSameProgram(program, this.#program)) return true;
    return program.video === null && Math.abs(timestampMs - this.#tablesAtMs) >= TABLES_EVERY_MS;
  }

  #tables(program: TsProgram): TsUnit[] {
    return tableUnits(program, isSameProgram(program, this.#program) ? this.#version : this.#version + 1);
  }

  #noteTables(program: TsProgram, timestampMs: number): void {
    if (!isSameProgram(program, this.#program)) this.#version++;
    this.#program = program;
    this.#tablesAtMs = timestampMs;
  }
}
