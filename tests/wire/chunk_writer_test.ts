import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { ChunkWriter, encodeMessage, messageWireBytes, writeMessage } from "../../src/rtmp/chunk_writer.ts";
import { setChunkSize } from "../../src/rtmp/control.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { Prng } from "../kit/media/mutate.ts";
import { chunkCases, DEFAULT_CHUNK_SIZE, message } from "../kit/cases/chunk_cases.ts";
import { splitsOf } from "../kit/media/splits.ts";

for (const { name, bytes, messages, writtenBy } of chunkCases) {
  if (writtenBy === "ChunkWriter") {
    Deno.test(`ChunkWriter writes ${name}`, () => {
      const writer = new ChunkWriter();
      assertEquals(concatBytes(...messages.map((message) => writer.encode(message))), bytes);
    });
  }

  if (writtenBy === "writeMessage") {
    Deno.test(`encodeMessage writes ${name}`, () => {
      assertEquals(concatBytes(...messages.map((message) => encodeMessage(message, DEFAULT_CHUNK_SIZE))), bytes);
    });
  }
}

Deno.test("writeMessage fills exactly the bytes that messageWireBytes announces, wherever they begin", () => {
  const prng = new Prng(11);
  for (let round = 0; round < 2000; round++) {
    const chunkSize = prng.pick([1, 2, 127, 128, 129, 4096, 60_000, 0x7fffffff]);
    const sent = randomMessage(prng);
    const offset = prng.below(20);
    const length = messageWireBytes(sent.csid, sent.timestampMs, sent.payload.length, chunkSize);
    const target = new Uint8Array(offset + length + 20).fill(0xee);
    assertEquals(writeMessage(target, offset, sent, chunkSize), offset + length, JSON.stringify(sent));
    assertEquals(target.subarray(offset, offset + length), encodeMessage(sent, chunkSize));
    assert(target.subarray(0, offset).every((byte) => byte === 0xee));
    assert(target.subarray(offset + length).every((byte) => byte === 0xee));
  }
});

Deno.test("encodeMessage gives bytes that do not depend on what was read before", () => {
  const prng = new Prng(12);
  const sent: RtmpMessage[] = [];
  const bytes: Uint8Array[] = [];
  for (let round = 0; round < 300; round++) {
    const next = randomMessage(prng);
    sent.push(next);
    bytes.push(encodeMessage(next, 128));
  }
  assertEquals(readWhole([...bytes].reverse()), sent.reverse().filter(isHandedOn));
});

for (let seed = 1; seed <= 40; seed++) {
  Deno.test(`ChunkReader reads what ChunkWriter writes, random sequence ${seed}`, () => {
    const { bytes, messages } = randomSequence(new Prng(seed));
    for (const split of splitsOf(bytes, 4)) assertEquals(readWhole(split.parts), messages, split.name);
  });
}

Deno.test("ChunkWriter uses all four types, and never type 3 right behind type 0", () => {
  const seen = new Set<number>();
  for (let seed = 1; seed <= 40; seed++) {
    const prng = new Prng(seed);
    const writer = new ChunkWriter();
    let before = -1;
    for (let i = 0; i < 40; i++) {
      const fmt = (writer.encode(randomMessage(prng, 4))[0] ?? 0) >> 6;
      assert(fmt !== 3 || before > 0, "type 3 behind type 0 means different things to different peers");
      seen.add(before = fmt);
    }
  }
  assertEquals([...seen].sort(), [0, 1, 2, 3]);
});

Deno.test("a new chunk size of ChunkWriter acts from the next message on", () => {
  const writer = new ChunkWriter();
  const sent = { ...message(4, 0, "'x'"), payload: new Uint8Array(300).fill(0x55) };
  assertEquals(writer.encode(sent).length, 12 + 300 + 2);
  writer.chunkSize = 300;
  assertEquals(writer.chunkSize, 300);
  assertEquals(writer.encode({ ...sent, timestampMs: 7 }).length, 4 + 300);
});

Deno.test("a message of 16 MiB cannot be written", () => {
  const payload = new Uint8Array(0x1000000);
  const tooLong = { ...message(4, 0, "'x'"), payload };
  assertThrows(() => encodeMessage(tooLong, 60_000), RangeError, "24 bits");
  assertThrows(() => new ChunkWriter().encode(tooLong), RangeError, "24 bits");
  assertEquals(encodeMessage({ ...tooLong, payload: payload.subarray(1) }, 0x7fffffff).length, 12 + 0xffffff);
});

function readWhole(parts: readonly Uint8Array[]): RtmpMessage[] {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader((message) => messages.push(message));
  for (const part of parts) reader.push(part);
  assertEquals(reader.partialBytes, 0);
  return messages;
}

/** The reader drops empty messages and keeps its own control messages. */
function isHandedOn({ payload, typeId }: RtmpMessage): boolean {
  return payload.length > 0 && typeId !== MessageType.SetChunkSize && typeId !== MessageType.Abort;
}

/** A message with the numbers that make headers differ; few values of each, so that headers can be shortened. */
function randomMessage(prng: Prng, csid = prng.pick([2, 3, 63, 64, 319, 320, 65_599])): RtmpMessage {
  const timestampMs = prng.pick([0, 20, 40, 40, 60, 0xfffffe, 0xffffff, 0x1000000, 0x1000014, 0xfffffff0, prng.next()]);
  const length = prng.pick([0, 1, 3, 3, 127, 128, 129, 256, 300, prng.below(700)]);
  const typeId = prng.pick([8, 9, 9, 18, 20]);
  return { csid, typeId, msid: prng.pick([0, 1, 1, 0xffffffff]), timestampMs, payload: prng.bytes(length) };
}

/** Messages whose times rise on each chunk stream by a few deltas, with jumps and chunk sizes in between. */
function randomSequence(prng: Prng): { bytes: Uint8Array; messages: RtmpMessage[] } {
  const writer = new ChunkWriter();
  const messages: RtmpMessage[] = [];
  const parts: Uint8Array[] = [];
  let timestampMs = prng.pick([0, 0xfffff0, 0xffffff00]);
  for (let i = 0; i < 60; i++) {
    timestampMs = (timestampMs + prng.pick([0, 1, 20, 20, 20, 20, 0xffffff, 0x1000000])) >>> 0;
    const next = { ...randomMessage(prng), msid: 1 };
    if (prng.below(8) > 0) next.timestampMs = timestampMs;
    parts.push(writer.encode(next));
    if (isHandedOn(next)) messages.push(next);
    if (prng.below(15) === 0) {
      const size = prng.pick([1, 100, 128, 4096]);
      parts.push(writer.encode(setChunkSize(size)));
      writer.chunkSize = size;
    }
  }
  return { bytes: concatBytes(...parts), messages };
}
