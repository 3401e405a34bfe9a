import { amfClassName, type AmfObject, type AmfValue, EcmaArray } from "../../../src/amf/amf0.ts";
import { concatBytes, encodeUtf8 } from "../../../src/base/bytes.ts";

/** A value and its bytes. Decoding gives `value`; encoding `encoded` (default `value`) gives the bytes. */
export interface Amf0Case {
  name: string;
  bytes: Uint8Array;
  value: AmfValue;
  /** What to encode to get these bytes; "never" where the encoder has another form. */
  encoded?: AmfValue | "never";
}

/** Bytes written as hex; quoted words stand for themselves: `02 0001 'a'`. */
export function wire(text: string): Uint8Array {
  return concatBytes(
    ...text.trim().split(/\s+/).map((word) => word.startsWith("'") ? encodeUtf8(word.slice(1, -1)) : hex(word)),
  );
}

function hex(digits: string): Uint8Array {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function object(entries: Record<string, AmfValue>, className?: string): AmfObject {
  const out: AmfObject = Object.assign(Object.create(null), entries);
  if (className !== undefined) out[amfClassName] = className;
  return out;
}

function ownProto(): AmfObject {
  const out: AmfObject = Object.create(null);
  out["__proto__"] = object({ polluted: true });
  return out;
}

const longText = "x".repeat(65_536);

/** One case per type, and the odd forms that real encoders send. */
export const amf0Cases: readonly Amf0Case[] = [
  { name: "number", bytes: wire("00 3ff8000000000000"), value: 1.5 },
  { name: "number 0", bytes: wire("00 0000000000000000"), value: 0 },
  { name: "negative number", bytes: wire("00 c000000000000000"), value: -2 },
  { name: "infinity", bytes: wire("00 7ff0000000000000"), value: Infinity },
  { name: "not a number", bytes: wire("00 7ff8000000000000"), value: NaN },
  { name: "true", bytes: wire("01 01"), value: true },
  { name: "false", bytes: wire("01 00"), value: false },
  { name: "true as 2", bytes: wire("01 02"), value: true, encoded: "never" },
  { name: "string", bytes: wire("02 0004 'live'"), value: "live" },
  { name: "empty string", bytes: wire("02 0000"), value: "" },
  { name: "UTF-8 string", bytes: wire("02 0006 '直播'"), value: "直播" },
  { name: "malformed UTF-8", bytes: wire("02 0001 ff"), value: "\ufffd", encoded: "never" },
  { name: "longest short string", bytes: wire(`02 ffff '${longText.slice(1)}'`), value: longText.slice(1) },
  { name: "long string", bytes: wire(`0c 00010000 '${longText}'`), value: longText },
  { name: "short long string", bytes: wire("0c 00000002 'ab'"), value: "ab", encoded: "never" },
  { name: "null", bytes: wire("05"), value: null },
  { name: "undefined", bytes: wire("06"), value: undefined },
  { name: "unsupported", bytes: wire("0d"), value: undefined, encoded: "never" },
  { name: "XML document", bytes: wire("0f 00000004 '<a/>'"), value: "<a/>", encoded: "never" },
  { name: "date", bytes: wire("0b 4270000000000000 0000"), value: new Date(2 ** 40) },
  { name: "date with time zone", bytes: wire("0b 4270000000000000 ffc4"), value: new Date(2 ** 40), encoded: "never" },
  { name: "empty object", bytes: wire("03 0000 09"), value: object({}) },
  {
    name: "object",
    bytes: wire("03 0003 'app' 02 0004 'live' 0004 'fpad' 01 00 0000 09"),
    value: object({ app: "live", fpad: false }),
  },
  {
    name: "nested object",
    bytes: wire("03 0001 'a' 03 0001 'b' 05 0000 09 0001 'c' 06 0000 09"),
    value: object({ a: object({ b: null }), c: undefined }),
  },
  { name: "object with an empty name", bytes: wire("03 0000 05 0000 09"), value: object({ "": null }) },
  {
    name: "object with __proto__",
    bytes: wire("03 0009 '__proto__' 03 0008 'polluted' 01 01 0000 09 0000 09"),
    value: ownProto(),
  },
  {
    name: "repeated name: the last counts",
    bytes: wire("03 0001 'a' 05 0001 'a' 01 01 0000 09"),
    value: object({ a: true }),
    encoded: "never",
  },
  { name: "object without end", bytes: wire("03 0001 'a' 05"), value: object({ a: null }), encoded: "never" },
  { name: "object with half an end", bytes: wire("03 0001 'a' 05 0000"), value: object({ a: null }), encoded: "never" },
  {
    name: "two objects without end",
    bytes: wire("03 0001 'a' 03 0001 'b' 05"),
    value: object({ a: object({ b: null }) }),
    encoded: "never",
  },
  {
    name: "ECMA array",
    bytes: wire("08 00000001 0005 'width' 00 4084000000000000 0000 09"),
    value: object({ width: 640 }),
    encoded: new EcmaArray({ width: 640 }),
  },
  { name: "empty ECMA array", bytes: wire("08 00000000 0000 09"), value: object({}), encoded: new EcmaArray({}) },
  {
    name: "ECMA array counting 0",
    bytes: wire("08 00000000 0001 'a' 05 0000 09"),
    value: object({ a: null }),
    encoded: "never",
  },
  {
    name: "ECMA array counting far too much",
    bytes: wire("08 ffffffff 0001 'a' 05 0000 09"),
    value: object({ a: null }),
    encoded: "never",
  },
  {
    name: "ECMA array without end",
    bytes: wire("08 00000001 0001 'a' 05"),
    value: object({ a: null }),
    encoded: "never",
  },
  { name: "strict array", bytes: wire("0a 00000003 05 02 0001 'a' 0a 00000000"), value: [null, "a", []] },
  { name: "typed object", bytes: wire("10 0004 'Date' 0001 'a' 05 0000 09"), value: object({ a: null }, "Date") },
  {
    name: "reference to an object",
    bytes: wire("0a 00000002 03 0001 'a' 05 0000 09 07 0001"),
    value: [object({ a: null }), object({ a: null })],
    encoded: "never",
  },
];
