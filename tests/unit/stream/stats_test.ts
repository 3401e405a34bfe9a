import { RateMeter, SourceStats } from "../../../src/stream/stats.ts";
import { assertEquals } from "../../kit/assert.ts";

/** A counter that grows steadily, sampled every second. */
function meterAfter(seconds: number, bytesPerSecond: number): RateMeter {
  const meter = new RateMeter();
  for (let i = 0; i <= seconds; i++) meter.sample(i * 1000, i * bytesPerSecond);
  return meter;
}

Deno.test("RateMeter.kbps() is 0 before there is anything to tell from", () => {
  const meter = new RateMeter();
  assertEquals(meter.kbps(1000, 5000), 0);
  meter.sample(1000, 0);
  assertEquals(meter.kbps(1050, 5000), 0);
});

Deno.test("RateMeter.kbps() is kilobits a second, up to now", () => {
  assertEquals(meterAfter(10, 125_000).kbps(10_000, 1_250_000), 1000);
  assertEquals(meterAfter(0, 0).kbps(500, 62_500), 1000);
});

Deno.test("RateMeter.kbps() covers 30 seconds, not what was before", () => {
  const meter = meterAfter(100, 125_000);
  assertEquals(meter.kbps(100_000, 12_500_000), 1000);
  for (let i = 101; i <= 130; i++) meter.sample(i * 1000, 12_500_000);
  assertEquals(meter.kbps(130_000, 12_500_000), 0);
});

Deno.test("RateMeter.sample() keeps one sample in five seconds at most", () => {
  const meter = new RateMeter();
  for (let ms = 0; ms < 5000; ms++) meter.sample(ms, ms === 0 ? 0 : 1_000_000);
  assertEquals(meter.kbps(5000, 625_000), 1000, "counted from the first sample");
});

Deno.test("SourceStats.gopMs is the time between the last two keyframes, over the wrap too", () => {
  const stats = new SourceStats();
  stats.onKeyframe(0xffffff00);
  assertEquals(stats.gopMs, 0);
  stats.onKeyframe(1744);
  assertEquals(stats.gopMs, 2000);
  stats.onKeyframe(2744);
  assertEquals(stats.gopMs, 1000);
});
