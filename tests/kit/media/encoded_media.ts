import { concatBytes } from "../../../src/base/bytes.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { hlsStartMs, type TimedPacket } from "../hls/hls_media.ts";
import { findBox, readMp4, type ReadTrack } from "./mp4_reader.ts";

/** How enhanced RTMP names what MP4 names by its sample entry, and the box with the decoder's configuration. */
const codecs: readonly [entry: RegExp, kind: "audio" | "video", fourCc: string, box: string | null][] = [
  [/^avc1/, "video", "avc1", "avcC"],
  [/^hvc1|^hev1/, "video", "hvc1", "hvcC"],
  [/^av01/, "video", "av01", "av1C"],
  [/^vp09/, "video", "vp09", "vpcC"],
  [/^Opus/i, "audio", "Opus", null],
  [/^mp4a\.6/, "audio", ".mp3", null],
  [/^mp4a\.40/, "audio", "mp4a", "esds"],
];

/** Packets of an MP4 file as a publisher of enhanced RTMP sends them. */
export function enhancedPackets(file: Uint8Array): TimedPacket[] {
  const tracks = readMp4(file).flatMap((track) => packetsOf(track, file));
  const isHeader = ({ packet }: TimedPacket) => (packet.payload[0]! & 15) === 0;
  const frames = tracks.filter((each) => !isHeader(each)).sort((a, b) => a.wallMs - b.wallMs);
  return [...tracks.filter(isHeader), ...frames];
}

function packetsOf({ codec, timescale, samples }: ReadTrack, file: Uint8Array): TimedPacket[] {
  const found = codecs.find(([entry]) => entry.test(codec));
  if (found === undefined) throw new Error(`unknown sample entry ${codec}`);
  const [, kind, fourCc, box] = found;
  const name = [...fourCc].map((letter) => letter.charCodeAt(0));
  const base = samples[0]?.dts ?? 0;
  const packet = (atMs: number, type: number, isKey: boolean, ...rest: Uint8Array[]): TimedPacket => {
    const first = kind === "video" ? 0x80 | (isKey ? 1 : 2) << 4 | type : 0x90 | type;
    const payload = concatBytes(Uint8Array.of(first, ...name), ...rest);
    const timestampMs = Math.round(atMs);
    return { packet: { kind, timestampMs, payload } satisfies MediaPacket, wallMs: hlsStartMs + timestampMs };
  };
  const header = headerOf(box, fourCc, file);
  const frames = samples.map(({ dts, cts, isSync, data }) => {
    const atMs = (dts - base) * 1000 / timescale;
    const compositionMs = Math.round((cts - dts) * 1000 / timescale);
    const time = Uint8Array.of(compositionMs >>> 16 & 255, compositionMs >>> 8 & 255, compositionMs & 255);
    return fourCc === "avc1" || fourCc === "hvc1" ? packet(atMs, 1, isSync, time, data) : packet(atMs, 1, isSync, data);
  });
  return [packet(0, 0, true, header), ...frames];
}

function headerOf(box: string | null, fourCc: string, file: Uint8Array): Uint8Array {
  if (fourCc === "Opus") return opusHead(findBox(file, "dOps")!);
  const record = box === null ? new Uint8Array(0) : findBox(file, box)!;
  if (box !== "esds") return record;
  // The descriptor with tag 5 has the AudioSpecificConfig; sizes may take four bytes.
  for (let at = 4; at < record.length; at++) {
    if (record[at] !== 5) continue;
    let from = at + 1;
    while (record[from]! >= 0x80) from++;
    return record.subarray(from + 1, from + 1 + record[from]!);
  }
  throw new Error("no AudioSpecificConfig");
}

/** Numbers of `dOps` are the other way round than those of the ID header. Source: RFC 7845 §5.1. */
function opusHead(box: Uint8Array): Uint8Array {
  const at = (i: number) => box[i]!;
  const magic = new TextEncoder().encode("OpusHead");
  return Uint8Array.of(...magic, 1, at(1), at(3), at(2), at(7), at(6), at(5), at(4), at(9), at(8), at(10));
}
