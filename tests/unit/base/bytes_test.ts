import { assertEquals, assertStrictEquals, assertThrows } from "../../kit/assert.ts";
import { ByteReader, ByteWriter, concatBytes, decodeUtf8, encodeUtf8, equalBytes } from "../../../src/base/bytes.ts";

/** A method pair, a value at its limit, and its bytes. */
const numbers = [
  { write: "writeU8", read: "readU8", value: 0xfe, bytes: [0xfe] },
  { write: "writeU16", read: "readU16", value: 0xfedc, bytes: [0xfe, 0xdc] },
  { write: "writeI16", read: "readI16", value: -2, bytes: [0xff, 0xfe] },
  { write: "writeU24", read: "readU24", value: 0xfedcba, bytes: [0xfe, 0xdc, 0xba] },
  { write: "writeU32", read: "readU32", value: 0xfedcba98, bytes: [0xfe, 0xdc, 0xba, 0x98] },
  { write: "writeF64", read: "readF64", value: -2.5, bytes: [0xc0, 0x04, 0, 0, 0, 0, 0, 0] },
] as const;

for (const { write, read, value, bytes } of numbers) {
  Deno.test(`ByteWriter.${write} writes big-endian, also where it must grow`, () => {
    for (let before = 0; before <= 10; before++) {
      const out = new ByteWriter(before);
      for (let i = 0; i < before; i++) out.writeU8(7);
      assertStrictEquals(out[write](value), out);
      assertEquals(out.length, before + bytes.length);
      assertEquals([...out.take()], [...new Array<number>(before).fill(7), ...bytes]);
    }
  });

  Deno.test(`ByteReader.${read} reads big-endian from the middle of a buffer`, () => {
    const buffer = Uint8Array.from([9, ...bytes, 9]);
    const reader = new ByteReader(buffer.subarray(1, 1 + bytes.length));
    assertEquals(reader[read](), value);
    assertEquals([reader.position, reader.remaining], [bytes.length, 0]);
  });

  Deno.test(`ByteReader.${read} past the end throws and stays where it is`, () => {
    const reader = new ByteReader(Uint8Array.from([9, ...bytes.slice(1)]));
    reader.readU8();
    assertThrows(() => reader[read](), RangeError, `Cannot read ${bytes.length} bytes`);
    assertEquals(reader.position, 1);
  });
}

Deno.test("ByteReader gives byte runs as views and peeks without moving", () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const reader = new ByteReader(bytes);
  assertEquals([reader.peekU8(), reader.peekU8(3), reader.peekU8(4)], [1, 4, -1]);
  const run = reader.readBytes(2);
  assertEquals(run, Uint8Array.of(1, 2));
  assertStrictEquals(run.buffer, bytes.buffer);
  assertThrows(() => reader.readBytes(3), RangeError);
  assertEquals(reader.readRest(), Uint8Array.of(3, 4));
  assertEquals(reader.readRest(), new Uint8Array(0));
});

Deno.test("ByteWriter.writeBytes grows as needed and copies", () => {
  const run = Uint8Array.from({ length: 1000 }, (_, i) => i);
  const out = new ByteWriter(1).writeBytes(run).writeBytes(run);
  const expected = concatBytes(run, run);
  run.fill(0);
  assertEquals(out.view(), expected);
});

Deno.test("ByteWriter.take moves the bytes out", () => {
  const out = new ByteWriter().writeU8(1);
  const taken = out.take();
  assertEquals(out.length, 0);
  out.writeU8(2);
  assertEquals(taken, Uint8Array.of(1));
  assertEquals(out.take(), Uint8Array.of(2));
});

Deno.test("concatBytes joins into a new run; equalBytes compares contents", () => {
  const a = Uint8Array.of(1, 2);
  const joined = concatBytes(a, new Uint8Array(0), Uint8Array.of(3));
  assertEquals(joined, Uint8Array.of(1, 2, 3));
  joined[0] = 9;
  assertEquals(a, Uint8Array.of(1, 2));
  joined[0] = 1;
  assertEquals(equalBytes(joined, Uint8Array.of(1, 2, 3)), true);
  assertEquals(equalBytes(joined, Uint8Array.of(1, 2, 4)), false);
  assertEquals(equalBytes(joined, a), false);
  assertEquals(concatBytes(), new Uint8Array(0));
});

Deno.test("decodeUtf8 and encodeUtf8 are each other's inverse; malformed bytes become U+FFFD", () => {
  for (const text of ["", "live", "直播", "🎥"]) assertEquals(decodeUtf8(encodeUtf8(text)), text);
  assertEquals(decodeUtf8(Uint8Array.of(0x61, 0xff)), "a\ufffd");
});
