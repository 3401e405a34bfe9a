import { assert, assertEquals } from "../../kit/assert.ts";
import { audioFlags, codecBody, codecName, extraHeaderSlot, MediaFlag, videoFlags } from "../../../src/flv/codec.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";
import { codecCases } from "../../kit/cases/codec_cases.ts";

for (const { name, kind, payload, flags, codec } of codecCases) {
  Deno.test(`${kind} flags and codec of: ${name}`, () => {
    assertEquals((kind === "video" ? videoFlags : audioFlags)(payload), flags);
    assertEquals(codecName(payload, kind), codec);
  });
}

Deno.test("a payload cut anywhere is no keyframe or header that it was not", () => {
  for (const { name, kind, payload, flags } of codecCases) {
    for (let end = 0; end < payload.length; end++) {
      const seen = (kind === "video" ? videoFlags : audioFlags)(payload.subarray(0, end));
      const invented = seen & ~flags & (MediaFlag.Keyframe | MediaFlag.SequenceHeader | MediaFlag.SequenceEnd);
      assertEquals(invented, 0, `${name}, ${end} bytes`);
    }
  }
});

Deno.test("extraHeaderSlot tells kinds and tracks of extra headers apart", () => {
  const slots = [
    extraHeaderSlot(wire("94 'hvc1' 02 0009 'colorInfo' 05"), "video"),
    extraHeaderSlot(wire("96 00 'hvc1' 01 01"), "video"),
    extraHeaderSlot(wire("96 00 'hvc1' ff 01"), "video"),
    extraHeaderSlot(wire("96 04 'hvc1' 01 05"), "video"),
  ];
  assertEquals(new Set(slots).size, slots.length);
  assert(slots.every((slot) => slot >= 0 && slot < 4096));
  assertEquals(extraHeaderSlot(wire("96 00 'hvc1' 01 02"), "video"), slots[1]);
});

const bodies = [
  { name: "AVC", kind: "video", payload: "17 00 000000 0164", body: "0164" },
  { name: "VP6", kind: "video", payload: "14 0078", body: "0078" },
  { name: "AAC", kind: "audio", payload: "af 00 1210", body: "1210" },
  { name: "MP3", kind: "audio", payload: "2f fffb", body: "fffb" },
  { name: "hvc1 behind a ModEx", kind: "video", payload: "97 00 00 00 'hvc1' 0101", body: "0101" },
  { name: "track 0 of many", kind: "video", payload: "96 10 'av01' 01 000001 aa 00 000002 bbcc", body: "bbcc" },
  { name: "nothing", kind: "video", payload: "17", body: "" },
  { name: "an unreadable extended header", kind: "audio", payload: "90 00", body: "" },
] as const;

for (const { name, kind, payload, body } of bodies) {
  Deno.test(`codecBody of ${name}`, () => {
    assertEquals([...codecBody(wire(payload), kind)], [...wire(body)]);
  });
}
