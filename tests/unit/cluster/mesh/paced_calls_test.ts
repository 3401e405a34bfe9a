import { PacedCalls } from "../../../../src/cluster/mesh/paced_calls.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

Deno.test("PacedCalls makes the first call at once, and pauses before each further one, whenever it was added", async () => {
  const timers = new ManualTimers();
  const startedMs = timers.nowMs();
  const calls = new PacedCalls(timers, 10);
  const made: string[] = [];
  const call = (name: string) => () => void made.push(`${name} ${timers.nowMs() - startedMs}`);
  calls.add([call("a"), call("b")]);
  await timers.run(5);
  calls.add([call("c")]);
  await timers.run(100);
  assertEquals(made, ["a 0", "b 10", "c 20"]);
  calls.add([call("d"), call("e")]);
  calls[Symbol.dispose]();
  await timers.run(100);
  assertEquals([made.slice(3), timers.pendingCount], [["d 105"], 0]);
});
