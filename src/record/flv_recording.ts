import { type AmfObject, decodeAmf0, EcmaArray, encodeAmf0, isAmfObject } from "../amf/amf0.ts";
import { concatBytes, equalBytes } from "../base/bytes.ts";
import { codecName, MediaFlag } from "../flv/codec.ts";
import { encodeFlvHeader, encodeFlvTag, flvTagHeaderBytes, FlvTagType } from "../flv/tag.ts";
import { flagsOf, type MediaPacket } from "../stream/packet.ts";
import type {
  FileExtent,
  FilePatch,
  FilePiece,
  NewRecording,
  RecordedCodecs,
  RecordingFormat,
} from "./recording_format.ts";

/** File header and first PreviousTagSize. */
const HEADER_BYTES = 13;
/** Where the file header says which kinds there are. */
const FLAGS_AT = 4;
const METADATA = "onMetaData";
/** Marker, length and text of the name, marker and length of the array, then key and marker of its first member. */
const DURATION_AT = HEADER_BYTES + flvTagHeaderBytes + 3 + METADATA.length + 5 + 2 + "duration".length + 1;
const FILESIZE_AT = DURATION_AT + 8 + 2 + "filesize".length + 1;
/** What a publisher says beyond this is not metadata. */
const MAX_METADATA_BYTES = 64 * 1024;

const tagTypes = { audio: FlvTagType.Audio, video: FlvTagType.Video, script: FlvTagType.Script } as const;

/** An FLV file. What of it lies on the disk can be played at any moment; only duration and size come at the end. */
export class FlvRecording implements RecordingFormat {
  readonly leftOut: ReadonlySet<string> = new Set();
  readonly #codecs: { audio: string | null; video: string | null };
  /** The newest decoder configuration of each kind: encoders that send it with every keyframe say nothing new. */
  readonly #configs = new Map<string, Uint8Array>();

  private constructor(codecs: { audio: string | null; video: string | null }, headers: readonly MediaPacket[]) {
    this.#codecs = codecs;
    for (const header of headers) this.#isNews(header);
  }

  /**
   * A new file.
   *
   * @param headers Metadata and decoder headers of the stream.
   * @param atMs Time of its first frame in the file.
   */
  static begin(headers: readonly MediaPacket[], atMs: number): NewRecording {
    const of = (kind: "audio" | "video") => headers.find((packet) => packet.kind === kind);
    const [audio, video] = [of("audio"), of("video")];
    const isUnknown = audio === undefined && video === undefined;
    const flags = { hasAudio: audio !== undefined || isUnknown, hasVideo: video !== undefined || isUnknown };
    const format = new FlvRecording({
      audio: audio === undefined ? null : codecName(audio.payload, "audio"),
      video: video === undefined ? null : codecName(video.payload, "video"),
    }, headers);
    const bytes = concatBytes(
      encodeFlvHeader(flags),
      encodeFlvTag({ type: FlvTagType.Script, timestampMs: 0, payload: metadataOf(headers) }),
      ...headers.filter(({ kind }) => kind !== "script").map((packet) => encode(packet, atMs)),
    );
    return { format, head: [{ bytes, endMs: atMs }] };
  }

  /** Goes on with a file that has these codecs. */
  static resume(codecs: RecordedCodecs): FlvRecording {
    return new FlvRecording({ ...codecs }, []);
  }

  get codecs(): RecordedCodecs {
    return { ...this.#codecs };
  }

  takeHeader(packet: MediaPacket, atMs: number): FilePiece[] | null {
    // Metadata with a time other than 0 is a stream of subtitles to ffmpeg 5.1; the file has its own.
    if (packet.kind === "script") return [];
    const codec = codecName(packet.payload, packet.kind);
    const known = this.#codecs[packet.kind];
    if (known !== null && codec !== known) return null;
    this.#codecs[packet.kind] = codec;
    return this.#isNews(packet) ? [{ bytes: encode(packet, atMs), endMs: atMs }] : [];
  }

  write(packet: MediaPacket, atMs: number): FilePiece[] {
    // The publisher may return.
    if (packet.kind === "video" && (flagsOf(packet) & MediaFlag.SequenceEnd) !== 0) return [];
    if (packet.kind !== "script") this.#codecs[packet.kind] ??= codecName(packet.payload, packet.kind);
    return [{ bytes: encode(packet, atMs), endMs: atMs }];
  }

  skip(): FilePiece[] {
    return [];
  }

  end(): FilePiece[] {
    return [];
  }

  #isNews(packet: MediaPacket): boolean {
    if (packet.kind === "script" || (flagsOf(packet) & MediaFlag.SequenceHeader) === 0) return true;
    const known = this.#configs.get(packet.kind);
    if (known !== undefined && equalBytes(known, packet.payload)) return false;
    this.#configs.set(packet.kind, packet.payload.slice());
    return true;
  }

  patches(extent: FileExtent): FilePatch[] {
    const { audio, video } = this.#codecs;
    const hasAny = audio !== null || video !== null;
    const flags = (audio !== null ? 4 : 0) | (video !== null ? 1 : 0);
    return [
      ...(hasAny ? [{ at: FLAGS_AT, bytes: Uint8Array.of(flags) }] : []),
      ...flvExtentPatches(extent),
    ];
  }
}

/** Fills in duration and size of a file that {@link FlvRecording} began. */
export function flvExtentPatches({ bytes, durationMs }: FileExtent): FilePatch[] {
  return [
    { at: DURATION_AT, bytes: encodeNumber(durationMs / 1000) },
    { at: FILESIZE_AT, bytes: encodeNumber(bytes) },
  ];
}

/** Whether a file begins as those that {@link FlvRecording} began, so that {@link flvExtentPatches} fit. */
export function isOwnFlv(head: Uint8Array): boolean {
  const own = encodeAmf0(METADATA, new EcmaArray({ duration: 0, filesize: 0 }));
  const begin = HEADER_BYTES + flvTagHeaderBytes;
  const keys: readonly [number, number][] = [
    [begin, begin + 3 + METADATA.length + 1],
    [begin + 3 + METADATA.length + 5, DURATION_AT],
    [DURATION_AT + 8, FILESIZE_AT],
  ];
  return head.length >= FILESIZE_AT + 8 &&
    keys.every(([from, to]) => own.subarray(from - begin, to - begin).every((byte, i) => byte === head[from + i]));
}

/** Bytes of a file's beginning that {@link isOwnFlv} needs. */
export const flvHeadBytes = FILESIZE_AT + 8;

function encode({ kind, payload }: MediaPacket, atMs: number): Uint8Array<ArrayBuffer> {
  return encodeFlvTag({ type: tagTypes[kind], timestampMs: atMs >>> 0, payload });
}

/** Metadata with room for what is filled in; the publisher's own members follow. */
function metadataOf(headers: readonly MediaPacket[]): Uint8Array {
  const payload = headers.find(({ kind }) => kind === "script")?.payload;
  const { duration: _duration, filesize: _filesize, ...kept } = payload === undefined ? {} : readMembers(payload);
  return encodeAmf0(METADATA, new EcmaArray({ duration: 0, filesize: 0, ...kept }));
}

function readMembers(payload: Uint8Array): AmfObject {
  if (payload.length > MAX_METADATA_BYTES) return {};
  try {
    const [, data] = decodeAmf0(payload);
    return data !== undefined && isAmfObject(data) ? data : {};
  } catch {
    return {};
  }
}

function encodeNumber(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}
