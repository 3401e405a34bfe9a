import { type AmfObject, type AmfValue, decodeAmf0, EcmaArray, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { audioFlags, videoFlags } from "../../../src/flv/codec.ts";
import { MetaCache, readScript } from "../../../src/stream/meta_cache.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assert, assertEquals, assertStrictEquals } from "../../kit/assert.ts";
import { audioHeader, videoHeader } from "../../kit/media/packets.ts";

const identity = { server: "srs-ts", "server_version": "1" };

function scriptOf(payload: Uint8Array): MediaPacket {
  return { kind: "script", timestampMs: 40, payload };
}

function read(...values: AmfValue[]) {
  return readScript(scriptOf(encodeAmf0(...values)), identity);
}

const metadataCases: { name: string; values: AmfValue[]; expected: AmfObject }[] = [
  { name: "bare", values: ["onMetaData", { width: 640 }], expected: { width: 640 } },
  { name: "behind @setDataFrame", values: ["@setDataFrame", "onMetaData", { width: 640 }], expected: { width: 640 } },
  { name: "as ECMA array", values: ["onMetaData", new EcmaArray({ width: 640 })], expected: { width: 640 } },
  { name: "with a duration", values: ["onMetaData", { duration: 30, a: 1 }], expected: { a: 1 } },
  { name: "that names another server", values: ["onMetaData", { server: "SRS/5" }], expected: {} },
  {
    name: "with values of all kinds",
    values: ["onMetaData", { o: { x: null }, list: [1, "two", true], at: new Date(0), none: undefined }],
    expected: { o: { x: null }, list: [1, "two", true], at: new Date(0), none: undefined },
  },
  { name: "with further values", values: ["onMetaData", { a: 1 }, { b: 2 }, 3], expected: { a: 1 } },
];

for (const { name, values, expected } of metadataCases) {
  Deno.test(`readScript() keeps metadata ${name}, adds the server`, () => {
    const script = read(...values);
    assert(script !== null);
    assertEquals(script.name, "onMetaData");
    const [sentName, sent, ...rest] = decodeAmf0(script.packet.payload);
    assertEquals(sentName, "onMetaData");
    assertEquals({ ...sent as AmfObject }, { ...expected, ...identity });
    assertEquals(rest, []);
    assertEquals({ ...script.metadata }, { ...expected, ...identity });
  });
}

Deno.test("readScript() takes __proto__ and constructor for plain keys", () => {
  const hostile: AmfObject = Object.create(null);
  for (const name of ["__proto__", "constructor"]) hostile[name] = { polluted: true };
  const script = read("onMetaData", hostile);
  assert(script?.metadata);
  assertEquals(Object.keys(script.metadata), ["__proto__", "constructor", "server", "server_version"]);
  assertEquals(script.metadata["polluted"], undefined);
  assertEquals(({} as AmfObject)["polluted"], undefined);
  const [, sent] = decodeAmf0(script.packet.payload);
  assertEquals(Object.keys(sent as AmfObject), ["__proto__", "constructor", "server", "server_version"]);
});

const droppedCases: { name: string; payload: Uint8Array }[] = [
  { name: "nothing", payload: new Uint8Array(0) },
  { name: "no AMF", payload: Uint8Array.of(0xff, 0xfe, 0xfd) },
  { name: "a name cut short", payload: Uint8Array.of(2, 0, 10, 0x6f) },
  { name: "a number for a name", payload: encodeAmf0(7, { a: 1 }) },
  { name: "@setDataFrame alone", payload: encodeAmf0("@setDataFrame") },
  { name: "@setDataFrame with a number", payload: encodeAmf0("@setDataFrame", 7) },
  { name: "@clearDataFrame", payload: encodeAmf0("@clearDataFrame", "onMetaData") },
  { name: "|RtmpSampleAccess", payload: encodeAmf0("|RtmpSampleAccess", true, true) },
  { name: "onMetaData alone", payload: encodeAmf0("onMetaData") },
  { name: "onMetaData with a string", payload: encodeAmf0("onMetaData", "640x480") },
  { name: "onMetaData with broken values", payload: Uint8Array.of(...encodeAmf0("onMetaData"), 3, 0, 1, 0x61, 0x55) },
  {
    name: "onMetaData nested too deep",
    payload: Uint8Array.of(...encodeAmf0("onMetaData"), ...new Array(200).fill([3, 0, 1, 0x61]).flat()),
  },
];

for (const { name, payload } of droppedCases) {
  Deno.test(`readScript() drops ${name}`, () => assertEquals(readScript(scriptOf(payload), identity), null));
}

Deno.test("readScript() hands other data on as it came, without @setDataFrame", () => {
  const amf3 = Uint8Array.of(0x11, 0x0a, 0x0b, 0x01, 0x03);
  const body = Uint8Array.of(...encodeAmf0("onTextData"), ...amf3);
  const wrapped = Uint8Array.of(...encodeAmf0("@setDataFrame"), ...body);
  for (const payload of [body, wrapped]) {
    const script = readScript(scriptOf(payload), identity);
    assertEquals(script?.packet.payload, body);
    assertEquals(script?.metadata, null);
    assertEquals(script?.packet.timestampMs, 40);
  }
});

/** Enhanced RTMP video: packet type in the low bits, FourCC, then the body; track 1 in a multitrack packet. */
function exVideo(packetType: number, fourCc: string, ...body: number[]): MediaPacket {
  const codes = Array.from(fourCc, (c) => c.charCodeAt(0));
  return { kind: "video", timestampMs: 0, payload: Uint8Array.of(0x90 | packetType, ...codes, ...body) };
}

function put(cache: MetaCache, packet: MediaPacket): boolean {
  return cache.putHeader(packet, packet.kind === "video" ? videoFlags(packet.payload) : audioFlags(packet.payload));
}

function metadata(id: number): MediaPacket {
  return scriptOf(encodeAmf0("onMetaData", { id }));
}

function payloads(cache: MetaCache): Uint8Array[] {
  return cache.headers.packets.map(({ payload }) => payload);
}

Deno.test("MetaCache.headers has metadata, audio, video, in whatever order they came", () => {
  const cache = new MetaCache();
  assertEquals(cache.headers.packets, []);
  put(cache, videoHeader(1));
  put(cache, audioHeader(2));
  cache.putMetadata(metadata(3));
  assertEquals(payloads(cache), [metadata(3), audioHeader(2), videoHeader(1)].map(({ payload }) => payload));
});

Deno.test("MetaCache.headers is a new object after a change: a GOP keeps the headers of its moment", () => {
  const cache = new MetaCache();
  put(cache, videoHeader(1));
  const before = cache.headers;
  put(cache, videoHeader(1));
  assertStrictEquals(cache.headers, before, "nothing changed");
  put(cache, videoHeader(2));
  assertEquals(before.packets.map(({ payload }) => payload), [videoHeader(1).payload]);
  assertEquals(payloads(cache), [videoHeader(2).payload]);
});

Deno.test("MetaCache keeps enhanced headers: configuration, colour information, further tracks, each one once", () => {
  const cache = new MetaCache();
  const config = exVideo(0, "hvc1", 1, 2, 3);
  const colour = exVideo(4, "hvc1", 2, 0, 3);
  const newColour = exVideo(4, "hvc1", 2, 0, 4);
  const secondTrack = { ...config, payload: Uint8Array.of(0x96, 0x00, 0x61, 0x76, 0x30, 0x31, 1, 9, 9) };
  for (const packet of [config, colour, secondTrack, newColour]) put(cache, packet);
  assertEquals(payloads(cache), [config.payload, newColour.payload, secondTrack.payload]);
  assertEquals(cache.sequenceHeader("video")?.payload, config.payload);
});

Deno.test("MetaCache.putHeader() tells when players have the header of a new publisher already", () => {
  const cache = new MetaCache();
  cache.startSession();
  assertEquals(put(cache, videoHeader(1)), false, "new");
  assertEquals(put(cache, videoHeader(1)), false, "the same publisher again");
  cache.startSession();
  assertEquals(put(cache, videoHeader(1)), true, "the next publisher, the same header");
  assertEquals(put(cache, videoHeader(1)), false, "repeated by it");
  assertEquals(put(cache, videoHeader(2)), false, "changed");
  cache.startSession();
  assertEquals(put(cache, videoHeader(1)), false, "not what players have now");
});

Deno.test("MetaCache.dropStale() drops what the new publisher has not sent", () => {
  const cache = new MetaCache();
  cache.putMetadata(metadata(1));
  put(cache, videoHeader(1));
  put(cache, audioHeader(1));
  cache.startSession();
  assertEquals(cache.headers.packets.length, 3, "players that come in between need them");
  put(cache, audioHeader(1));
  cache.dropStale();
  assertEquals(payloads(cache), [audioHeader(1).payload]);
  assertEquals(cache.sequenceHeader("video"), null);
});

Deno.test("MetaCache holds no more than a bounded number of bounded headers", () => {
  const cache = new MetaCache();
  const huge = { ...videoHeader(1), payload: new Uint8Array(1024 * 1024) };
  huge.payload.set(videoHeader(1).payload);
  assertEquals(put(cache, huge), false);
  assertEquals(cache.headers.packets, []);
  for (let track = 1; track < 256; track++) {
    put(cache, { ...videoHeader(1), payload: Uint8Array.of(0x96, 0x00, 0x61, 0x76, 0x30, 0x31, track, 9, 9) });
  }
  assertEquals(cache.headers.packets.length, 64);
  put(cache, { ...videoHeader(1), payload: Uint8Array.of(0x96, 0x00, 0x61, 0x76, 0x30, 0x31, 1, 8, 8) });
  assertEquals(
    payloads(cache)[0],
    Uint8Array.of(0x96, 0x00, 0x61, 0x76, 0x30, 0x31, 1, 8, 8),
    "known ones are renewed",
  );
});

Deno.test("MetaCache copies a header out of the aggregate that it came in", () => {
  const cache = new MetaCache();
  const aggregate = new Uint8Array(1024 * 1024);
  aggregate.set(videoHeader(1).payload, 500);
  const payload = aggregate.subarray(500, 500 + videoHeader(1).payload.length);
  put(cache, { ...videoHeader(1), payload });
  assertEquals(cache.headers.packets[0]?.payload.buffer.byteLength, payload.length);
});
