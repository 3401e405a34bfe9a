import { afterLimit, onBeat } from "../../../src/base/clock.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

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

Deno.test("onBeat() calls at whole multiples of the interval, all on one timer", () => {
  const timers = new ManualTimers(1_000_350);
  const called: string[] = [];
  const beat = (name: string, ms: number) =>
    onBeat(timers, ms, () => called.push(`${name} ${timers.nowMs() - 1_000_000}`));
  const handles = [beat("a", 1000), beat("b", 5000), beat("c", 2000)];
  assertEquals(timers.pendingCount, 1);
  timers.advance(5000);
  assertEquals(called, ["a 1000", "a 2000", "c 2000", "a 3000", "a 4000", "c 4000", "a 5000", "b 5000"]);
  assertEquals(timers.pendingCount, 1);
  handles[0]!.cancel();
  timers.advance(2000);
  assertEquals(called.slice(8), ["c 6000"]);
  for (const handle of handles) handle.cancel();
  assertEquals(timers.pendingCount, 0);
});

Deno.test("onBeat() goes on with those that others end, add, or fail before", () => {
  const timers = new ManualTimers(1_000_000);
  const called: string[] = [];
  let fails = true;
  const first = onBeat(timers, 1000, () => {
    called.push("first");
    last.cancel();
    onBeat(timers, 500, () => called.push("added"));
    first.cancel();
    if (fails) throw new TypeError("no");
  });
  onBeat(timers, 1000, () => called.push("second"));
  const last = onBeat(timers, 1000, () => called.push("last"));
  assertThrows(() => timers.advance(1100), TypeError);
  fails = false;
  timers.advance(1100);
  assertEquals(called, ["first", "second", "added", "second", "added"]);
});
