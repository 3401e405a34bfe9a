import { type BoxPlace, findBox, readBoxes } from "./read_boxes.ts";

/** A track as the head of a file describes it. */
export interface MovieTrack {
  readonly id: number;
  /** Ticks a second. */
  readonly timescale: number;
  /** Type of its sample entry, such as `avc1`. */
  readonly format: string;
  /** What the box of its decoder configuration holds; empty where it has none. */
  readonly config: Uint8Array;
  /** For audio: object type of `esds` (0x40 AAC, 0x6b MP3), channels and rate of the sample entry. */
  readonly objectType: number;
  readonly channels: number;
  readonly sampleRate: number;
  /** What fragments leave unsaid. */
  readonly defaults: SampleDefaults;
}

/** Values of samples that do not have their own. */
export interface SampleDefaults {
  readonly duration: number;
  readonly size: number;
  readonly flags: number;
}

/** The head of an MP4 file. */
export interface Movie {
  readonly tracks: readonly MovieTrack[];
  /** Samples come in fragments. */
  readonly isFragmented: boolean;
}

/** Bytes of a sample entry before the boxes in it. */
const VIDEO_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;
const noDefaults: SampleDefaults = { duration: 0, size: 0, flags: 0 };

/** Reads the body of a `moov`; tracks that are cut short are left out. */
export function readMovie(moov: Uint8Array): Movie {
  const view = new DataView(moov.buffer, moov.byteOffset, moov.byteLength);
  const extends_ = findBox(moov, ["mvex"]);
  const defaults = new Map<number, SampleDefaults>();
  if (extends_ !== null) {
    for (const { type, bodyStart: at, end } of readBoxes(moov, extends_.bodyStart, extends_.end)) {
      if (type !== "trex" || end - at < 24) continue;
      const [duration, size, flags] = [12, 16, 20].map((offset) => view.getUint32(at + offset));
      defaults.set(view.getUint32(at + 4), { duration: duration!, size: size!, flags: flags! });
    }
  }
  const traks = readBoxes(moov).filter(({ type }) => type === "trak");
  const tracks = traks.flatMap((trak) => {
    try {
      return readTrack(moov, trak, defaults) ?? [];
    } catch (error) {
      // Cut short.
      if (error instanceof RangeError) return [];
      throw error;
    }
  });
  return { tracks, isFragmented: extends_ !== null };
}

function readTrack(moov: Uint8Array, trak: BoxPlace, defaults: ReadonlyMap<number, SampleDefaults>): MovieTrack | null {
  const view = new DataView(moov.buffer, moov.byteOffset, moov.byteLength);
  const find = (...path: string[]) => findBox(moov, path, trak.bodyStart, trak.end);
  const header = find("tkhd");
  const media = find("mdia", "mdhd");
  const handler = find("mdia", "hdlr");
  const description = find("mdia", "minf", "stbl", "stsd");
  if (header === null || media === null || handler === null || description === null) return null;
  // Times before it have 64 bits in version 1.
  const id = view.getUint32(header.bodyStart + (view.getUint8(header.bodyStart) === 1 ? 20 : 12));
  const timescale = view.getUint32(media.bodyStart + (view.getUint8(media.bodyStart) === 1 ? 20 : 12));
  const kind = textAt(moov, handler.bodyStart + 8);
  const [entry] = readBoxes(moov, description.bodyStart + 8, description.end);
  if (entry === undefined || timescale === 0 || (kind !== "vide" && kind !== "soun")) return null;
  const isAudio = kind === "soun";
  const inside = readBoxes(moov, entry.bodyStart + (isAudio ? AUDIO_ENTRY_BYTES : VIDEO_ENTRY_BYTES), entry.end);
  const config = inside.find(({ type }) => /^(?:avcC|hvcC|av1C|vpcC|esds|dOps)$/.test(type));
  const body = config === undefined ? new Uint8Array(0) : moov.slice(config.bodyStart, config.end);
  const stream = config?.type === "esds" ? readElementaryStream(body) : { objectType: 0, specific: body };
  return {
    id,
    timescale,
    format: entry.type,
    config: config?.type === "vpcC" ? body.slice(4) : stream.specific,
    objectType: stream.objectType,
    channels: isAudio ? view.getUint16(entry.bodyStart + 16) : 0,
    sampleRate: isAudio ? view.getUint16(entry.bodyStart + 24) : 0,
    defaults: defaults.get(id) ?? noDefaults,
  };
}

/** Object type and decoder configuration of an `esds`. Source: ISO/IEC 14496-1 §7.2.6. */
function readElementaryStream(body: Uint8Array): { objectType: number; specific: Uint8Array } {
  let at = 4;
  const next = () => body[at++] ?? 0;
  const length = () => {
    let value = 0;
    for (let byte = next(), i = 0; i < 4; i++, byte = next()) {
      value = value * 128 + (byte & 127);
      if (byte < 128) break;
    }
    return value;
  };
  let objectType = 0;
  while (at < body.length) {
    const tag = next();
    const size = length();
    if (tag === 3) {
      at += 2;
      const flags = next();
      at += ((flags & 0x80) !== 0 ? 2 : 0) + ((flags & 0x20) !== 0 ? 2 : 0);
      if ((flags & 0x40) !== 0) at += next();
    } else if (tag === 4) {
      objectType = next();
      at += 12;
    } else if (tag === 5) return { objectType, specific: body.slice(at, at + size) };
    else at += size;
  }
  return { objectType, specific: new Uint8Array(0) };
}

function textAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
