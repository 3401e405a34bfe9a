import { encodeFlvHeader, type FlvHeader } from "../../flv/tag.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { flvWireFormat, type WireFormat } from "../../stream/wire_format.ts";
import { aacWireFormat, mp3WireFormat } from "./audio_format.ts";
import { type Carrier, framingOf } from "../live/carrier.ts";
import { TsWireFormat } from "./ts_format.ts";

/** Which media a viewer gets. */
export interface Tracks {
  readonly audio: boolean;
  readonly video: boolean;
}

/** A format that live streams are served in, chosen by the end of their path. */
export interface StreamFormat {
  readonly contentType: string;
  /** What an answer begins with. */
  header(announced: FlvHeader): Uint8Array;
  /** Always the same object for the same question: by it viewers share a log. */
  wire(source: LiveSource, carrier: Carrier, tracks: Tracks): WireFormat;
}

const flvFormats = new Map<string, WireFormat>();
const mp3Formats = new Map<Carrier, WireFormat>();
/** AAC needs to know of the decoder header of its stream. */
const aacFormats = new WeakMap<LiveSource, Map<Carrier, WireFormat>>();
/** A transport stream counts its packets, and knows the codecs of its stream. */
const tsFormats = new WeakMap<LiveSource, Map<string, WireFormat>>();
const noHeader = new Uint8Array(0);

const formats: ReadonlyMap<string, StreamFormat> = new Map([
  [".flv", {
    contentType: "video/x-flv",
    header: encodeFlvHeader,
    wire: (_source, carrier, { audio, video }) =>
      remember(
        flvFormats,
        `${carrier} ${audio} ${video}`,
        () => flvWireFormat({ framing: framingOf(carrier), audio, video }),
      ),
  }],
  [".ts", {
    contentType: "video/MP2T",
    header: () => noHeader,
    wire(source, carrier, { audio, video }) {
      const known = tsFormats.get(source) ?? new Map<string, WireFormat>();
      tsFormats.set(source, known);
      const facts = {
        sequenceHeader: (kind: "audio" | "video") => source.meta.sequenceHeader(kind)?.payload ?? null,
        hasAudio: () => source.hasAudio,
      };
      const make = () => new TsWireFormat(facts, { framing: framingOf(carrier), audio, video });
      return remember(known, `${carrier} ${audio} ${video}`, make);
    },
  }],
  [".mp3", {
    contentType: "audio/mpeg",
    header: () => noHeader,
    wire: (_source, carrier) => remember(mp3Formats, carrier, () => mp3WireFormat(framingOf(carrier))),
  }],
  [".aac", {
    contentType: "audio/x-aac",
    header: () => noHeader,
    wire(source, carrier) {
      const known = aacFormats.get(source) ?? new Map<Carrier, WireFormat>();
      aacFormats.set(source, known);
      const config = () => source.meta.sequenceHeader("audio")?.payload ?? null;
      return remember(known, carrier, () => aacWireFormat(framingOf(carrier), config));
    },
  }],
]);

/** The format of an extension, such as `.flv`; undefined for one that is not served. */
export function streamFormat(extension: string): StreamFormat | undefined {
  return formats.get(extension);
}

/** Extensions that are served, for people. */
export const servedExtensions = [...formats.keys()].join(", ");

function remember<K>(known: Map<K, WireFormat>, key: K, make: () => WireFormat): WireFormat {
  const format = known.get(key) ?? make();
  known.set(key, format);
  return format;
}
