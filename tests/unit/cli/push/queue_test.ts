import { assertEquals } from "../../../kit/assert.ts";
import { SendQueue } from "../../../../src/cli/push/queue.ts";

const limits = { maxLagMs: 2000, maxBytes: 1000, resumeLagMs: 200 };

Deno.test("SendQueue tells how long the oldest message has been waiting", () => {
  const queue = new SendQueue(limits);
  assertEquals(queue.lagMs(50), 0);
  queue.note(0, { enqueuedBytes: 100, sentBytes: 0 });
  queue.note(40, { enqueuedBytes: 200, sentBytes: 0 });
  assertEquals(queue.lagMs(100), 100);
  // Half a message is still a waiting one.
  queue.update(100, { enqueuedBytes: 200, sentBytes: 150 });
  assertEquals(queue.lagMs(100), 60);
  queue.update(100, { enqueuedBytes: 200, sentBytes: 200 });
  assertEquals(queue.lagMs(100), 0);
});

Deno.test("SendQueue is jammed by age and by bytes, and free again only when it is short", () => {
  const states: [what: string, atMs: number, enqueuedBytes: number, sentBytes: number, jammed: boolean][] = [
    ["fresh", 100, 300, 0, false],
    ["as old as it may be", 2000, 300, 0, false],
    ["too old", 2001, 300, 0, true],
    ["younger, not yet short", 2001, 300, 100, true],
    ["short again", 2001, 300, 300, false],
  ];
  const queue = new SendQueue(limits);
  queue.note(0, { enqueuedBytes: 100, sentBytes: 0 });
  queue.note(1000, { enqueuedBytes: 300, sentBytes: 0 });
  for (const [what, atMs, enqueuedBytes, sentBytes, jammed] of states) {
    assertEquals(queue.update(atMs, { enqueuedBytes, sentBytes }), jammed, what);
  }
  queue.note(3000, { enqueuedBytes: 1301, sentBytes: 300 });
  assertEquals(queue.update(3000, { enqueuedBytes: 1301, sentBytes: 300 }), true);
  assertEquals(queue.update(3000, { enqueuedBytes: 1301, sentBytes: 800 }), true);
  assertEquals(queue.update(3000, { enqueuedBytes: 1301, sentBytes: 801 }), false);
});
