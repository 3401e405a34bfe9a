import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { type AmfValue, encodeAmf0 } from "../../../src/amf/amf0.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { ProtocolError } from "../../../src/base/errors.ts";
import {
  asNumber,
  asObject,
  asString,
  decodeCommand,
  encodeCommand,
  type RtmpCommand,
} from "../../../src/rtmp/command.ts";
import { MessageType, type RtmpMessage } from "../../../src/rtmp/message.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";

function message(payload: Uint8Array, typeId: number = MessageType.Command): RtmpMessage {
  return { csid: 3, typeId, msid: 0, timestampMs: 0, payload };
}

const object = Object.assign(Object.create(null), { app: "live" });

const commands: [name: string, values: AmfValue[], command: RtmpCommand][] = [
  ["a whole command", ["play", 4, null, "s", -2], {
    name: "play",
    transactionId: 4,
    object: null,
    args: ["s", -2],
  }],
  ["a command object", ["connect", 1, { app: "live" }], { name: "connect", transactionId: 1, object, args: [] }],
  ["a name and a transaction", ["createStream", 2], {
    name: "createStream",
    transactionId: 2,
    object: null,
    args: [],
  }],
  ["a name alone", ["close"], { name: "close", transactionId: 0, object: null, args: [] }],
  ["a transaction that is NaN", ["x", NaN, null], { name: "x", transactionId: 0, object: null, args: [] }],
  ["a transaction that is infinite", ["x", Infinity, null], { name: "x", transactionId: 0, object: null, args: [] }],
  ["a transaction that is a string", ["x", "2", null], { name: "x", transactionId: 0, object: null, args: [] }],
  ["a fractional transaction", ["x", 2.5, null], { name: "x", transactionId: 2.5, object: null, args: [] }],
  ["an undefined object", ["x", 1, undefined, "a"], { name: "x", transactionId: 1, object: null, args: ["a"] }],
  ["a name like that of a prototype", ["__proto__", 1], {
    name: "__proto__",
    transactionId: 1,
    object: null,
    args: [],
  }],
];

for (const [name, values, command] of commands) {
  Deno.test(`decodeCommand reads ${name}`, () => {
    const payload = encodeAmf0(...values);
    assertEquals(decodeCommand(message(payload)), command);
    assertEquals(decodeCommand(message(payload, MessageType.CommandAmf3)), command, "type 17 without a format byte");
    const framed = concatBytes(Uint8Array.of(0), payload);
    assertEquals(decodeCommand(message(framed, MessageType.CommandAmf3)), command, "type 17");
  });
}

Deno.test("decodeCommand reads what encodeCommand writes", () => {
  const sent = encodeCommand({ csid: 5, msid: 1 }, "onStatus", 0, null, { code: "x" });
  assertEquals({ ...sent, payload: null as unknown }, {
    csid: 5,
    typeId: MessageType.Command,
    msid: 1,
    timestampMs: 0,
    payload: null,
  });
  const info = Object.assign(Object.create(null), { code: "x" });
  assertEquals(decodeCommand(sent), { name: "onStatus", transactionId: 0, object: null, args: [info] });
});

Deno.test("decodeCommand skips ffmpeg's timecode, which is four bytes that begin with 0", () => {
  assertEquals(decodeCommand(message(wire("00000000"))), null);
  assertEquals(decodeCommand(message(wire("00010203"), MessageType.CommandAmf3)), null);
});

const malformed: [name: string, payload: string, text: string][] = [
  ["a number for a name", "00 3ff0000000000000", "command without a name"],
  ["null for a name", "05", "command without a name"],
  ["a name cut short", "02 0008 'play'", "AMF0"],
  ["a transaction within AMF3", "02 0001 'x' 11 01", "AMF0"],
];

for (const [name, payload, text] of malformed) {
  Deno.test(`decodeCommand refuses ${name}`, () => {
    const error = assertThrows(() => decodeCommand(message(wire(payload))), ProtocolError, text);
    assertEquals(error.codeName, "RtmpAmf0Decode");
  });
}

Deno.test("decodeCommand refuses a format byte with nothing behind it", () => {
  assertThrows(() => decodeCommand(message(wire("00"), MessageType.CommandAmf3)), ProtocolError, "without a name");
});

Deno.test("asString, asNumber and asObject give a neutral value for anything else", () => {
  const values: AmfValue[] = [true, null, undefined, [], new Date(0)];
  for (const value of values) {
    assertEquals(asString(value), "");
    assertEquals(asNumber(value, 7), 7);
    assertEquals(Object.keys(asObject(value)), []);
  }
  assertEquals([asString("s"), asString(1), asNumber(2, 7), asNumber("2", 7), asNumber(NaN, 7)], ["s", "", 2, 7, 7]);
  assertEquals(asNumber(-Infinity, 7), 7);
  assertEquals(asObject(object), object);
  assertEquals(asObject("x").toString, undefined);
});
