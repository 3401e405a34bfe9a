import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { runAttack } from "../kit/attack/attack_run.ts";

/** Longest pause of a healthy player that is no fault of the server's, on a busy machine. */
const MAX_GAP_MS = 2000;

Deno.test({
  name: "500 hostile connections a second for 20 s: a publisher and a player lose no frame",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const report = await runAttack({ seed: 1, seconds: 20, rate: 500 });
    assert(report.isAlive, "the server takes clients afterwards");
    assertGreater(report.connections - report.unconnected, 1000, JSON.stringify(report.byKind));
    assertGreater(report.frames, 500);
    assertEquals(report.breaks, []);
    assertEquals(report.faults, []);
    assertLess(report.worstGapMs, MAX_GAP_MS);
    assertLess(report.filesLeft, 10);
  },
});
