import { KeptAnswers } from "../../../src/http/kept_answers.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { assertEquals, assertRejects } from "../../kit/assert.ts";

/** Answers with the number of times that it was made, which takes so long each time. */
function setUp(tookMs: number) {
  const after = (ms: number, fn: () => void) => {
    clock.now += ms;
    fn();
    return { cancel: () => {} };
  };
  const clock = { now: 0, nowMs: () => clock.now, after };
  const kept = new KeptAnswers(clock);
  let made = 0;
  const make = () => {
    clock.now += tookMs;
    return Promise.resolve(new Response(String(++made)));
  };
  const ask = async (question = "/a?", version = 0) =>
    await (await kept.answer("10.0.0.1", { text: question, version, make })).text();
  return { clock, kept, ask };
}

Deno.test("KeptAnswers gives the same answer for twenty times as long as it took to make", async () => {
  const { clock, ask } = setUp(10);
  assertEquals(await Promise.all([ask(), ask(), ask()]), ["1", "1", "1"]);
  clock.now = 209;
  assertEquals(await ask(), "1");
  clock.now = 210;
  assertEquals(await ask(), "2");
});

Deno.test("KeptAnswers keeps nothing longer than a second, and nothing that cost nothing", async () => {
  const slow = setUp(400);
  await slow.ask();
  slow.clock.now = 1400;
  assertEquals(await slow.ask(), "2");
  const free = setUp(0);
  await free.ask();
  assertEquals(await free.ask(), "2");
});

Deno.test("KeptAnswers tells questions apart, and drops an answer once the clients are others", async () => {
  const { ask } = setUp(10);
  assertEquals([await ask("/a?"), await ask("/a?count=2"), await ask("/a?")], ["1", "2", "1"]);
  assertEquals([await ask("/a?", 1), await ask("/a?", 1)], ["3", "3"]);
});

Deno.test("KeptAnswers keeps no failure", async () => {
  const question = { text: "/a?", version: 0 };
  const { kept, clock } = setUp(10);
  const fail = () => {
    clock.now += 10;
    return Promise.reject(new TypeError("no"));
  };
  await assertRejects(() => kept.answer("10.0.0.1", { ...question, make: fail }), TypeError);
  assertEquals(
    await (await kept.answer("10.0.0.1", { ...question, make: () => Promise.resolve(new Response("yes")) })).text(),
    "yes",
  );
});

Deno.test("KeptAnswers lets a bounded number of questions of one address wait, whoever of them has left", async () => {
  const timers = new ManualTimers(0);
  const kept = new KeptAnswers(timers);
  const gate = Promise.withResolvers<void>();
  const make = async () => {
    await gate.promise;
    return new Response("made");
  };
  const ask = (ip: string, text: string) => kept.answer(ip, { text, version: 0, make });
  const flood = Array.from({ length: 1000 }, (_, at) => ask("10.0.0.1", `/a?${at}`));
  const others = ask("10.0.0.2", "/b?");
  gate.resolve();
  await timers.run(1000);
  const answers = await Promise.all(flood);
  assertEquals(answers.filter(({ status }) => status === 503).length, 1000 - 256);
  assertEquals([(await others).status, (await ask("10.0.0.1", "/c?")).status], [200, 200]);
});
