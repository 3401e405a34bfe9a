import { ChunkReader } from "../../src/rtmp/chunk_reader.ts";
import { encodeMessage } from "../../src/rtmp/chunk_writer.ts";
import { MessageType } from "../../src/rtmp/message.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { Prng } from "../kit/media/mutate.ts";

const CHUNK_SIZE = 128;
const typeIds = [MessageType.Audio, MessageType.Video, MessageType.Data];

Deno.test("ChunkReader hands on the same messages whether it lends them or not, however bytes are split", () => {
  const counts = { lent: 0, own: 0 };
  for (let seed = 1; seed <= 200; seed++) {
    const prng = new Prng(seed);
    const parts = Array.from({ length: 30 }, (_, i) => {
      const payload = prng.bytes(1 + prng.below(prng.below(3) === 0 ? 400 : CHUNK_SIZE + 1));
      const typeId = prng.pick(typeIds);
      return encodeMessage({ csid: 3 + typeId, typeId, msid: 1, timestampMs: i, payload }, CHUNK_SIZE);
    });
    const wire = new Uint8Array(parts.flatMap((part) => [...part]));
    const texts: string[][] = [[], []];
    const readers = [false, true].map((lends, at) => {
      const reader = new ChunkReader(({ typeId, timestampMs, payload }) => {
        if (lends) counts[payload.buffer === buffer.buffer ? "lent" : "own"]++;
        if (typeId === MessageType.Data) assertEquals(payload.buffer === buffer.buffer, false, "only media is lent");
        texts[at]!.push(`${typeId}@${timestampMs} ${payload}`);
      });
      reader.lendsMedia = lends;
      return reader;
    });
    // One buffer, used again and again, as a connection has.
    const buffer = new Uint8Array(1000);
    for (let at = 0; at < wire.length;) {
      const count = Math.min(1 + prng.below(buffer.length), wire.length - at);
      for (const reader of readers) {
        buffer.set(wire.subarray(at, at + count));
        reader.push(buffer.subarray(0, count));
        buffer.fill(0xee);
      }
      at += count;
    }
    assertEquals(texts[1], texts[0], `seed ${seed}`);
    for (const reader of readers) assertEquals(reader.partialBytes, 0);
  }
  assertGreater(counts.lent, 1000);
  assertGreater(counts.own, 1000);
});
