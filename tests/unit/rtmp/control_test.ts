import { assertEquals } from "../../kit/assert.ts";
import {
  acknowledgement,
  readControlValue,
  readUserControl,
  setChunkSize,
  setPeerBandwidth,
  type UserControl,
  userControl,
  UserControlEvent,
  windowAckSize,
} from "../../../src/rtmp/control.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";

const messages: [name: string, message: RtmpMessage, typeId: number, payload: string][] = [
  ["setChunkSize", setChunkSize(60_000), 1, "0000ea60"],
  ["acknowledgement", acknowledgement(0xffffffff), 3, "ffffffff"],
  ["windowAckSize", windowAckSize(2_500_000), 5, "002625a0"],
  ["setPeerBandwidth", setPeerBandwidth(2_500_000), 6, "002625a0 02"],
  ["userControl StreamBegin", userControl(UserControlEvent.StreamBegin, 1), 4, "0000 00000001"],
  ["userControl SetBufferLength", userControl(UserControlEvent.SetBufferLength, 1, 1000), 4, "0003 00000001 000003e8"],
  ["userControl PingResponse", userControl(UserControlEvent.PingResponse, 0xfedcba98), 4, "0007 fedcba98"],
];

for (const [name, message, typeId, payload] of messages) {
  Deno.test(`${name} travels on chunk stream 2 of message stream 0`, () => {
    assertEquals(message, { csid: 2, typeId, msid: 0, timestampMs: 0, payload: wire(payload) });
  });
}

Deno.test("readControlValue reads the head of a payload, and 0 of one that is too short", () => {
  assertEquals(readControlValue(wire("fedcba98")), 0xfedcba98);
  assertEquals(readControlValue(wire("002625a0 02")), 2_500_000);
  for (const short of ["", "01", "010203"]) assertEquals(readControlValue(wire(short)), 0, short);
});

const events: [payload: string, event: UserControl | null][] = [
  ["0006 00000007", { event: 6, value: 7, value2: 0 }],
  ["0003 00000001 000003e8", { event: 3, value: 1, value2: 1000 }],
  ["0003 00000001 0003e8", { event: 3, value: 1, value2: 0 }],
  ["001f 00000001", { event: 31, value: 1, value2: 0 }],
  ["ffff ffffffff ffffffff ff", { event: 0xffff, value: 0xffffffff, value2: 0xffffffff }],
  ["0006 000000", null],
  ["001a", null],
  ["00", null],
];

for (const [payload, event] of events) {
  Deno.test(`readUserControl reads ${payload}`, () => {
    assertEquals(readUserControl(wire(payload)), event);
  });
}
