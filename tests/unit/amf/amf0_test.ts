import { assert, assertEquals, assertInstanceOf, assertThrows } from "../../kit/assert.ts";
import {
  amfClassName,
  type AmfObject,
  type AmfValue,
  decodeAmf0,
  EcmaArray,
  encodeAmf0,
  isAmfObject,
  readAmf0,
} from "../../../src/amf/amf0.ts";
import { ByteReader, ByteWriter, concatBytes } from "../../../src/base/bytes.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";

const malformed: readonly { name: string; bytes: Uint8Array; says: string }[] = [
  { name: "AMF3 at the top", bytes: wire("11 06 01"), says: "AMF3" },
  { name: "AMF3 behind a whole value", bytes: wire("05 11 06 01"), says: "AMF3" },
  { name: "AMF3 in an object", bytes: wire("03 0001 'a' 11 01 0000 09"), says: "AMF3" },
  { name: "movie clip, reserved", bytes: wire("04"), says: "unknown marker 4" },
  { name: "record set, reserved", bytes: wire("0e"), says: "unknown marker 14" },
  { name: "unknown marker first", bytes: wire("ff"), says: "unknown marker 255 at byte 0" },
  { name: "unknown marker in an object", bytes: wire("05 03 0001 'a' 7f 0000 09"), says: "unknown marker 127" },
  { name: "string longer than the input", bytes: wire("02 ffff 'ab'"), says: "65535 bytes expected" },
  { name: "long string of 4 GiB", bytes: wire("0c ffffffff 'ab'"), says: "4294967295 bytes expected" },
  { name: "name longer than the input", bytes: wire("03 0100 'ab' 05"), says: "256 bytes expected" },
  {
    name: "a name that its malformed UTF-8 makes too long to encode again",
    bytes: concatBytes(wire("03 5556"), new Uint8Array(0x5556).fill(0xff), wire("05 0000 09")),
    says: "name of 21846 malformed bytes",
  },
  { name: "value cut off in an object", bytes: wire("05 03 0001 'a' 00 01"), says: "8 bytes expected" },
  { name: "property cut off", bytes: wire("03 0001"), says: "cut off" },
  { name: "array with more items than bytes", bytes: wire("0a ffffffff 05 05"), says: "array of 4294967295" },
  { name: "array cut off", bytes: wire("0a 00000002 01 01"), says: "1 bytes expected" },
  { name: "reference to nothing", bytes: wire("07 0000"), says: "reference 0" },
  { name: "reference to the object around it", bytes: wire("03 0001 'a' 07 0000 0000 09"), says: "reference 0" },
];

for (const { name, bytes, says } of malformed) {
  Deno.test(`decodeAmf0 refuses ${name}`, () => {
    const error = assertThrows(() => decodeAmf0(bytes), ProtocolError, says);
    assertEquals(error.code, 2008);
  });
}

Deno.test("decodeAmf0 of nothing is no values; readAmf0 of nothing is an error", () => {
  assertEquals(decodeAmf0(new Uint8Array(0)), []);
  assertThrows(() => readAmf0(new ByteReader(new Uint8Array(0))), ProtocolError);
});

Deno.test("decodeAmf0 allows 32 nested objects, arrays or typed objects, no more", () => {
  for (const open of ["03 0001 'a'", "08 00000001 0001 'a'", "0a 00000001", "10 0001 'X' 0001 'a'"]) {
    const nest = (depth: number) => concatBytes(...new Array<Uint8Array>(depth).fill(wire(open)), wire("05"));
    assertEquals(decodeAmf0(nest(32)).length, 1, open);
    assertThrows(() => decodeAmf0(nest(33)), ProtocolError, "nested deeper than 32");
    assertThrows(() => decodeAmf0(nest(70_000)), ProtocolError, "nested deeper than 32");
  }
});

Deno.test("decodeAmf0 allows 1024 properties, no more", () => {
  const properties = (count: number) => {
    const out = new ByteWriter().writeU8(3);
    for (let i = 0; i < count; i++) out.writeU16(2).writeU16(i).writeU8(5);
    return out.writeU16(0).writeU8(9).take();
  };
  assertEquals(decodeAmf0(properties(1024)).length, 1);
  assertThrows(() => decodeAmf0(properties(1025)), ProtocolError, "more than 1024");
});

Deno.test("objects have no prototype: __proto__ is a name like any other", () => {
  const [value] = decodeAmf0(wire("03 0009 '__proto__' 03 0001 'x' 05 0000 09 000b 'constructor' 05 0000 09"));
  assert(isAmfObject(value ?? null));
  assertEquals(Object.getPrototypeOf(value), null);
  assertEquals(Object.keys(value as AmfObject), ["__proto__", "constructor"]);
  assertEquals(({} as Record<string, unknown>).x, undefined);
});

Deno.test("a typed object keeps its class name as data, and is no instance of it", () => {
  const [value] = decodeAmf0(wire("10 0004 'Date' 0000 09"));
  assert(isAmfObject(value));
  assertEquals(value[amfClassName], "Date");
  assert(!(value instanceof Date));
});

Deno.test("references cannot multiply: 40 arrays, each of them twice the one before, are refused", () => {
  const parts = [wire("0a 00000028 0a 00000000")];
  for (let i = 1; i < 40; i++) {
    const reference = new ByteWriter().writeU8(7).writeU16(i).take();
    parts.push(wire("0a 00000002"), reference, reference);
  }
  assertThrows(() => decodeAmf0(concatBytes(...parts)), ProtocolError);
});

Deno.test("references cannot nest deeper than values may", () => {
  const parts = [wire("0a 00000028 0a 00000000")];
  for (let i = 1; i < 40; i++) parts.push(wire("0a 00000001"), new ByteWriter().writeU8(7).writeU16(i).take());
  assertThrows(() => decodeAmf0(concatBytes(...parts)), ProtocolError, "nested deeper");
});

Deno.test("what decodeAmf0 accepts, encodeAmf0 can write: longest names full of malformed UTF-8", () => {
  const name = new Uint8Array(21_845).fill(0xff);
  const [value] = decodeAmf0(concatBytes(wire("03 5555"), name, wire("05 0000 09")));
  assert(isAmfObject(value));
  assertEquals(Object.keys(value)[0]?.length, 21_845);
  assertEquals(decodeAmf0(encodeAmf0(value)), [value]);
});

Deno.test("encodeAmf0 refuses what AMF0 cannot carry", () => {
  const endless: AmfValue[] = [];
  endless.push(endless);
  assertThrows(() => encodeAmf0(endless), RangeError, "nested deeper than 32");
  assertThrows(() => encodeAmf0({ ["x".repeat(65_536)]: 1 }), RangeError, "65536 bytes");
});

Deno.test("isAmfObject is true for objects with names only", () => {
  assertEquals(isAmfObject({}), true);
  for (const value of [null, undefined, 1, "a", true, [], new Date(0), new EcmaArray({})]) {
    assertEquals(isAmfObject(value), false);
  }
});

Deno.test("an invalid date stays one", () => {
  const [value] = decodeAmf0(encodeAmf0(new Date(NaN)));
  assertInstanceOf(value, Date);
  assertEquals(value.getTime(), NaN);
});
