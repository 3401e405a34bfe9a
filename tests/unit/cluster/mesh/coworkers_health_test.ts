import type { Fetch } from "../../../../src/base/world.ts";
import type { CoworkerAnswer, OwnerQuery } from "../../../../src/cluster/mesh/coworker_question.ts";
import { Coworkers } from "../../../../src/cluster/mesh/coworkers.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";

/** A coworker that keeps questions for ever, and what health says of it. */
class Stage {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  readonly coworkers: Coworkers;
  readonly answers: string[] = [];
  /** Questions that reached it. */
  asked = 0;
  answersNow = false;

  constructor() {
    const fetch: Fetch = (_url, { signal }) => {
      this.asked++;
      if (this.answersNow) return Promise.resolve(Response.json({ code: 0, data: { origin: null, instance: "b" } }));
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    };
    this.coworkers = new Coworkers(fetch, this.timers, this.log, "self");
  }

  query(stream: string): OwnerQuery {
    const names = { key: `/live/${stream}`, vhost: "__defaultVhost__", app: "live", stream, ip: "127.0.0.1" };
    return { coworkers: ["b:1985"], timeoutMs: 1000, waitMs: 20_000, ...names };
  }

  async hold(stream: string): Promise<void> {
    const name = (answer: CoworkerAnswer | "again" | null) =>
      answer === null ? "none" : answer === "again" ? "again" : answer.error === null ? "answer" : "error";
    const held = this.coworkers.askHeld("b:1985", this.query(stream), new AbortController().signal);
    held.then((answer) => this.answers.push(`${stream} ${name(answer)} ${this.timers.nowMs() - this.#startedMs}`));
    await turn();
  }

  get state() {
    const [{ held, isSuspect, failures } = { held: -1, isSuspect: false, failures: -1 }] = this.coworkers.table();
    return { held, isSuspect, failures };
  }

  readonly #startedMs = this.timers.nowMs();
}

Deno.test("Coworkers ends at once what a coworker keeps that is down, and waits for its return", async () => {
  const stage = new Stage();
  for (const stream of ["s1", "s2"]) await stage.hold(stream);
  stage.coworkers.onDown("b:1985", false);
  await turn();
  assertEquals(stage.answers, ["s1 error 0", "s2 error 0"]);
  assertEquals(stage.state, { held: 0, isSuspect: true, failures: 0 });
  await stage.hold("s3");
  assertEquals([stage.answers.at(-1), stage.asked], ["s3 none 0", 2]);
  assertEquals(stage.log.find("b:1985 is down; searches do not wait").length, 1);

  const back: number[] = [];
  const startedMs = stage.timers.nowMs();
  for (let i = 0; i < 3; i++) {
    stage.coworkers.onBack("b:1985", stage.query(`s${i}`), () => back.push(stage.timers.nowMs() - startedMs));
  }
  await stage.timers.run(700);
  assertEquals([back, stage.asked], [[], 3], "one question at a time");
  stage.answersNow = true;
  stage.coworkers.onUp("b:1985", true);
  await stage.timers.run(100);
  assertEquals(back, [700, 704, 708]);
  // What it was asked before may fail now: that says nothing.
  await stage.timers.run(5000);
  assertEquals(stage.state, { held: 0, isSuspect: false, failures: 0 });
});

Deno.test("Coworkers has questions put again, one after the other, that another instance had kept", async () => {
  const stage = new Stage();
  for (const stream of ["s1", "s2", "s3"]) await stage.hold(stream);
  stage.coworkers.onUp("b:1985", false);
  await stage.timers.run(100);
  assertEquals(stage.answers, [], "it was only heard of for the first time");
  stage.coworkers.onUp("b:1985", true);
  await stage.timers.run(100);
  assertEquals(stage.answers, ["s1 again 100", "s2 again 104", "s3 again 108"]);
  assertEquals(stage.state, { held: 0, isSuspect: false, failures: 0 });
});

Deno.test("Coworkers trusts one that says clearly that it does not tell who it is, and puts questions again", async () => {
  const stage = new Stage();
  await stage.hold("s1");
  stage.coworkers.onDown("b:1985", true);
  await turn();
  assertEquals([stage.answers, stage.state.isSuspect], [["s1 again 0"], false]);
  stage.coworkers.onDown("unknown:1985", false);
  stage.coworkers.onUp("unknown:1985", true);
});
