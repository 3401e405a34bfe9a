import { concatBytes } from "../../../../src/base/bytes.ts";
import { framingOf } from "../../../../src/http/live/carrier.ts";
import { TsWireFormat } from "../../../../src/http/format/ts_format.ts";
import type { MediaPacket } from "../../../../src/stream/packet.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { TsReader } from "../../../kit/cases/ts_reader.ts";

const sps = [0x67, 0x4d, 0, 0x1e, 1, 2, 3];
const pps = [0x68, 0xee, 0x3c, 0x80];
const avcHeader = Uint8Array.of(
  0x17,
  0,
  0,
  0,
  0,
  1,
  0x4d,
  0,
  0x1e,
  0xff,
  0xe1,
  0,
  sps.length,
  ...sps,
  1,
  0,
  pps.length,
  ...pps,
);
/** AAC-LC, 44.1 kHz, stereo. */
const aacHeader = Uint8Array.of(0xaf, 0, 0x12, 0x10);
const hevcSets = [[0x40, 1, 1], [0x42, 1, 2], [0x44, 1, 3]];
const hevcHeader = Uint8Array.of(
  0x1c,
  0,
  0,
  0,
  0,
  1,
  ...new Array<number>(20).fill(0),
  3,
  3,
  ...hevcSets.flatMap((set, i) => [32 + i, 0, 1, 0, set.length, ...set]),
);

interface Headers {
  video?: Uint8Array | null;
  audio?: Uint8Array | null;
  hasAudio?: boolean;
}

function formatOf({ video = null, audio = null, hasAudio = false }: Headers, options = { audio: true, video: true }) {
  const source = {
    sequenceHeader: (kind: "audio" | "video") => kind === "video" ? video : audio,
    hasAudio: () => hasAudio || audio !== null,
  };
  return new TsWireFormat(source, { framing: framingOf("plain"), ...options });
}

/** A frame of units, each behind a length of 4 bytes. */
function picture(timestampMs: number, compositionMs: number, isKey: boolean, ...units: number[][]): MediaPacket {
  const cts = [compositionMs >>> 16 & 255, compositionMs >>> 8 & 255, compositionMs & 255];
  const body = units.flatMap((unit) => [0, 0, unit.length >>> 8, unit.length & 255, ...unit]);
  return { kind: "video", timestampMs, payload: Uint8Array.of(isKey ? 0x17 : 0x27, 1, ...cts, ...body) };
}

function aac(timestampMs: number, ...frame: number[]): MediaPacket {
  return { kind: "audio", timestampMs, payload: Uint8Array.of(0xaf, 1, ...frame) };
}

function mp3(timestampMs: number, ...frame: number[]): MediaPacket {
  return { kind: "audio", timestampMs, payload: Uint8Array.of(0x2f, 0xff, 0xfb, ...frame) };
}

function encode(format: TsWireFormat, ...packets: MediaPacket[]): TsReader {
  const reader = new TsReader();
  for (const packet of packets) {
    const bytes = new Uint8Array(format.wireBytes(packet));
    assertEquals(format.write(bytes, 0, packet), bytes.length);
    reader.push(bytes);
  }
  reader.end();
  return reader;
}

const start = [0, 0, 0, 1];

Deno.test("a transport stream has tables, times, and the units of each picture behind start codes", () => {
  const { streams, units, clocks, randomAccess, versions } = encode(
    formatOf({ video: avcHeader, audio: aacHeader }),
    picture(1000, 80, true, [0x65, 1, 2], [6, 9]),
    aac(1010, 7, 8, 9),
    picture(1040, -40, false, [0x41, 3]),
  );
  assertEquals([...streams], [[0x100, 0x1b], [0x101, 0x0f]]);
  assertEquals(versions, [1]);
  assertEquals(units.map(({ pid, ptsMs, dtsMs, data }) => [pid, ptsMs, dtsMs, [...data]]), [
    [0x100, 1080, 1000, [...start, 9, 0xf0, ...start, ...sps, ...start, ...pps, ...start, 0x65, 1, 2, ...start, 6, 9]],
    [0x101, 1010, 1010, [0xff, 0xf1, 0x50, 0x80, 1, 0x5f, 0xfc, 7, 8, 9]],
    [0x100, 1000, 1040, [...start, 9, 0xf0, ...start, 0x41, 3]],
  ]);
  assertEquals(clocks, [[0x100, 1000], [0x100, 1040]]);
  assertEquals(randomAccess, [0x100]);
});

Deno.test("payloads of every length fill their packets", () => {
  for (let length = 1; length < 800; length++) {
    const frame = new Array<number>(length).fill(0x41);
    const { units } = encode(formatOf({ video: avcHeader }), picture(0, 0, length % 2 === 0, frame));
    assertEquals(units[0]!.data.subarray(-length).every((byte) => byte === 0x41), true, String(length));
  }
  const long = new Array<number>(60_000).fill(0x41);
  const { units } = encode(formatOf({ video: avcHeader }), picture(0, 0, true, long, long));
  assertEquals(units[0]!.data.length, 4 * 5 + 2 + sps.length + pps.length + 120_000);
});

Deno.test("the tables come before each keyframe, and when the streams change, with a new version", () => {
  const format = formatOf({ video: avcHeader, audio: null });
  const { versions, streams } = encode(
    format,
    picture(0, 0, true, [0x65]),
    picture(40, 0, false, [0x41]),
    mp3(50, 1),
    mp3(60, 2),
    picture(80, 0, true, [0x65]),
  );
  assertEquals(versions, [1, 2, 2]);
  assertEquals([...streams], [[0x100, 0x1b], [0x101, 0x03]]);
});

Deno.test("audio that was not heard yet is announced when it can only be MP3", () => {
  const { versions, streams } = encode(
    formatOf({ video: avcHeader, hasAudio: true }),
    picture(0, 0, true, [0x65]),
    mp3(10, 1),
  );
  assertEquals([versions, [...streams]], [[1], [[0x100, 0x1b], [0x101, 0x03]]]);
});

Deno.test("audio with a header of a codec that is not carried is not announced", () => {
  const opus = Uint8Array.of(0x90, 0x4f, 0x70, 0x75, 0x73, 1, 2);
  const { streams } = encode(formatOf({ video: avcHeader, audio: opus }), picture(0, 0, true, [0x65]));
  assertEquals([...streams], [[0x100, 0x1b]]);
});

Deno.test("audio alone has the clock, and the tables again and again", () => {
  const packets = Array.from({ length: 60 }, (_, i) => aac(i * 23, i));
  const { versions, clocks, streams, units } = encode(formatOf({ audio: aacHeader }), ...packets);
  assertEquals(versions, [1, 1, 1]);
  assertEquals([...streams], [[0x101, 0x0f]]);
  assertEquals(clocks.length, 60);
  assertEquals(units.map(({ data }) => data.at(-1)), packets.map((_, i) => i));
});

Deno.test("HEVC, in the old and the new form of FLV", () => {
  const body = [0, 0, 0, 3, 0x26, 1, 5];
  const sets = hevcSets.flatMap((set) => [...start, ...set]);
  const expected = [...start, 70, 1, 0x50, ...sets, ...start, 0x26, 1, 5];
  const fourCc = [0x68, 0x76, 0x63, 0x31];
  const exHeader = Uint8Array.of(0x90, ...fourCc, ...hevcHeader.subarray(5));
  const forms: [header: Uint8Array, payload: Uint8Array, ptsMs: number][] = [
    [hevcHeader, Uint8Array.of(0x1c, 1, 0, 0, 40, ...body), 40],
    [exHeader, Uint8Array.of(0x91, ...fourCc, 0, 0, 80, ...body), 80],
    [exHeader, Uint8Array.of(0x93, ...fourCc, ...body), 0],
  ];
  for (const [video, payload, ptsMs] of forms) {
    const { units, streams } = encode(formatOf({ video }), { kind: "video", timestampMs: 0, payload });
    assertEquals([...streams], [[0x100, 0x24]]);
    assertEquals(units.map((unit) => [unit.ptsMs, [...unit.data]]), [[ptsMs, expected]]);
  }
});

Deno.test("headers, metadata, other codecs and what is not wanted are left out", () => {
  const leftOut: MediaPacket[] = [
    { kind: "video", timestampMs: 0, payload: avcHeader },
    { kind: "audio", timestampMs: 0, payload: aacHeader },
    { kind: "script", timestampMs: 0, payload: new Uint8Array(9) },
    { kind: "audio", timestampMs: 0, payload: Uint8Array.of(0xb2, 1, 2) },
    { kind: "video", timestampMs: 0, payload: Uint8Array.of(0x14, 1, 2) },
    { kind: "video", timestampMs: 0, payload: Uint8Array.of(0x17, 2, 0, 0, 0) },
    { kind: "video", timestampMs: 0, payload: new Uint8Array(0) },
    { kind: "audio", timestampMs: 0, payload: new Uint8Array(0) },
  ];
  const format = formatOf({ video: avcHeader, audio: aacHeader });
  for (const packet of leftOut) assertEquals(format.wireBytes(packet), 0, `${packet.payload}`);
  const one = (options: { audio: boolean; video: boolean }) =>
    encode(formatOf({ video: avcHeader, audio: aacHeader }, options), picture(0, 0, true, [0x65]), aac(0, 1)).units;
  assertEquals(one({ audio: true, video: false }).map(({ pid }) => pid), [0x101]);
  assertEquals(one({ audio: false, video: true }).map(({ pid }) => pid), [0x100]);
});

Deno.test("times go on where 32-bit milliseconds wrap: 2 ** 32 of them are 45 rounds of the clock", () => {
  const { units } = encode(
    formatOf({ video: avcHeader }),
    picture(0xffff_ffff, 1, true, [0x65]),
    picture(0, 0, false, [1]),
  );
  assertEquals(units.map(({ dtsMs, ptsMs }) => [dtsMs, ptsMs]), [[2 ** 33 / 90 - 1, 0], [0, 0]]);
});

Deno.test("broken lengths of units and of headers end what they begin, and nothing else", () => {
  const format = formatOf({ video: avcHeader });
  const broken: MediaPacket = {
    kind: "video",
    timestampMs: 0,
    payload: Uint8Array.of(0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65, 255, 255, 255, 255, 1),
  };
  const { units } = encode(format, broken);
  assertEquals([...units[0]!.data.subarray(-5)], [...start, 0x65]);
  for (let length = 6; length < avcHeader.length; length++) {
    encode(formatOf({ video: avcHeader.subarray(0, length) }), picture(0, 0, true, [0x65]));
  }
  for (let length = 6; length < hevcHeader.length; length++) {
    const payload = Uint8Array.of(0x1c, 1, 0, 0, 0, 0, 0, 0, 2, 0x26, 1);
    encode(formatOf({ video: hevcHeader.subarray(0, length) }), { kind: "video", timestampMs: 0, payload });
  }
});

Deno.test("chunks of HTTP stand around whole packets", () => {
  const source = { sequenceHeader: (kind: string) => kind === "video" ? avcHeader : null, hasAudio: () => false };
  const format = new TsWireFormat(source, { framing: framingOf("chunks"), audio: true, video: true });
  const packet = picture(0, 0, true, [0x65]);
  const bytes = new Uint8Array(format.wireBytes(packet));
  format.write(bytes, 0, packet);
  const [, size = ""] = /^([\da-f]+)\r\n/.exec(new TextDecoder("latin1").decode(bytes)) ?? [];
  assertEquals(parseInt(size, 16), 3 * 188);
  assertEquals(concatBytes(bytes.subarray(size.length + 2, -2)).length, 3 * 188);
});
