import { assertEquals } from "../../../kit/assert.ts";
import { aacWireFormat, mp3WireFormat } from "../../../../src/http/format/audio_format.ts";
import { framingOf } from "../../../../src/http/live/carrier.ts";
import type { MediaPacket } from "../../../../src/stream/packet.ts";
import type { WireFormat } from "../../../../src/stream/wire_format.ts";

function audio(...payload: number[]): MediaPacket {
  return { kind: "audio", timestampMs: 0, payload: Uint8Array.from(payload) };
}

function encode(format: WireFormat, packet: MediaPacket): number[] {
  const out = new Uint8Array(3 + format.wireBytes(packet)).fill(0xee);
  assertEquals(format.write(out, 3, packet), out.length);
  assertEquals([...out.subarray(0, 3)], [0xee, 0xee, 0xee]);
  return [...out.subarray(3)];
}

const mp3 = mp3WireFormat(framingOf("plain"));

const mp3Cases: [name: string, packet: MediaPacket, expected: number[]][] = [
  ["MP3", audio(0x2f, 0xff, 0xfb, 1, 2), [0xff, 0xfb, 1, 2]],
  ["MP3 of 8 kHz", audio(0xee, 0xff, 0xe3), [0xff, 0xe3]],
  ["MP3 by FourCC", audio(0x91, 0x2e, 0x6d, 0x70, 0x33, 0xff, 0xfb), [0xff, 0xfb]],
  ["nothing of AAC", audio(0xaf, 1, 1, 2), []],
  ["nothing of an empty packet", audio(), []],
  ["nothing of a header alone", audio(0x2f), []],
  ["nothing of video", { ...audio(0x2f, 1, 2), kind: "video" }, []],
  ["nothing of script data", { ...audio(0x2f, 1, 2), kind: "script" }, []],
];

for (const [name, packet, expected] of mp3Cases) {
  Deno.test(`mp3WireFormat takes ${name}`, () => assertEquals(encode(mp3, packet), expected));
}

/** LC, 44.1 kHz, stereo. */
const config = Uint8Array.of(0xaf, 0, 0x12, 0x10);
const aac = (header: Uint8Array | null) => aacWireFormat(framingOf("plain"), () => header);

Deno.test("aacWireFormat puts an ADTS header before each frame", () => {
  assertEquals(encode(aac(config), audio(0xaf, 1, 0xaa, 0xbb)), [0xff, 0xf1, 0x50, 0x80, 1, 0x3f, 0xfc, 0xaa, 0xbb]);
  // 1017 bytes with the header: the length crosses all its bytes.
  const long = encode(aac(config), audio(0xaf, 1, ...new Uint8Array(1010)));
  assertEquals([...long.slice(0, 7), long.length], [0xff, 0xf1, 0x50, 0x80, 0x7f, 0x3f, 0xfc, 1017]);
});

Deno.test("aacWireFormat takes AAC in the form of enhanced RTMP", () => {
  const mp4a = [0x6d, 0x70, 0x34, 0x61];
  const header = Uint8Array.of(0x90, ...mp4a, 0x12, 0x10);
  assertEquals(encode(aac(header), audio(0x91, ...mp4a, 0xaa)), [0xff, 0xf1, 0x50, 0x80, 1, 0x1f, 0xfc, 0xaa]);
  for (const type of [0x90, 0x92, 0x94]) assertEquals(encode(aac(header), audio(type, ...mp4a, 0xaa)), []);
});

const configs: [name: string, bytes: number[], expected: [number, number]][] = [
  ["LC 48 kHz, 5.1", [0x11, 0xb0], [0x4d, 0x80]],
  ["LC 48 kHz, mono", [0x11, 0x88], [0x4c, 0x40]],
  ["Main 8 kHz, 7.1", [0x0d, 0xb8], [0x2d, 0xc0]],
  ["HE 22.05 kHz core, stereo", [0x2b, 0x92, 0x08, 0x00], [0x5c, 0x80]],
];

for (const [name, bytes, [third, fourth]] of configs) {
  Deno.test(`aacWireFormat describes ${name}`, () => {
    const out = encode(aac(Uint8Array.of(0xaf, 0, ...bytes)), audio(0xaf, 1, 5));
    assertEquals([out[2], out[3]! & 0xc0], [third, fourth]);
  });
}

const left: [name: string, packet: MediaPacket, header: Uint8Array | null][] = [
  ["the decoder header", audio(0xaf, 0, 0x12, 0x10), config],
  ["a frame before there is a header", audio(0xaf, 1, 5), null],
  ["a frame without data", audio(0xaf, 1), config],
  ["MP3", audio(0x2f, 0xff, 0xfb), config],
  ["a frame too long for ADTS", audio(0xaf, 1, ...new Uint8Array(8185)), config],
  ["video", { ...audio(0xaf, 1, 5), kind: "video" }, config],
];

for (const [name, packet, header] of left) {
  Deno.test(`aacWireFormat leaves out ${name}`, () => assertEquals(encode(aac(header), packet), []));
}

Deno.test("audio goes into the carrier's pieces", () => {
  const out = encode(mp3WireFormat(framingOf("chunks")), audio(0x2f, 65, 66));
  assertEquals(String.fromCharCode(...out), "0000002\r\nAB\r\n");
});
