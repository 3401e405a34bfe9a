import { assertEquals } from "../../kit/assert.ts";
import { forEachRecord, RecordBatch, type RecordFields } from "../../../src/threads/protocol/thread_records.ts";

function read(message: ArrayBuffer): RecordFields[] {
  const records: RecordFields[] = [];
  forEachRecord(message, (record) => records.push({ ...record, payload: record.payload.slice() }));
  return records;
}

const nothing = new Uint8Array(0);

Deno.test("RecordBatch gives records back as they were added, payloads of any length", () => {
  const batch = new RecordBatch();
  batch.add(5, 1, 2, 3, 4);
  for (let length = 0; length < 9; length++) batch.addBytes(23, length, new Uint8Array(length).fill(length + 1), 7);
  batch.add(8, -1);
  const records = read(batch.take());
  assertEquals(records.length, 11);
  assertEquals(records[0], { kind: 5, id: 1, x: 2, y: 3, z: 4, payload: nothing });
  for (let length = 0; length < 9; length++) {
    const payload = new Uint8Array(length).fill(length + 1);
    assertEquals(records[1 + length], { kind: 23, id: length, x: 7, y: 0, z: 0, payload });
  }
  assertEquals(records[10], { kind: 8, id: -1, x: 0, y: 0, z: 0, payload: nothing });
});

Deno.test("RecordBatch grows, is empty after it was taken, and starts over", () => {
  const batch = new RecordBatch();
  assertEquals(batch.take().byteLength, 0);
  const big = new Uint8Array(100_001).map((_, at) => at % 251);
  batch.addBytes(4, 9, big);
  for (let id = 0; id < 5000; id++) batch.add(1, id);
  const records = read(batch.take());
  assertEquals(records.length, 5001);
  assertEquals(records[0]!.payload, big);
  assertEquals(records.slice(1).map(({ id }) => id), Array.from({ length: 5000 }, (_, id) => id));
  assertEquals(batch.take().byteLength, 0);
  batch.add(2, 3);
  assertEquals(read(batch.take()), [{ kind: 2, id: 3, x: 0, y: 0, z: 0, payload: nothing }]);
});
