import { OriginWatch } from "../../../../src/upstream/pull/origin_watch.ts";
import { parseTarget } from "../../../../src/upstream/target.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

const target = parseTarget("10.0.0.1:1935")!;

class Stage {
  readonly timers = new ManualTimers();
  readonly looks: string[] = [];
  isUp = false;
  readonly watch = new OriginWatch(this.timers, ({ text }) => {
    this.looks.push(text);
    return Promise.resolve(this.isUp);
  });
}

Deno.test("OriginWatch.watch() tells all who wait, once, soon after the server is back", async () => {
  const stage = new Stage();
  const told: number[] = [];
  for (let i = 0; i < 100; i++) stage.watch.watch(target, () => told.push(i));
  await stage.timers.run(10_000);
  assertEquals(told, []);
  assert(stage.looks.length <= 50, `looked ${stage.looks.length} times in 10 s, for all of them`);
  stage.isUp = true;
  await stage.timers.run(250);
  assertEquals(told, Array.from({ length: 100 }, (_, i) => i));
  await stage.timers.run(1000);
  assertEquals(told.length, 100);
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("OriginWatch.watch() does not tell those who wait no more, and stops looking without any", async () => {
  const stage = new Stage();
  const told: string[] = [];
  const one = stage.watch.watch(target, () => told.push("one"));
  const other = stage.watch.watch(target, () => told.push("other"));
  one[Symbol.dispose]();
  stage.isUp = true;
  await stage.timers.run(500);
  assertEquals(told, ["other"]);
  stage.isUp = false;
  const third = stage.watch.watch(target, () => told.push("third"));
  await stage.timers.run(500);
  third[Symbol.dispose]();
  other[Symbol.dispose]();
  await stage.timers.run(500);
  const { length } = stage.looks;
  await stage.timers.run(2000);
  assertEquals(stage.looks.length, length);
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("OriginWatch.watch() can wait again for a server that went down again", async () => {
  const stage = new Stage();
  let told = 0;
  stage.isUp = true;
  const again = () => {
    if (++told < 3) stage.watch.watch(target, again);
  };
  stage.watch.watch(target, again);
  await stage.timers.run(1000);
  assertEquals(told, 3);
  assertEquals(stage.looks.length, 3);
});
