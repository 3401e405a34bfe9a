import type { Owner } from "../../../../src/cluster/directory.ts";
import type { CoworkerAnswer, OwnerQuery } from "../../../../src/cluster/mesh/coworker_question.ts";
import { type CoworkerAsker, CoworkerWatch, HOLD_MS } from "../../../../src/cluster/mesh/coworker_watch.ts";
import { assertEquals, assertLess } from "../../../kit/assert.ts";
import { ownerAt } from "../../../kit/peers/cluster_answers.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";

const query: OwnerQuery = {
  coworkers: ["b:1985"],
  timeoutMs: 1000,
  key: "/live/s",
  vhost: "v",
  app: "live",
  stream: "s",
  ip: "10.0.0.1",
};

/** One coworker, as a test has it answer. */
class Stage implements CoworkerAsker {
  readonly timers = new ManualTimers();
  readonly startedMs = this.timers.nowMs();
  /** When it was asked what: `plain 0`, `held 20000`. */
  readonly asked: string[] = [];
  readonly heard: string[] = [];
  owner: Owner | null = null;
  instance: string | null = "other123";
  error: string | null = null;
  /** It has enough of questions that wait. */
  isFull = false;
  /** It answers at once whatever it is asked. */
  holdsNothing = false;
  isSelfNow = false;
  wanted = true;
  /** Places that were taken in the row of those that ask again. */
  turns = 0;
  back: (() => void) | null = null;
  #release: (() => void) | null = null;
  #hasRestarted = false;
  readonly watch: CoworkerWatch;

  constructor(facts: Partial<Stage> = {}) {
    Object.assign(this, facts);
    this.watch = new CoworkerWatch(
      { coworkers: this, timers: this.timers },
      "b:1985",
      () => ({ ...query, isWanted: () => this.wanted }),
      (owner) => void this.heard.push(owner === null ? "none" : owner.ip),
    );
  }

  /** The stream is published there: a question that is kept is answered. */
  publish(): void {
    this.owner = ownerAt("10.0.0.2");
    this.#release?.();
  }

  #answer(): CoworkerAnswer {
    const { owner, error, instance } = this;
    return { coworker: "b:1985", latencyMs: 1, owner, error, isRefused: false, instance };
  }

  #note(kind: string): void {
    this.asked.push(`${kind} ${this.timers.nowMs() - this.startedMs}`);
  }

  askOne(): Promise<CoworkerAnswer | null> {
    this.#note("plain");
    return Promise.resolve(this.isFull ? null : this.#answer());
  }

  /** It has restarted: what was left with it is to be asked again. */
  restart(): void {
    this.#hasRestarted = true;
    this.#release?.();
  }

  async askHeld(_coworker: string, { waitMs = 0 }: OwnerQuery): Promise<CoworkerAnswer | "again" | null> {
    this.#note("held");
    if (this.isFull) return null;
    if (this.holdsNothing || this.owner !== null) return this.#answer();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#release = resolve;
    this.timers.after(waitMs, resolve);
    await promise;
    if (!this.#hasRestarted) return this.#answer();
    this.#hasRestarted = false;
    return "again";
  }

  pollPauseMs(): number {
    this.turns++;
    return 0;
  }

  onBack(_coworker: string, _query: OwnerQuery, back: () => void): Disposable {
    this.back = back;
    return { [Symbol.dispose]: () => void (this.back = null) };
  }

  isSelf(): boolean {
    return this.isSelfNow;
  }
}

Deno.test("CoworkerWatch leaves one question with a coworker of our kind, and hears at once of the stream", async () => {
  const stage = new Stage();
  await stage.timers.run(HOLD_MS + 5000);
  assertEquals([stage.asked, stage.heard], [["plain 0", "held 0", `held ${HOLD_MS}`], ["none", "none"]]);
  stage.publish();
  await stage.timers.run(0);
  assertEquals(stage.heard, ["none", "none", "10.0.0.2"]);
  stage.watch[Symbol.dispose]();
});

Deno.test("CoworkerWatch leaves its question at once with a coworker that has restarted", async () => {
  const stage = new Stage();
  await stage.timers.run(7000);
  stage.restart();
  await stage.timers.run(1000);
  stage.publish();
  await stage.timers.run(0);
  assertEquals([stage.asked, stage.heard], [["plain 0", "held 0", "held 7000"], ["none", "10.0.0.2"]]);
  stage.watch[Symbol.dispose]();
});

Deno.test("CoworkerWatch asks one that keeps no questions after 200 ms, doubling to 5 s, sooner when somebody comes", async () => {
  const stage = new Stage({ instance: null });
  await stage.timers.run(15_000);
  const plain = ["plain 0", "plain 200", "plain 600", "plain 1400", "plain 3000", "plain 6200", "plain 11200"];
  assertEquals(stage.asked.splice(0), plain);
  stage.watch.hurry();
  await stage.timers.run(600);
  assertEquals(stage.asked, ["plain 15000", "plain 15200", "plain 15600"]);
  stage.watch[Symbol.dispose]();
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("CoworkerWatch takes one that answers early, or has enough questions, for one that keeps none", async () => {
  for (const fault of ["holdsNothing", "isFull"] as const) {
    const stage = new Stage({ [fault]: true });
    await stage.timers.run(5000);
    // With pauses between them.
    assertLess(stage.asked.length, 12, stage.asked.join());
    stage.watch[Symbol.dispose]();
  }
});

Deno.test("CoworkerWatch of one that fails waits for its return without a question of its own", async () => {
  const stage = new Stage({ error: "connection refused" });
  await stage.timers.run(60_000);
  assertEquals([stage.asked, stage.heard], [["plain 0"], []]);
  stage.error = null;
  stage.back?.();
  await stage.timers.run(0);
  assertEquals([stage.asked, stage.heard], [["plain 0", "plain 60000", "held 60000"], ["none"]]);
  stage.watch[Symbol.dispose]();
});

Deno.test("CoworkerWatch looks again at a coworker that has the stream: it may lose it", async () => {
  const stage = new Stage({ owner: ownerAt("10.0.0.2") });
  await stage.timers.run(1000);
  stage.owner = null;
  await stage.timers.run(1000);
  assertEquals(stage.heard, ["10.0.0.2", "10.0.0.2", "10.0.0.2", "none"]);
  stage.watch[Symbol.dispose]();
});

Deno.test("CoworkerWatch leaves this very server, and what nobody wants, alone", async () => {
  const stage = new Stage({ isSelfNow: true });
  await stage.timers.run(60_000);
  assertEquals([stage.asked, stage.timers.pendingCount], [["plain 0"], 0]);
  const other = new Stage({ instance: null, wanted: false });
  await other.timers.run(60_000);
  assertEquals([other.asked, other.heard, other.turns], [[], [], 0]);
  other.watch[Symbol.dispose]();
});
