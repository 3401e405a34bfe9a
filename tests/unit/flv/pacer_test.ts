import { assertEquals } from "../../kit/assert.ts";
import { Pacer } from "../../../src/flv/pacer.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

function create(options = { aheadMs: 200, maxBurstMs: 500 }) {
  const timers = new ManualTimers();
  return { timers, pacer: new Pacer(timers, options) };
}

Deno.test("Pacer sends the first media at once, whatever its time", () => {
  for (const firstMs of [0, 5000]) {
    const { pacer } = create();
    assertEquals([0, 199, 200, 240].map((ms) => pacer.waitMs(firstMs + ms)), [0, 0, 0, 40]);
  }
});

Deno.test("Pacer lets media go that is out of order", () => {
  const { pacer, timers } = create();
  pacer.waitMs(0);
  timers.advance(1000);
  assertEquals(pacer.waitMs(1000), 0);
  assertEquals(pacer.waitMs(400), 0);
  assertEquals(pacer.waitMs(1240), 40);
});

Deno.test("Pacer makes up for no more of a stall than its bound", () => {
  const { pacer, timers } = create();
  pacer.waitMs(0);
  timers.advance(60_000);
  // Due 59960 ms ago: the timeline moves until 500 ms are left.
  assertEquals(pacer.waitMs(40), 0);
  assertEquals([440, 740, 800].map((ms) => pacer.waitMs(ms)), [0, 0, 60]);
});

Deno.test("Pacer keeps the pace over hours without drift", () => {
  const { pacer, timers } = create();
  let sent = 0;
  const startMs = timers.nowMs();
  for (let ms = 0; ms < 3_600_000; ms += 40) {
    timers.advance(pacer.waitMs(ms));
    sent++;
  }
  assertEquals(sent, 90_000);
  assertEquals(timers.nowMs() - startMs, 3_600_000 - 40 - 200);
});
