import { TimerScope } from "../../../src/base/timer_scope.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

Deno.test("TimerScope passes time and timers on, and cancels one that is not wanted", () => {
  const timers = new ManualTimers();
  const scope = new TimerScope(timers);
  const called: number[] = [];
  scope.after(10, () => called.push(timers.nowMs() - 1_000_000));
  scope.after(20, () => called.push(-1)).cancel();
  timers.advance(30);
  assertEquals([called, scope.nowMs()], [[10], 1_000_030]);
});

Deno.test("TimerScope: when the owner ends, what it planned does not happen, nor what it plans later", () => {
  const timers = new ManualTimers();
  const scope = new TimerScope(timers);
  let calls = 0;
  const kept = timers.after(5, () => calls += 10);
  const early = scope.after(1, () => calls++);
  scope.after(10, () => calls++);
  timers.advance(1);
  scope[Symbol.dispose]();
  scope.after(0, () => calls++).cancel();
  early.cancel();
  assertEquals([calls, timers.pendingCount], [1, 1]);
  timers.advance(100);
  assertEquals(calls, 11);
  kept.cancel();
});
