import { assert, assertEquals, assertInstanceOf, assertLessOrEqual } from "../kit/assert.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { ProtocolError } from "../../src/base/errors.ts";
import { splitAggregate } from "../../src/rtmp/aggregate.ts";
import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { ChunkWriter } from "../../src/rtmp/chunk_writer.ts";
import { MessageType, type RtmpMessage } from "../../src/rtmp/message.ts";
import { chunkCases } from "../kit/cases/chunk_cases.ts";
import { cut } from "../kit/media/splits.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

/** What a reader made of its input. */
interface Outcome {
  messages: RtmpMessage[];
  /** Code of the error that ended it. */
  error: string | null;
}

function read(parts: readonly Uint8Array[]): Outcome {
  const messages: RtmpMessage[] = [];
  const reader = new ChunkReader((message) => messages.push(message));
  let received = 0;
  try {
    for (const part of parts) {
      received += part.length;
      reader.push(part);
      // At most twice what came, and the first piece of each chunk stream.
      assertLessOrEqual(reader.partialBytes, 2 * received + 64 * 4096);
    }
    return { messages, error: null };
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    return { messages, error: error.codeName };
  }
}

function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1));
}

Deno.test("ChunkReader survives damaged chunks, and reads the same however they are split", () => {
  const prng = new Prng(41);
  const seeds = chunkCases.map(({ bytes }) => bytes);
  let whole = 0;
  let broken = 0;
  for (let round = 0; round < 2500; round++) {
    const joined = concatBytes(prng.pick(seeds), prng.pick(seeds));
    const bytes = mutate(joined, prng);
    const outcome = read([bytes]);
    assertEquals(read(byteByByte(bytes)), outcome, `round ${round}, byte by byte`);
    assertEquals(read(cut(bytes, 1 + prng.below(5))), outcome, `round ${round}, split`);
    if (outcome.error === null) whole++;
    else broken++;
  }
  assert(whole > 250 && broken > 250, `${whole} read, ${broken} refused: the mutations no longer bite`);
});

Deno.test("ChunkReader survives random bytes that look like chunk headers", () => {
  const prng = new Prng(42);
  for (let round = 0; round < 3000; round++) {
    const bytes = prng.bytes(prng.below(200));
    for (let i = 0; i < bytes.length; i += 1 + prng.below(20)) {
      bytes[i] = prng.pick([0x00, 0x01, 0x02, 0x03, 0x04, 0x44, 0x84, 0xc4, 0xff]);
    }
    assertEquals(read(byteByByte(bytes)), read([bytes]), `round ${round}`);
  }
});

Deno.test("what ChunkReader reads of damaged chunks can be written and read again", () => {
  const prng = new Prng(43);
  for (let round = 0; round < 1000; round++) {
    const { messages } = read([mutate(concatBytes(...chunkCases.slice(0, 20).map(({ bytes }) => bytes)), prng)]);
    const writer = new ChunkWriter(prng.pick([1, 128, 4096]));
    const start = new ChunkWriter().encode({
      csid: 2,
      typeId: MessageType.SetChunkSize,
      msid: 0,
      timestampMs: 0,
      payload: Uint8Array.of(0, 0, writer.chunkSize >> 8, writer.chunkSize),
    });
    const bytes = messages.map((message) => writer.encode(message));
    assertEquals(read([start, ...bytes]), { messages, error: null }, `round ${round}`);
  }
});

Deno.test("splitAggregate survives damaged aggregates and gives only what is in them", () => {
  const prng = new Prng(44);
  const part = (typeId: number, length: number) =>
    concatBytes(Uint8Array.of(typeId, 0, 0, length, 0, 0, prng.below(99), 0, 0, 0, 0), prng.bytes(length + 4));
  for (let round = 0; round < 5000; round++) {
    const parts = Array.from({ length: prng.below(6) }, () => part(prng.pick([8, 9, 18, 20, 22]), prng.below(30)));
    const payload = mutate(concatBytes(...parts), prng);
    let total = 0;
    for (const { typeId, payload: piece, timestampMs } of splitAggregate(aggregate(payload))) {
      assert([8, 9, 15, 18].includes(typeId) && piece.length > 0);
      assert(timestampMs >= 0 && timestampMs <= 0xffffffff);
      total += piece.length + 11;
    }
    assertLessOrEqual(total, payload.length);
  }
});

function aggregate(payload: Uint8Array): RtmpMessage {
  return { csid: 6, typeId: MessageType.Aggregate, msid: 1, timestampMs: 1000, payload };
}
