import { readAsItComes, ReadPace } from "../../../../src/server/rtmp/read_pace.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

/** A connection that notes what it is told. */
class Conn {
  readonly marks: number[] = [];
  readBufferBytes = 64 * 1024;
  canGather = true;

  gather(bytes: number): void {
    this.marks.push(bytes);
  }
}

const plan = { gatherMs: 350, pauseMs: 40, commonMs: 25 };

function paced(): { conn: Conn; pace: ReadPace; timers: ManualTimers } {
  const conn = new Conn();
  const timers = new ManualTimers();
  return { conn, pace: new ReadPace(conn, timers), timers };
}

/** Tells how long a read is held back, in milliseconds; null: until further notice. */
async function heldMs(held: Promise<void> | undefined, timers: ManualTimers): Promise<number | null> {
  let isOver = false;
  held?.then(() => isOver = true);
  for (let ms = 0; ms < 1000; ms++) {
    if (held === undefined || isOver) return ms;
    timers.advance(1);
    await Promise.resolve();
  }
  return null;
}

Deno.test("ReadPace lets messages gather until they are due, then reads what is there", () => {
  const { conn, pace, timers } = paced();
  assertEquals(pace.plan(plan), undefined);
  assertEquals(conn.marks, [32 * 1024]);
  timers.advance(320);
  assertEquals(conn.marks, [32 * 1024], "nothing wakes the process before");
  timers.advance(55);
  assertEquals(conn.marks, [32 * 1024, 1]);
  assertEquals(pace.onRead(9000, false), false);
  pace.plan(plan);
  assertEquals(conn.marks, [32 * 1024, 1, 32 * 1024]);
});

Deno.test("ReadPace lets two flushes gather at most, and makes room for one in the buffer", () => {
  const { conn, pace, timers } = paced();
  for (let at = 0; at < 5; at++) {
    timers.advance(350);
    pace.onRead(109_375, false);
    pace.plan(plan);
  }
  assertEquals(conn.marks.at(-1), 2 * 109_375);
  assertEquals(conn.readBufferBytes, 256 * 1024);
  for (let at = 0; at < 60; at++) {
    timers.advance(350);
    pace.onRead(1000, false);
    pace.plan(plan);
  }
  assertEquals(conn.readBufferBytes, 16 * 1024, "a stream that has become slow gives memory back");
});

Deno.test("ReadPace reads what gathered in several portions before it lets more gather", () => {
  const { conn, pace, timers } = paced();
  pace.plan(plan);
  timers.advance(375);
  assertEquals(pace.onRead(64 * 1024, true), true, "more of it is there");
  assertEquals(pace.onRead(20_000, false), false);
  pace.plan(plan);
  assertEquals(conn.marks.length, 3);
});

Deno.test("ReadPace goes on to the same moment after an early read", () => {
  const { conn, pace, timers } = paced();
  pace.plan(plan);
  timers.advance(100);
  pace.onRead(40_000, false);
  pace.plan({ ...plan, gatherMs: 250 });
  assertEquals(conn.marks, [32 * 1024]);
  timers.advance(275);
  assertEquals(conn.marks, [32 * 1024, 1]);
});

Deno.test("ReadPace takes a fast stream as it comes: its sender would have to wait", async () => {
  const { conn, pace, timers } = paced();
  for (let at = 0; at < 3; at++) {
    timers.advance(350);
    pace.onRead(800_000, false);
    pace.plan({ ...plan, pauseMs: 0 });
  }
  assertEquals(conn.marks, []);
  assertEquals(await heldMs(pace.plan({ ...plan, pauseMs: 0 }), timers), 0);
});

Deno.test("ReadPace reads as messages come as soon as something else is asked for", () => {
  const { conn, pace } = paced();
  pace.plan(plan);
  assertEquals(pace.plan(readAsItComes), undefined);
  assertEquals(conn.marks.at(-1), 1);
  pace.plan(plan);
  pace.readOn();
  assertEquals(conn.marks.at(-1), 1);
  pace.plan(plan);
  pace.hold();
  assertEquals(conn.marks.at(-1), 1);
});

Deno.test("ReadPace reads at once what gathers, or is left unread, when somebody comes for it", async () => {
  const { conn, pace, timers } = paced();
  pace.readNow();
  assertEquals([conn.marks, pace.isGathering], [[], false]);
  pace.plan(plan);
  assertEquals(pace.isGathering, true);
  pace.readNow();
  assertEquals([conn.marks.at(-1), pace.isGathering, timers.pendingCount], [1, false, 0]);
  conn.canGather = false;
  const held = pace.plan(plan);
  pace.readNow();
  assertEquals(await heldMs(held, timers), 1);
  // It waits for the answer to a request.
  const congested = pace.hold();
  pace.readNow();
  assertEquals(await heldMs(congested, timers), null);
});

Deno.test("ReadPace reads what gathers for a second together with others, in portions", () => {
  const { conn, pace, timers } = paced();
  for (let at = 0; at < 5; at++) {
    pace.onRead(300_000, false);
    pace.plan({ gatherMs: 1000, pauseMs: 0, commonMs: 1000 });
    timers.advance(1000);
    assertEquals(conn.marks.at(-1), 1);
  }
  assertEquals(conn.readBufferBytes, 256 * 1024);
});

Deno.test("ReadPace leaves a connection that cannot gather unread for a while", async () => {
  const { conn, pace, timers } = paced();
  conn.canGather = false;
  assertEquals(await heldMs(pace.plan(plan), timers), 40);
  assertEquals(conn.marks, []);
  const held = pace.hold();
  assertEquals(await heldMs(held, timers), null);
  pace.readOn();
  assertEquals(await heldMs(held, timers), 1);
});
