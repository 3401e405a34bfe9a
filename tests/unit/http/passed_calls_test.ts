import { assertEquals } from "../../kit/assert.ts";
import { PassedCalls } from "../../../src/http/passed_calls.ts";

Deno.test("PassedCalls passes on what is asked at one time once, and gives all the same", async () => {
  const passed = new PassedCalls({ nowMs: () => 0 });
  const { promise, resolve } = Promise.withResolvers<Response>();
  let calls = 0;
  const pass = () => {
    calls++;
    return promise;
  };
  const answers = [passed.answer("a", pass), passed.answer("a", pass)];
  resolve(new Response("text"));
  assertEquals(await Promise.all((await Promise.all(answers)).map((answer) => answer.text())), ["text", "text"]);
  assertEquals(await (await passed.answer("a", () => Promise.resolve(new Response("new")))).text(), "new");
  assertEquals(calls, 1);
});

Deno.test("PassedCalls refuses when many hang, and when many begin within a second", async () => {
  let nowMs = 0;
  const passed = new PassedCalls({ nowMs: () => nowMs });
  const hanging = Promise.withResolvers<Response>();
  const waiting = Array.from({ length: 32 }, (_, i) => passed.answer(`${i}`, () => hanging.promise));
  const quick = async () => (await passed.answer("quick", () => Promise.resolve(new Response(null)))).status;
  assertEquals(await quick(), 503);
  hanging.resolve(new Response(null));
  await Promise.all(waiting);
  const statuses: number[] = [];
  for (let i = 0; i < 30; i++) statuses.push(await quick());
  assertEquals([statuses[0], statuses.at(-1)], [200, 503]);
  nowMs += 1000;
  assertEquals(await quick(), 200);
});

Deno.test("PassedCalls forgets what failed", async () => {
  const passed = new PassedCalls({ nowMs: () => 0 });
  const failed = await passed.answer("a", () => Promise.reject(new Error("gone"))).catch(({ message }) => message);
  assertEquals(failed, "gone");
  assertEquals((await passed.answer("a", () => Promise.resolve(new Response(null)))).status, 200);
});
