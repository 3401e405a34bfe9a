import { afterLimit } from "../../../src/base/clock.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/manual_timers.ts";

class Rig {
  readonly timers = new ManualTimers();
  readonly reached: number[] = [];
  limitMs: number;
  readonly handle;

  constructor(limitMs: number) {
    this.limitMs = limitMs;
    const startedMs = this.timers.nowMs();
    const onLimit = () => this.reached.push(this.timers.nowMs() - startedMs);
    this.handle = afterLimit(this.timers, () => this.limitMs, onLimit);
  }
}

for (const limitMs of [0, 1, 999, 1000, 1001, 3500]) {
  Deno.test(`afterLimit() calls once, after a limit of ${limitMs} ms`, () => {
    const { timers, reached } = new Rig(limitMs);
    assertEquals(reached, [], "never at once");
    timers.advance(10_000);
    assertEquals([reached, timers.pendingCount], [[limitMs], 0]);
  });
}

Deno.test("afterLimit() takes a limit that changes within a second, a longer one too", () => {
  const rig = new Rig(60_000);
  rig.timers.advance(5500);
  rig.limitMs = 8200;
  rig.timers.advance(2600);
  rig.limitMs = 9000;
  rig.timers.advance(10_000);
  assertEquals(rig.reached, [9000]);
  const late = new Rig(60_000);
  late.timers.advance(5500);
  late.limitMs = 100;
  late.timers.advance(10_000);
  assertEquals(late.reached, [6000]);
});

Deno.test("afterLimit() calls nothing once its handle is cancelled", () => {
  const { timers, reached, handle } = new Rig(3000);
  timers.advance(2500);
  handle.cancel();
  timers.advance(10_000);
  assertEquals([reached, timers.pendingCount], [[], 0]);
});
