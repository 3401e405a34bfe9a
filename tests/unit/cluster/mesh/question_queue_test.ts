import { MAX_ASKING, QuestionQueue } from "../../../../src/cluster/mesh/question_queue.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";

/** Questions that are answered by hand. */
class Stage {
  readonly timers = new ManualTimers();
  readonly queue = new QuestionQueue(this.timers);
  readonly answers: (() => void)[] = [];
  readonly results: (number | null)[] = [];
  most = 0;
  #asking = 0;

  put(id: number, isWanted = () => true, isUrgent = false): void {
    const ask = async () => {
      this.most = Math.max(this.most, ++this.#asking);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.answers.push(resolve);
      await promise;
      this.#asking--;
      return id;
    };
    this.queue.put(ask, { isWanted, waitMs: 1000, isUrgent }).then((result) => this.results.push(result));
  }

  async answerAll(): Promise<void> {
    for (let answer = this.answers.shift(); answer !== undefined; answer = this.answers.shift()) {
      answer();
      await turn();
    }
  }
}

Deno.test("QuestionQueue puts a bounded number of questions at a time, all in their order", async () => {
  const stage = new Stage();
  const ids = Array.from({ length: MAX_ASKING * 3 }, (_, i) => i);
  for (const id of ids) stage.put(id);
  await turn();
  assertEquals(stage.answers.length, MAX_ASKING);
  await stage.answerAll();
  assertEquals(stage.results, ids);
  assertEquals([stage.most, stage.timers.pendingCount], [MAX_ASKING, 0]);
});

Deno.test("QuestionQueue does not put what nobody waits for any more, nor what waited too long", async () => {
  const stage = new Stage();
  for (let id = 0; id < MAX_ASKING; id++) stage.put(id);
  stage.put(100, () => false);
  stage.put(101);
  await turn();
  stage.answers.shift()!();
  await turn();
  assertEquals(stage.results, [0, null]);
  stage.put(102);
  await stage.timers.run(1000);
  await turn();
  assertEquals(stage.results, [0, null, null]);
  await stage.answerAll();
  assertEquals(stage.results.includes(101), true);
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("QuestionQueue lets urgent questions go first, however many others wait", async () => {
  const stage = new Stage();
  for (let id = 0; id < MAX_ASKING + 2000; id++) stage.put(id);
  stage.put(9000, () => true, true);
  await turn();
  stage.answers.shift()!();
  await turn();
  stage.answers.at(-1)!();
  await turn();
  assertEquals(stage.results.includes(9000), true);
  await stage.timers.run(1000);
  await stage.answerAll();
});

Deno.test("QuestionQueue bounds what waits, and makes room by what nobody waits for any more", async () => {
  const stage = new Stage();
  let isWanted = true;
  for (let id = 0; id < MAX_ASKING + 1024; id++) stage.put(id, () => isWanted);
  stage.put(5000);
  await turn();
  assertEquals(stage.results, [null]);
  isWanted = false;
  stage.put(5001);
  await turn();
  assertEquals(stage.results.length, 1025);
  await stage.answerAll();
  assertEquals(stage.results.at(-1), 5001);
});
