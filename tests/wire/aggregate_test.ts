import { assertEquals, assertStrictEquals } from "../kit/assert.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { splitAggregate } from "../../src/rtmp/aggregate.ts";
import { defaultChunkLimits } from "../../src/rtmp/chunk_reader.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { wire } from "../kit/cases/amf0_cases.ts";

const { Audio, Video, Data, DataAmf3, Command, SetChunkSize, Aggregate } = MessageType;

function aggregate(payload: Uint8Array, timestampMs = 1000): RtmpMessage {
  return { csid: 6, typeId: Aggregate, msid: 1, timestampMs, payload };
}

/** A part: type, length, time (low 24 bits, then high 8), stream id, payload, back pointer. */
function part(typeId: number, time: string, payload: string | Uint8Array, backPointer = "deadbeef"): Uint8Array {
  const body = typeof payload === "string" ? wire(payload) : payload;
  const length = body.length.toString(16).padStart(6, "0");
  return concatBytes(Uint8Array.of(typeId), wire(`${length} ${time} 000000`), body, wire(backPointer));
}

/** [type, time, payload] of each part. */
function split(payload: Uint8Array, timestampMs?: number): [number, number, Uint8Array][] {
  return [...splitAggregate(aggregate(payload, timestampMs))].map((m) => [m.typeId, m.timestampMs, m.payload]);
}

const a = wire("'a'");
const b = wire("'bb'");

Deno.test("splitAggregate moves the times of the parts so that the first has that of the aggregate", () => {
  const payload = concatBytes(
    part(Video, "00000500", "'a'"),
    part(Audio, "00001900", "'bb'"),
    part(Data, "00000000", "'a'"),
    part(DataAmf3, "00000501", "'a'"),
  );
  assertEquals(split(payload), [
    [Video, 1000, a],
    [Audio, 1020, b],
    [Data, 995, a],
    [DataAmf3, 1000 + 0x1000000, a],
  ]);
});

Deno.test("splitAggregate keeps chunk stream and message stream, and gives views", () => {
  const whole = aggregate(part(Video, "00000000", "'a'"));
  const [first] = splitAggregate(whole);
  assertEquals({ ...first, payload: a }, { csid: 6, typeId: Video, msid: 1, timestampMs: 1000, payload: a });
  assertStrictEquals(first?.payload.buffer, whole.payload.buffer);
});

Deno.test("splitAggregate counts over 2^32", () => {
  const payload = concatBytes(part(Video, "fffff0ff", "'a'"), part(Video, "00001000", "'bb'"));
  assertEquals(split(payload, 0xfffffff8), [[Video, 0xfffffff8, a], [Video, 0x18, b]]);
});

Deno.test("splitAggregate needs no back pointer behind the last part", () => {
  assertEquals(split(part(Video, "00000000", "'a'", "")), [[Video, 1000, a]]);
  assertEquals(split(part(Video, "00000000", "'a'", "0000")), [[Video, 1000, a]]);
});

Deno.test("splitAggregate skips parts without a payload; the first of them still sets the time", () => {
  const payload = concatBytes(part(Audio, "00006400", ""), part(Video, "00006e00", "'a'"));
  assertEquals(split(payload), [[Video, 1010, a]]);
});

Deno.test("splitAggregate skips what is not media: control and commands have no business there", () => {
  const payload = concatBytes(
    part(SetChunkSize, "00000000", "00000001"),
    part(Command, "00000000", "'bb'"),
    part(Video, "00000000", "'a'"),
  );
  assertEquals(split(payload), [[Video, 1000, a]]);
});

Deno.test("splitAggregate holds data to the length it may have outside", () => {
  const limit = defaultChunkLimits.maxCommandBytes;
  const payload = concatBytes(
    part(Data, "00000000", new Uint8Array(limit + 1)),
    part(Data, "00000000", new Uint8Array(limit)),
    part(Video, "00000000", new Uint8Array(limit + 1)),
  );
  assertEquals(split(payload).map(([type, , { length }]) => [type, length]), [[Data, limit], [Video, limit + 1]]);
});

Deno.test("splitAggregate ends at a part that runs over the end, and at an aggregate within", () => {
  const whole = part(Video, "00000000", "'a'");
  for (const rest of ["08", "08 000001 000000 00 000000", "08 ffffff 000000 00 000000 'abc'"]) {
    assertEquals(split(concatBytes(whole, wire(rest))), [[Video, 1000, a]], rest);
  }
  assertEquals(split(concatBytes(whole, part(Aggregate, "00000000", whole), whole)), [[Video, 1000, a]]);
  assertEquals(split(wire("00")), []);
});

Deno.test("splitAggregate reads a part only when it is asked for, so that a million of them need no memory", () => {
  const one = part(Video, "00000000", "'a'");
  const payload = concatBytes(one, one);
  const parts = splitAggregate(aggregate(payload));
  assertEquals(parts.next().value?.typeId, Video);
  payload[one.length] = Audio;
  assertEquals(parts.next().value?.typeId, Audio);
  assertEquals(parts.next().done, true);
});

Deno.test("splitAggregate takes no more than some thousand parts out of one message", () => {
  const one = part(Audio, "00000000", "'a'");
  const payload = new Uint8Array(one.length * 5000);
  for (let i = 0; i < 5000; i++) payload.set(one, i * one.length);
  assertEquals(split(payload).length, 4096);
});
