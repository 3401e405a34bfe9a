import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { encodeFlvHeader, encodeFlvTag, type FlvTag, parseFlvTagHeader, writeFlvTag } from "../../../src/flv/tag.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";

const cases: readonly { name: string; tag: FlvTag; bytes: Uint8Array }[] = [
  {
    name: "audio at 0",
    tag: { type: 8, timestampMs: 0, payload: wire("af 00 1210") },
    bytes: wire("08 000004 000000 00 000000 af001210 0000000f"),
  },
  {
    name: "video at the last time of 24 bits",
    tag: { type: 9, timestampMs: 0xff_ffff, payload: wire("17") },
    bytes: wire("09 000001 ffffff 00 000000 17 0000000c"),
  },
  {
    name: "video at the first time beyond 24 bits",
    tag: { type: 9, timestampMs: 0x100_0000, payload: wire("17") },
    bytes: wire("09 000001 000000 01 000000 17 0000000c"),
  },
  {
    name: "script without a payload, at the last time of 32 bits",
    tag: { type: 18, timestampMs: 0xffff_ffff, payload: new Uint8Array(0) },
    bytes: wire("12 000000 ffffff ff 000000 0000000b"),
  },
  {
    name: "script in AMF3",
    tag: { type: 15, timestampMs: 0x8000_0000, payload: wire("00") },
    bytes: wire("0f 000001 000000 80 000000 00 0000000c"),
  },
];

for (const { name, tag, bytes } of cases) {
  Deno.test(`encodeFlvTag writes, parseFlvTagHeader reads: ${name}`, () => {
    assertEquals(encodeFlvTag(tag), bytes);
    const { type, timestampMs, payload } = tag;
    const header = parseFlvTagHeader(bytes.subarray(0, 11));
    assertEquals(header, { type, timestampMs, payloadBytes: payload.length, isEncrypted: false });
  });
}

Deno.test("encodeFlvTag writes times before 0 as their 32 bits", () => {
  const bytes = encodeFlvTag({ type: 9, timestampMs: -40, payload: new Uint8Array(0) });
  assertEquals(bytes, wire("09 000000 ffffd8 ff 000000 0000000b"));
  assertEquals(parseFlvTagHeader(bytes).timestampMs | 0, -40);
});

Deno.test("a tag of more than 64 KiB has its length in three bytes, PreviousTagSize in four", () => {
  const bytes = encodeFlvTag({ type: 9, timestampMs: 1, payload: new Uint8Array(0x12_3456) });
  assertEquals(bytes.subarray(0, 11), wire("09 123456 000001 00 000000"));
  assertEquals(bytes.subarray(-4), wire("00123461"));
});

Deno.test("writeFlvTag writes in place and returns the position behind", () => {
  const out = new Uint8Array(20).fill(0xee);
  const end = writeFlvTag(out, 2, { type: 8, timestampMs: 5, payload: Uint8Array.of(0xaf) });
  assertEquals(end, 18);
  assertEquals(out, wire("eeee 08 000001 000005 00 000000 af 0000000c eeee"));
});

Deno.test("tags that do not fit are refused", () => {
  const tag = { type: 8, timestampMs: 0, payload: new Uint8Array(1) };
  assertThrows(() => writeFlvTag(new Uint8Array(15), 0, tag), RangeError, "Cannot write 16 bytes: 15 left");
  assertThrows(() => writeFlvTag(new Uint8Array(16), 1, tag), RangeError, "15 left");
  const payload = new Uint8Array(0x100_0000);
  assertThrows(() => encodeFlvTag({ type: 9, timestampMs: 0, payload }), RangeError, "16777216 bytes");
});

Deno.test("encodeFlvHeader tells which kinds of tags there are", () => {
  assertEquals(encodeFlvHeader({ hasAudio: true, hasVideo: true }), wire("'FLV' 01 05 00000009 00000000"));
  assertEquals(encodeFlvHeader({ hasAudio: true, hasVideo: false }), wire("'FLV' 01 04 00000009 00000000"));
  assertEquals(encodeFlvHeader({ hasAudio: false, hasVideo: true }), wire("'FLV' 01 01 00000009 00000000"));
});

Deno.test("parseFlvTagHeader sees the filter bit", () => {
  assertEquals(parseFlvTagHeader(wire("29 000001 000000 00 000000")).isEncrypted, true);
});
