import { WorkBudget } from "../../../src/http/work_budget.ts";
import { assert, assertEquals, assertLess, assertRejects } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";

/** Questions that each take so long, of which it is known when they were answered. */
function setUp(tookMs: number) {
  const timers = new ManualTimers(0);
  const budget = new WorkBudget(timers);
  const answeredMs: Record<string, number[]> = {};
  const ask = (ip: string) =>
    budget.run(ip, () => {
      timers.advance(tookMs);
      (answeredMs[ip] ??= []).push(timers.nowMs());
      return Promise.resolve(ip);
    });
  return { timers, budget, ask, answeredMs };
}

Deno.test("WorkBudget answers an address that floods later, with a fifth of the time, and refuses nothing", async () => {
  const { timers, ask, answeredMs } = setUp(50);
  const all = Array.from({ length: 100 }, () => ask("10.0.0.1"));
  await timers.run(30_000);
  assertEquals(new Set(await Promise.all(all)), new Set(["10.0.0.1"]));
  const times = answeredMs["10.0.0.1"]!;
  // Half a second is saved up; the rest takes five times as long as its work.
  assertLess(times.filter((ms) => ms <= 600).length, 14);
  assertLess(Math.abs(times.at(-1)! - (100 * 50 - 500) * 5), 1000);
});

Deno.test("WorkBudget lets nobody else wait, and nobody who asks now and then", async () => {
  const { timers, ask, answeredMs } = setUp(50);
  for (let i = 0; i < 100; i++) ask("10.0.0.1");
  for (let at = 1000; at < 20_000; at += 1000) {
    await timers.run(at - timers.nowMs());
    const askedMs = timers.nowMs();
    await ask("10.0.0.2");
    assertLess(answeredMs["10.0.0.2"]!.at(-1)! - askedMs, 51);
  }
  assert(answeredMs["10.0.0.1"]!.length > 50);
});

Deno.test("WorkBudget takes a network of IPv6 for one address, and goes on after work that fails", async () => {
  const { timers, budget, ask, answeredMs } = setUp(300);
  await assertRejects(() => budget.run("2001:db8::9", () => Promise.reject(new Error("broken"))), Error, "broken");
  const all = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(ask);
  await timers.run(5000);
  await Promise.all(all);
  assertEquals(budget.size, 1);
  assert(answeredMs["2001:db8::3"]![0]! > 1000);
});

Deno.test("WorkBudget remembers no more than 1024 addresses", async () => {
  const { budget, ask } = setUp(1);
  for (let i = 0; i < 5000; i++) await ask(`10.${i >> 8}.${i & 255}.1`);
  assertLess(budget.size, 1025);
});
