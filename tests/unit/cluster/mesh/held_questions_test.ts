import { HeldQuestions, MAX_QUESTIONS_PER_ADDRESS } from "../../../../src/cluster/mesh/held_questions.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";

function stage() {
  const timers = new ManualTimers();
  const held = new HeldQuestions(timers);
  const answered: string[] = [];
  const hold = (key: string, ip = "10.0.0.1", waitMs = 1000) => {
    held.hold(key, ip, waitMs).then(() => answered.push(key));
  };
  return { timers, held, answered, hold };
}

Deno.test("HeldQuestions answers when the stream is published, or the time is over", async () => {
  const { timers, held, answered, hold } = stage();
  hold("a");
  hold("a", "10.0.0.2");
  hold("b");
  await timers.run(900);
  assertEquals([answered, held.count], [[], 3]);
  held.wake("a");
  await turn();
  assertEquals([answered, held.count], [["a", "a"], 1]);
  await timers.run(100);
  assertEquals([answered, held.count, timers.pendingCount], [["a", "a", "b"], 0, 0]);
});

Deno.test("HeldQuestions answers the oldest where one address has too many, and nothing waits for more than a minute", async () => {
  const { timers, held, answered, hold } = stage();
  for (let i = 0; i < MAX_QUESTIONS_PER_ADDRESS; i++) hold(`s${i}`, "10.0.0.1", 9e9);
  hold("over");
  hold("other", "10.0.0.2");
  await turn();
  assertEquals([answered, held.count], [["s0"], MAX_QUESTIONS_PER_ADDRESS + 1]);
  await timers.run(60_000);
  assertEquals([held.count, timers.pendingCount], [0, 0]);
  hold("again");
  assertEquals(held.count, 1);
});

Deno.test("HeldQuestions bounds all together", async () => {
  const { held, answered, hold } = stage();
  for (let i = 0; i < 4096; i++) hold(`s${i}`, `10.0.${i >> 8}.${i & 255}`);
  hold("over", "10.1.0.1");
  await turn();
  assertEquals([answered, held.count], [["over"], 4096]);
  held[Symbol.dispose]();
  await turn();
  assertEquals([answered.length, held.count], [4097, 0]);
});
