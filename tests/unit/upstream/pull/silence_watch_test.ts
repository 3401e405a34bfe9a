import { SilenceWatch } from "../../../../src/upstream/pull/silence_watch.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

class Rig {
  readonly timers = new ManualTimers();
  readonly silences: number[] = [];
  readonly watch = new SilenceWatch(this.timers, (silentMs) => this.silences.push(silentMs));
}

Deno.test("SilenceWatch tells once, when nothing was heard for as long as the limit", () => {
  const { timers, silences, watch } = new Rig();
  watch.hear();
  watch.limit(() => 1000);
  for (let i = 0; i < 30; i++) {
    timers.advance(100);
    watch.hear();
  }
  assertEquals(silences, []);
  timers.advance(999);
  assertEquals(silences, []);
  timers.advance(1);
  assertEquals(silences, [1000]);
  timers.advance(10_000);
  assertEquals([silences, timers.pendingCount], [[1000], 0]);
});

Deno.test("SilenceWatch costs one timer, whatever is heard", () => {
  const { timers, watch } = new Rig();
  watch.hear();
  watch.limit(() => 1000);
  for (let i = 0; i < 1000; i++) watch.hear();
  assertEquals(timers.pendingCount, 1);
});

Deno.test("SilenceWatch.limit() counts from the last time, and replaces the limit before", () => {
  const { timers, silences, watch } = new Rig();
  watch.hear();
  watch.limit(() => 1000);
  timers.advance(600);
  watch.limit(() => 2000);
  timers.advance(1399);
  assertEquals([silences, timers.pendingCount], [[], 1]);
  timers.advance(1);
  assertEquals(silences, [2000]);
  watch.limit(() => 500);
  assertEquals(silences, [2000, 2000], "it has been silent for longer than that already");
});

Deno.test("SilenceWatch takes a limit that changes within a second", () => {
  const { timers, silences, watch } = new Rig();
  let limitMs = 60_000;
  watch.hear();
  watch.limit(() => limitMs);
  timers.advance(5500);
  limitMs = 3000;
  timers.advance(500);
  assertEquals(silences, [6000]);
});

Deno.test("SilenceWatch.stop() ends the watch", () => {
  const { timers, silences, watch } = new Rig();
  watch.hear();
  watch.limit(() => 1000);
  watch.stop();
  timers.advance(5000);
  assertEquals([silences, timers.pendingCount], [[], 0]);
});

Deno.test("SilenceWatch does not count the time that the whole process stood still", () => {
  const silences: number[] = [];
  let nowMs = 0;
  let due = () => {};
  const timers = {
    nowMs: () => nowMs,
    after: (_delayMs: number, fn: () => void) => {
      due = fn;
      return { cancel() {} };
    },
  };
  const watch = new SilenceWatch(timers, (silentMs) => silences.push(silentMs));
  watch.hear();
  watch.limit(() => 1000);
  nowMs = 60_000;
  due();
  assertEquals(silences, []);
  nowMs = 61_000;
  due();
  assertEquals(silences, [1000]);
});
