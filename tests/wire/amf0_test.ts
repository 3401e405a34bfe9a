import { assert, assertEquals, assertInstanceOf } from "../kit/assert.ts";
import { type AmfValue, decodeAmf0, EcmaArray, encodeAmf0, isAmfObject, readAmf0 } from "../../src/amf/amf0.ts";
import { ByteReader, concatBytes } from "../../src/base/bytes.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { FlvDemuxer } from "../../src/flv/demuxer.ts";
import { FlvTagType } from "../../src/flv/tag.ts";
import { amf0Cases, wire } from "../kit/cases/amf0_cases.ts";

for (const { name, bytes, value, encoded = value } of amf0Cases) {
  Deno.test(`decodeAmf0 reads ${name}`, () => {
    assertEquals(decodeAmf0(bytes), [value]);
  });

  if (encoded === "never") continue;
  Deno.test(`encodeAmf0 writes ${name}`, () => {
    assertEquals(encodeAmf0(encoded), bytes);
  });

  Deno.test(`readAmf0 stops behind ${name}`, () => {
    const reader = new ByteReader(concatBytes(bytes, wire("02 0001 'z'")));
    assertEquals(readAmf0(reader), value);
    assertEquals(reader.position, bytes.length);
  });

  Deno.test(`decodeAmf0 drops garbage behind ${name}`, () => {
    for (const garbage of ["ff", "00 00 00", "09", "02 ffff 41", "0b 01", "0c 00"]) {
      assertEquals(decodeAmf0(concatBytes(bytes, wire(garbage))), [value], garbage);
    }
  });

  Deno.test(`decodeAmf0 refuses ${name} cut short, or reads what is whole`, () => {
    const step = Math.max(1, Math.floor(bytes.length / 64));
    for (let end = 1; end < bytes.length; end += step) {
      const cut = decodeOrError(bytes.subarray(0, end));
      if (cut instanceof ProtocolError) assertEquals(cut.codeName, "RtmpAmf0Decode");
      else assert(cut.length === 1 && typeof cut[0] === "object", `${end} bytes gave ${cut.length} values`);
    }
  });
}

function decodeOrError(bytes: Uint8Array): AmfValue[] | ProtocolError {
  try {
    return decodeAmf0(bytes);
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    return error;
  }
}

Deno.test("decodeAmf0 reads all cases glued together, as encodeAmf0 writes them", () => {
  const cases = amf0Cases.filter((c) => c.encoded !== "never");
  const bytes = encodeAmf0(...cases.map((c) => (c.encoded === undefined ? c.value : c.encoded) as AmfValue));
  assertEquals(bytes, concatBytes(...cases.map((c) => c.bytes)));
  assertEquals(decodeAmf0(bytes), cases.map((c) => c.value));
});

Deno.test("onMetaData of ffmpeg is read, and encoded again to the same bytes", () => {
  const demuxer = new FlvDemuxer();
  const tags = demuxer.push(Deno.readFileSync(new URL("../../src/cli/sample.flv", import.meta.url)));
  const script = tags.find((tag) => tag.type === FlvTagType.Script);
  assert(script !== undefined);
  const [name, data] = decodeAmf0(script.payload);
  assertEquals(name, "onMetaData");
  assert(isAmfObject(data));
  assertEquals([data.width, data.height, data.framerate, data.videocodecid], [640, 360, 25, 7]);
  assertEquals(encodeAmf0("onMetaData", new EcmaArray(data)), script.payload);
});
