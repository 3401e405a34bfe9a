import type { Owner } from "../../../../src/cluster/directory.ts";
import { type OwnerQuery } from "../../../../src/cluster/mesh/coworker_question.ts";
import { type AskOptions, Coworkers } from "../../../../src/cluster/mesh/coworkers.ts";
import type { Fetch } from "../../../../src/base/world.ts";
import { assert, assertEquals, assertLess } from "../../../kit/assert.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";
import {
  type Behaviour,
  hangs,
  hangsForGood,
  knowsNothing,
  owns,
  refuses,
} from "../../../kit/peers/coworker_behaviours.ts";

const SELF = "self1234";

class Stage {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  /** Questions asked, by coworker. */
  readonly asked: string[] = [];
  readonly behaviours = new Map<string, Behaviour>();
  readonly coworkers: Coworkers;

  constructor(behaviours: Record<string, Behaviour>) {
    for (const [coworker, behaviour] of Object.entries(behaviours)) this.behaviours.set(coworker, behaviour);
    const fetch: Fetch = async (url, init) => {
      const parsed = new URL(url);
      this.asked.push(parsed.host);
      return await this.behaviours.get(parsed.host)!(parsed, init);
    };
    this.coworkers = new Coworkers(fetch, this.timers, this.log, SELF);
  }

  async find(stream = "livestream", options?: AskOptions): Promise<Owner | null> {
    const query: OwnerQuery = {
      coworkers: [...this.behaviours.keys()],
      timeoutMs: 1000,
      key: `/live/${stream}`,
      vhost: "__defaultVhost__",
      app: "live",
      stream,
      ip: "127.0.0.1",
    };
    const [owner = null] = await this.coworkers.findOwners(query, options);
    return owner;
  }

  /** Asks, and moves the clock until there is an answer; with the time that took. */
  async ask(stream?: string, options?: AskOptions): Promise<{ owner: string | null; ms: number; asked: string[] }> {
    const startedMs = this.timers.nowMs();
    const before = this.asked.length;
    let answer: { owner: Owner | null; atMs: number } | null = null;
    this.find(stream, options).then((owner) => answer = { owner, atMs: this.timers.nowMs() });
    await turn();
    while (answer === null) await this.timers.run(10);
    const { owner, atMs } = answer as { owner: Owner | null; atMs: number };
    return {
      owner: owner === null ? null : `${owner.ip}:${owner.port} by ${owner.coworker}`,
      ms: atMs - startedMs,
      asked: this.asked.slice(before),
    };
  }

  /** Lets the cache of negative answers run out. */
  async forget(ms = 300): Promise<void> {
    await this.timers.run(ms);
  }
}

Deno.test("Coworkers.findOwners() asks all at once and takes the first that has the stream", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": owns("10.0.0.2", 1935), "c:1985": hangs });
  const { owner, ms, asked } = await stage.ask();
  assertEquals({ owner, asked }, { owner: "10.0.0.2:1935 by b:1985", asked: ["a:1985", "b:1985", "c:1985"] });
  assertEquals(ms, 30, "the others may claim it too");
});

Deno.test("Coworkers.findOwners() gives all who claim the stream", async () => {
  const stage = new Stage({
    "liar:1985": owns("10.0.0.9", 1),
    "a:1985": owns("10.0.0.1", 1935),
    "b:1985": knowsNothing,
  });
  const query = { timeoutMs: 1000, key: "k", vhost: "v", app: "live", stream: "s", ip: "127.0.0.1" };
  const owners = await stage.coworkers.findOwners({ ...query, coworkers: [...stage.behaviours.keys()] });
  assertEquals(owners.map(({ ip }) => ip), ["10.0.0.9", "10.0.0.1"]);
});

Deno.test("Coworkers.findOwners() waits no longer than its budget", async () => {
  const stage = new Stage({ "b:1985": hangs, "c:1985": hangsForGood });
  const { owner, ms } = await stage.ask();
  assertEquals({ owner, ms }, { owner: null, ms: 1000 });
});

Deno.test("Coworkers.findOwners() does not wait for slow ones when others have answered, unless it matters", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": hangs });
  assertEquals((await stage.ask()).ms, 200);
  const other = new Stage({ "a:1985": knowsNothing, "b:1985": hangs });
  assertEquals((await other.ask("livestream", { fresh: true })).ms, 1000);
});

Deno.test("Coworkers.findOwners() skips those that answer nothing, and waits for slow ones, where it is asked to", async () => {
  const silent: string[] = [];
  const options = { fresh: true, onSilent: (coworker: string) => void silent.push(coworker) };
  const alone = new Stage({ "a:1985": knowsNothing });
  assertEquals((await alone.ask("livestream", options)).ms, 0);
  alone.behaviours.set("a:1985", hangs);
  assertEquals((await alone.ask("livestream", options)).ms, 200);
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": knowsNothing });
  assertEquals((await stage.ask("livestream", options)).ms, 0);
  stage.behaviours.set("b:1985", hangs);
  assertEquals((await stage.ask("livestream", options)).ms, 200);
  assertEquals(silent.splice(0), ["a:1985", "b:1985"]);

  // It takes 0.3 s for each answer, but gives some meanwhile.
  const slow: Behaviour = async (url, init) => {
    await new Promise<void>((resolve) => busy.timers.after(300, resolve));
    return await owns("10.0.0.2", 1935)(url, init);
  };
  const busy = new Stage({ "a:1985": slow });
  const other = busy.find("other");
  await turn();
  await busy.timers.run(200);
  assertEquals(await busy.ask("livestream", options), {
    owner: "10.0.0.2:1935 by a:1985",
    ms: 300,
    asked: ["a:1985"],
  });
  assertEquals(silent, []);
  await other;
});

Deno.test("Coworkers.findOwners() calls nobody silent on a long line, nor whoever was never heard", async () => {
  const silent: string[] = [];
  const options = { fresh: true, onSilent: (coworker: string) => void silent.push(coworker) };
  const stage = new Stage({ "a:1985": hangs, "b:1985": hangs });
  for (const [coworker, ip] of [["a:1985", "10.0.0.1"], ["b:1985", "10.0.0.2"]] as const) {
    stage.behaviours.set(coworker, async (url, init) => {
      await new Promise<void>((resolve) => stage.timers.after(240, resolve));
      return await owns(ip, 1935)(url, init);
    });
  }
  assertEquals((await stage.ask("livestream", options)).ms, 240);
  stage.behaviours.set("a:1985", hangs);
  stage.behaviours.set("b:1985", hangs);
  // 3 x 240 ms, at the next multiple of 200 ms.
  assertEquals((await stage.ask("livestream", options)).ms, 800);
  assertEquals(silent, ["a:1985", "b:1985"]);
});

Deno.test("Coworkers.findOwners() takes the answer of a slow one at the next question, which asks it no second time", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": owns("10.0.0.2", 1935) });
  const owner = stage.behaviours.get("b:1985")!;
  stage.behaviours.set("b:1985", async (url, init) => {
    await new Promise<void>((resolve) => stage.timers.after(800, resolve));
    return owner(url, init);
  });
  const startedMs = stage.timers.nowMs();
  let found: string | null = null;
  while (found === null) {
    found = (await stage.ask()).owner;
    if (found === null) await stage.forget(200);
  }
  assertEquals(found, "10.0.0.2:1935 by b:1985");
  assertEquals(stage.timers.nowMs() - startedMs, 800);
  assertEquals(stage.asked.filter((coworker) => coworker === "b:1985").length, 1);
});

Deno.test("Coworkers.findOwners() pays once for a dead coworker", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "dead:1985": hangsForGood });
  assertEquals((await stage.ask()).ms, 200);
  await stage.forget(900);
  assertEquals(await stage.ask(), { owner: null, ms: 0, asked: ["a:1985"] }, "it rests");
  await stage.forget(200);
  const afterRest = await stage.ask();
  assertEquals(afterRest, { owner: null, ms: 0, asked: ["a:1985", "dead:1985"] }, "asked along, not waited for");
  assertEquals(await stage.ask("other"), { owner: null, ms: 0, asked: ["a:1985"] }, "one question at a time");
  await stage.forget(1200);
  await stage.ask();
  assertEquals(stage.log.find("dead:1985 failed: ").length, 1);
});

Deno.test("Coworkers.findOwners() sees soon that a coworker is back, however long it was dead", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": refuses });
  for (let i = 0; i < 260; i++) {
    await stage.ask();
    stage.timers.advance(500);
  }
  assertEquals(stage.log.find("b:1985 failed: ").length, 1, "said once");
  stage.behaviours.set("b:1985", owns("10.0.0.2", 1935));
  const backAtMs = stage.timers.nowMs();
  for (let owner: string | null = null; owner === null; await stage.forget(100)) owner = (await stage.ask()).owner;
  assert(stage.timers.nowMs() - backAtMs <= 400);
  assertEquals(stage.log.find("b:1985 answers again").length, 1);
});

Deno.test("Coworkers.findOwners() finds out about many streams by one question at a time to a dead coworker", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": hangs });
  await stage.ask("first");
  await stage.forget(1200);
  let asked = 0;
  for (let i = 0; i < 100; i++) {
    asked += (await stage.ask(`s${i}`)).asked.filter((coworker) => coworker === "b:1985").length;
    stage.timers.advance(20);
  }
  assert(asked >= 1 && asked <= 3, `asked ${asked} times in 2 s`);
});

Deno.test("Coworkers.findOwners() trusts a coworker again that answers", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": refuses });
  await stage.ask("s1");
  stage.behaviours.set("b:1985", owns("10.0.0.2", 1935));
  await stage.forget(1000);
  await stage.ask("s2");
  await stage.forget();
  assertEquals((await stage.ask("s2")).owner, "10.0.0.2:1935 by b:1985");
});

Deno.test("Coworkers.table() counts questions and failures of each, and tells whom not to wait for", async () => {
  const stage = new Stage({ "good:1": knowsNothing, "dead:1": refuses });
  for (let i = 0; i < 3; i++) {
    await stage.ask(`s${i}`);
    await stage.timers.run(500);
  }
  stage.behaviours.set("dead:1", knowsNothing);
  await stage.ask("again");
  assertEquals(
    [...stage.coworkers.table()].map(({ coworker, questions, failures, isSuspect }) =>
      `${coworker} ${questions} ${failures} ${isSuspect}`
    ),
    ["good:1 4 0 false", "dead:1 4 3 false"],
  );
});

Deno.test("Coworkers.findOwners() waits a moment for suspects when there is nobody else to ask", async () => {
  const stage = new Stage({ "b:1985": refuses });
  await stage.ask("s1");
  stage.behaviours.set("b:1985", owns("10.0.0.2", 1935));
  await stage.forget(150);
  assertEquals(await stage.ask("s2"), { owner: null, ms: 0, asked: [] }, "it rests");
  await stage.forget(200);
  assertEquals((await stage.ask("s2")).owner, "10.0.0.2:1935 by b:1985");
  stage.behaviours.set("b:1985", hangs);
  assertEquals((await stage.ask("s2")).ms, 1000);
  await stage.forget(300);
  assertEquals((await stage.ask("s2")).ms, 100);
});

Deno.test("Coworkers.findOwners() does not ask itself again, nor believe itself", async () => {
  const self: Behaviour = () =>
    Response.json({ code: 0, data: { instance: SELF, origin: { ip: "127.0.0.1", port: 1935 } } });
  const stage = new Stage({ "me:1985": self, "a:1985": knowsNothing });
  assertEquals(await stage.ask(), { owner: null, ms: 0, asked: ["me:1985", "a:1985"] });
  await stage.forget();
  assertEquals(await stage.ask(), { owner: null, ms: 0, asked: ["a:1985"] });
  assertEquals(stage.log.find("is this server itself").length, 1);
});

Deno.test("Coworkers.findOwners() asks a coworker a bounded number of questions at a time, and none for who has left", async () => {
  let asking = 0;
  let most = 0;
  let asked = 0;
  const stage = new Stage({
    "a:1985": async () => {
      asked++;
      most = Math.max(most, ++asking);
      await new Promise<void>((resolve) => stage.timers.after(50, resolve));
      asking--;
      return Response.json({ code: 0, data: { origin: null } });
    },
  });
  const query = { coworkers: ["a:1985"], timeoutMs: 1000, vhost: "v", app: "live", ip: "127.0.0.1" };
  const answers = Array.from({ length: 2000 }, (_, i) => {
    const stays = i % 100 === 0;
    return stage.coworkers.findOwners({ ...query, key: `/live/s${i}`, stream: `s${i}`, isWanted: () => stays });
  });
  await stage.timers.run(500);
  assertEquals(new Set((await Promise.all(answers)).map(({ length }) => length)), new Set([0]));
  assertEquals(most, 32);
  assertLess(asked, 32 + 20 + 1);
  assertEquals([...stage.coworkers.table()].map(({ failures, isSuspect }) => [failures, isSuspect]), [[0, false]]);
});

Deno.test("Coworkers.refusals() tells who refuses to answer, and the log what to do, until they answer", async () => {
  const status = (code: number): Behaviour => () => new Response(null, { status: code });
  const stage = new Stage({
    "a:1985": status(401),
    "b:1985": status(403),
    "c:1985": status(500),
    "d:1985": knowsNothing,
  });
  const all = [...stage.behaviours.keys()];
  assertEquals(stage.coworkers.refusals(all), "");
  await stage.ask();
  assertEquals(
    stage.coworkers.refusals(all),
    "coworker a:1985 rejected our request (HTTP 401); coworker b:1985 rejected our request (HTTP 403)",
  );
  await stage.forget();
  await stage.ask();
  const told = "coworker a:1985 rejected our request (HTTP 401): give both servers the same coworker_token";
  assertEquals(stage.log.find(told).length, 1, "said once");
  for (const coworker of ["a:1985", "b:1985"]) stage.behaviours.set(coworker, knowsNothing);
  await stage.forget();
  await stage.ask();
  await stage.forget();
  assertEquals(stage.coworkers.refusals(all), "");
});

Deno.test("Coworkers.findOwners() is asked once for players that come together, and shortly after", async () => {
  const stage = new Stage({ "a:1985": knowsNothing });
  const answers = await Promise.all(Array.from({ length: 100 }, () => stage.find()));
  assertEquals(new Set(answers), new Set([null]));
  assertEquals(stage.asked.length, 1);
  stage.timers.advance(99);
  await stage.find();
  assertEquals(stage.asked.length, 1);
  stage.timers.advance(1);
  await stage.find();
  assertEquals(stage.asked.length, 2);
  await stage.find("other");
  assertEquals(stage.asked.length, 3, "another stream is another question");
});

Deno.test("Coworkers.findOwners() asks anew after an owner was found: it may have moved", async () => {
  const stage = new Stage({ "a:1985": owns("10.0.0.1", 1935) });
  await stage.find();
  await turn();
  await stage.find();
  assertEquals(stage.asked.length, 2);
});

Deno.test("Coworkers.findOwners() leaves no timer behind", async () => {
  const stage = new Stage({ "a:1985": knowsNothing, "b:1985": hangsForGood, "c:1985": owns("10.0.0.1", 1935) });
  await stage.ask();
  await stage.forget(1000);
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("Coworkers.findOwners() without coworkers finds nobody", async () => {
  assertEquals(await new Stage({}).ask(), { owner: null, ms: 0, asked: [] });
});
