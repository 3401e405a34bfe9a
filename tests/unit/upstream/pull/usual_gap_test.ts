import { UsualGap } from "../../../../src/upstream/pull/usual_gap.ts";
import { assertEquals } from "../../../kit/assert.ts";

/** Hears a packet every `gapMs` from a time on. @returns The time of the last. */
function hearEvery(gap: UsualGap, gapMs: number, fromMs: number, untilMs: number): number {
  let nowMs = fromMs;
  for (; nowMs <= untilMs; nowMs += gapMs) gap.hear(nowMs);
  return nowMs - gapMs;
}

Deno.test("UsualGap knows nothing in its first five seconds", () => {
  const gap = new UsualGap();
  gap.start(1000);
  hearEvery(gap, 40, 1000, 5900);
  assertEquals(gap.unusualMs, Infinity);
  hearEvery(gap, 40, 5940, 6100);
  assertEquals(gap.unusualMs, 1000);
});

Deno.test("UsualGap takes three times the longest pause for unusual, and forgets pauses of long ago", () => {
  const gap = new UsualGap();
  gap.start(0);
  hearEvery(gap, 800, 0, 12_000);
  assertEquals(gap.unusualMs, 2400);
  hearEvery(gap, 40, 12_040, 16_000);
  assertEquals(gap.unusualMs, 2400);
  hearEvery(gap, 40, 16_040, 30_000);
  assertEquals(gap.unusualMs, 1000);
});

Deno.test("UsualGap.start() forgets what it learnt of another server", () => {
  const gap = new UsualGap();
  gap.start(0);
  hearEvery(gap, 40, 0, 12_000);
  gap.start(12_000);
  assertEquals(gap.unusualMs, Infinity);
});
