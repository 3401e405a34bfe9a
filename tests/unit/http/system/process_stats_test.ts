import { ProcessStats } from "../../../../src/http/system/process_stats.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { filesWith, worldAt } from "../../../kit/memory/world.ts";
import { procFiles } from "../../../kit/cases/proc_cases.ts";

Deno.test("ProcessStats looks when asked, every 3 s at most, and tells of the time in between", () => {
  const files: Record<string, string> = { ...procFiles };
  const timers = new ManualTimers(1000);
  let reads = 0;
  const stats = new ProcessStats(worldAt(timers, {
    files: {
      ...Deno,
      readTextFileSync: (path) => {
        reads++;
        return files[String(path)]!;
      },
    },
  }));
  assertEquals([stats.latest.cpuMs, stats.latest.cpuPercent, stats.latest.rssBytes], [5000, 0, 80_000 * 1024]);
  files["/proc/self/stat"] = procFiles["/proc/self/stat"]!.replace(" 300 200 0 0 20 ", " 360 290 0 0 20 ");
  timers.advance(2999);
  assertEquals([stats.latest.cpuPercent, reads], [0, 2]);
  timers.advance(1);
  assertEquals([stats.latest.cpuPercent, stats.latest.cpuPercent, reads], [50, 50, 4]);
});

Deno.test("ProcessStats is all zero where there is no /proc", () => {
  const timers = new ManualTimers(1000);
  const stats = new ProcessStats(worldAt(timers, { files: filesWith({}) }));
  timers.advance(5000);
  assertEquals(stats.latest, { sampleMs: 6000, cpuMs: 0, cpuPercent: 0, rssBytes: 0 });
});
