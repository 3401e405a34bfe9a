import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { ByteQueue } from "../../../src/base/byte_queue.ts";
import { Prng } from "../../kit/media/mutate.ts";

Deno.test("ByteQueue gives bytes in order, and null while there are too few", () => {
  const queue = new ByteQueue(100);
  assertEquals(queue.take(1), null);
  queue.push(Uint8Array.of(1, 2));
  queue.push(Uint8Array.of(3));
  assertEquals(queue.take(4), null);
  assertEquals(queue.peek(2), Uint8Array.of(1, 2));
  assertEquals(queue.length, 3);
  assertEquals(queue.take(2), Uint8Array.of(1, 2));
  assertEquals(queue.take(0), new Uint8Array(0));
  assertEquals(queue.takeAll(), Uint8Array.of(3));
  assertEquals(queue.length, 0);
  assertEquals(queue.takeAll(), new Uint8Array(0));
});

Deno.test("ByteQueue copies what is pushed, and take hands out a copy", () => {
  const queue = new ByteQueue(100);
  const bytes = Uint8Array.of(1, 2, 3, 4);
  queue.push(bytes);
  bytes.fill(0);
  const taken = queue.take(2);
  taken?.fill(9);
  queue.push(Uint8Array.of(5));
  assertEquals(taken, Uint8Array.of(9, 9));
  assertEquals(queue.takeAll(), Uint8Array.of(3, 4, 5));
});

Deno.test("ByteQueue holds as much as it is bound to, and refuses one byte more without harm", () => {
  const queue = new ByteQueue(10);
  queue.push(new Uint8Array(6).fill(1));
  assertThrows(() => queue.push(new Uint8Array(5)), RangeError, "Cannot hold 11 bytes: the queue is bound to 10");
  queue.push(new Uint8Array(4).fill(2));
  assertEquals(queue.take(6), new Uint8Array(6).fill(1));
  queue.push(new Uint8Array(6).fill(3));
  assertEquals([...queue.takeAll()], [2, 2, 2, 2, 3, 3, 3, 3, 3, 3]);
});

Deno.test("ByteQueue behaves as an array would, over thousands of random pushes and takes", () => {
  const prng = new Prng(3);
  const queue = new ByteQueue(20_000);
  let model: number[] = [];
  let next = 0;
  for (let round = 0; round < 3000; round++) {
    const count = prng.below(prng.below(10) === 0 ? 6000 : 50);
    if (prng.below(2) === 0 && model.length + count <= 20_000) {
      const bytes = Uint8Array.from({ length: count }, () => next++);
      queue.push(bytes);
      model.push(...bytes);
    } else {
      const taken = queue.take(count);
      assertEquals(taken === null, count > model.length);
      if (taken === null) continue;
      assertEquals([...taken], model.slice(0, count));
      model = model.slice(count);
    }
    assertEquals(queue.length, model.length);
  }
  assertEquals([...queue.takeAll()], model);
});
