import { assert, assertEquals, assertGreater, assertLess } from "../../../kit/assert.ts";
import { OutageStage } from "../../../kit/engine/outage_stage.ts";

/** The questions for a stream or a node since the last call. */
function questionsOf({ engine }: OutageStage): string[] {
  return engine.commands.splice(0).filter((command) => /^(GET |MGET srs:s:)/.test(command));
}

const streamQuestion = "GET srs:s:/live/one";
/** Once only: the engine tells of changes. */
const bellQuestion = "GET srs:b:node1#boot1";
const nodeQuestion = "GET srs:n:node1#boot1";

Deno.test("a stream that was asked for is answered from memory until it changes, for a minute at most", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using own = await stage.mustClaim(a, "one");
  questionsOf(stage);
  assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"]);
  assertEquals(questionsOf(stage), [streamQuestion, bellQuestion, nodeQuestion]);
  for (let i = 0; i < 5; i++) assertEquals(await stage.find(b, "one"), { at: ["10.0.0.1"], ms: 0 });
  assertEquals(questionsOf(stage), []);
  await stage.run(5500);
  await stage.find(b, "one");
  assertEquals(questionsOf(stage), []);
  await stage.run(1000);
  await stage.find(b, "one");
  assertEquals(questionsOf(stage), [nodeQuestion], "the lease of the node, which counts as long as a lease");
  await stage.run(54_000);
  await stage.find(b, "one");
  assertEquals(questionsOf(stage), [streamQuestion, nodeQuestion]);
  await stage.find(b, "one", true);
  assertEquals(questionsOf(stage), [streamQuestion, nodeQuestion], "fresh");
  own[Symbol.dispose]();
  await stage.run(20);
  assertEquals((await stage.find(b, "one")).at, []);
  assertEquals((await stage.find(b, "one")).at, []);
  assertLess(questionsOf(stage).length, 3, "that nobody has it is remembered too");
  using _again = await stage.mustClaim(a, "one");
  await stage.run(20);
  assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"]);
});

Deno.test("however many ask for a stream, the engine has one question", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  stage.engine.latencyMs = 5;
  questionsOf(stage);
  const found = Promise.all(Array.from({ length: 50 }, () => b.directory.find(stage.stream("one"))));
  assertEquals((await stage.settle(found)).filter((owners) => owners.length === 1).length, 50);
  assertEquals(questionsOf(stage), [streamQuestion, bellQuestion, nodeQuestion]);
  stage.engine.latencyMs = 0;
});

Deno.test("those that wait for a stream cost the engine one question a minute", async () => {
  await using stage = new OutageStage();
  const b = await stage.add();
  const watches = Array.from({ length: 100 }, () => b.directory.watch(stage.stream("none"), () => {}));
  await stage.run(1000);
  questionsOf(stage);
  await stage.run(600_000);
  const count = questionsOf(stage).length;
  assert(count >= 8 && count <= 11, `${count} questions in ten minutes`);
  for (const watch of watches) watch[Symbol.dispose]();
  await stage.run(60_000);
  questionsOf(stage);
  await stage.run(600_000);
  assertEquals(questionsOf(stage), []);
});

Deno.test("a server that waits for many streams asks for all of them in one call", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "w7");
  const told: string[] = [];
  const watch = (i: number) => b.directory.watch(stage.stream(`w${i}`), () => told.push(`w${i}`));
  const watches = Array.from({ length: 200 }, (_, i) => watch(i));
  await stage.run(1000);
  assertEquals(told, ["w7"]);
  questionsOf(stage);
  await stage.run(600_000);
  const streams = questionsOf(stage).filter((question) => question.includes("srs:s:")).length;
  assert(streams >= 8 && streams <= 20, `${streams} questions in ten minutes`);

  // What begins while nobody can tell of it is found by the same call.
  stage.engine.die();
  await stage.run(10_000);
  using _late = await stage.mustClaim(a, "w9");
  stage.engine.isDown = false;
  questionsOf(stage);
  await stage.run(20_000);
  assertEquals(told, ["w7", "w9"]);
  const afterwards = questionsOf(stage).filter((question) => question.includes("srs:s:/live/w")).length;
  assert(afterwards <= 4, `${afterwards} questions after an outage`);
  for (const each of watches) each[Symbol.dispose]();
});

Deno.test("made-up names do not crowd out streams that there are", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  for (let batch = 0; batch < 12; batch++) {
    const names = Array.from({ length: 1000 }, (_, i) => `made-up-${batch}-${i}`);
    await stage.settle(Promise.all(names.map((name) => b.directory.find(stage.stream(name)))));
  }
  stage.engine.die();
  await stage.run(100);
  assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"]);
});

Deno.test("a watcher of a stream that changes hands fast is told of the last owner", async () => {
  await using stage = new OutageStage();
  const [a, b, c] = [await stage.add(), await stage.add(), await stage.add()];
  const told: number[] = [];
  using _watch = c.directory.watch(stage.stream("one"), ([owner]) => told.push(owner!.epoch!));
  let epoch = 0;
  for (let i = 0; i < 20; i++) epoch = (await stage.mustClaim(i % 2 === 0 ? a : b, "one", "takeover")).epoch;
  await stage.run(100);
  assertEquals(told.at(-1), epoch);
  assertLess(told.length, 20);
});

Deno.test("what others have written into the keys harms nobody", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const { engine } = stage;
  const values = ["", "x", "|", "1|", "x|node1#boot1", "1e99|a#b", "5|nobody#here", "9".repeat(400), "1|a#b|c"];
  for (const [at, value] of values.entries()) {
    engine.write(`srs:s:/live/odd${at}`, value);
    assertEquals((await stage.find(b, `odd${at}`)).at, [], value);
    using own = await stage.mustClaim(a, `odd${at}`);
    assertGreater(own.epoch, 0);
  }
  engine.write("srs:s:/live/stray", "1|stray#1");
  const leases = [
    "",
    "null",
    "[]",
    '"x"',
    "{}",
    '{"rtmp":"10.0.0.9:1935"}',
    '{"role":"origin","rtmp":"10.0.0.9"}',
    '{"role":"origin","rtmp":"a b:1"}',
    '{"role":"origin","rtmp":"10.0.0.9:99999"}',
    `{"role":"origin","rtmp":"10.0.0.9:1","x":"${"x".repeat(5000)}"}`,
  ];
  for (const lease of leases) {
    engine.write("srs:n:stray#1", lease);
    assertEquals((await stage.find(b, "stray", true)).at, [], lease);
  }
  using _own = await stage.mustClaim(a, "stray");
  engine.write("srs:n:stray#1", '{"role":"edge","rtmp":"10.0.0.9:1","http":"<script>","load":["x",-1,null]}');
  engine.write("srs:s:/live/stray", "9000000000000|stray#1");
  await stage.run(100);
  const [owner] = await stage.settle(b.directory.find(stage.stream("stray"), { fresh: true }));
  assertEquals({ ip: owner?.ip, http: owner?.http }, { ip: "10.0.0.9", http: undefined });
});

Deno.test("an epoch from far ahead of the engine's clock is not believed when a claim comes back", async () => {
  await using stage = new OutageStage();
  const a = await stage.add();
  const { timers, engine } = stage;
  engine.die();
  await stage.run(100);
  timers.correctedMs = 86_400_000;
  using own = await stage.mustClaim(a, "one");
  timers.correctedMs = 0;
  assertGreater(own.epoch, timers.nowMs() + 80_000_000);
  engine.isDown = false;
  await stage.run(15_000);
  assertLess(own.epoch, timers.nowMs() + 60_001);
});

Deno.test("epochs grow over a release although the engine's clock goes back", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const first = await stage.mustClaim(a, "one");
  first[Symbol.dispose]();
  await stage.run(50);
  stage.engine.clockAheadMs = -30_000;
  using second = await stage.mustClaim(b, "one");
  assertGreater(second.epoch, first.epoch);
});

Deno.test("a server that stops gives all up at once, and one that drains says so", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  a.facts.isDraining = true;
  a.directory.announceFacts();
  await stage.run(10);
  const [owner] = await stage.settle(b.directory.find(stage.stream("one"), { fresh: true }));
  assertEquals(owner?.isDraining, true);
  b.directory.members();
  await stage.run(2500);
  b.directory.members();
  await stage.run(50);
  assertEquals(b.directory.members().map(({ state }) => state), ["up", "draining"]);
  await stage.settle(a.directory.stop());
  assertEquals((await stage.find(b, "one", true)).at, []);
  await stage.run(2500);
  b.directory.members();
  await stage.run(50);
  assertEquals(b.directory.members().length, 1);
});

Deno.test("whoever knows the owner of a stream hears at once that it is about to stop, and that it is gone", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  const isDraining = async () => (await stage.settle(b.directory.find(stage.stream("one"))))[0]?.isDraining;
  assertEquals(await isDraining(), false);
  a.facts.isDraining = true;
  a.directory.announceFacts();
  await stage.run(5);
  assertEquals(await isDraining(), true);
  await stage.settle(a.directory.stop());
  await stage.run(5);
  assertEquals((await stage.find(b, "one")).at, []);
});

Deno.test("a server that is about to stop says so although a renewal of its lease is under way", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  stage.engine.latencyMs = 50;
  a.directory.announceFacts();
  a.facts.isDraining = true;
  a.directory.announceFacts();
  await stage.run(200);
  stage.engine.latencyMs = 0;
  assertEquals((await stage.settle(b.directory.find(stage.stream("one"))))[0]?.isDraining, true);
});

Deno.test("word of an owner that comes while its lease is read is not lost, and costs one question more", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  await stage.run(1000);
  stage.engine.latencyMs = 50;
  const found = b.directory.find(stage.stream("one"));
  await stage.run(75);
  // The engine has answered; the answer is on its way.
  a.facts.isDraining = true;
  a.directory.announceFacts();
  await stage.settle(found);
  stage.engine.latencyMs = 0;
  await stage.run(5);
  questionsOf(stage);
  assertEquals((await stage.settle(b.directory.find(stage.stream("one"))))[0]?.isDraining, true);
  assertEquals(questionsOf(stage).filter((question) => question === nodeQuestion).length, 1);
});

Deno.test("after a flush, a server that is about to stop is known as such before its streams are in the engine again", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  stage.engine.flush();
  a.facts.isDraining = true;
  a.directory.announceFacts();
  await stage.run(5);
  assertEquals(stage.engine.value("srs:s:/live/one"), null);
  assertEquals((await stage.settle(b.directory.find(stage.stream("one"))))[0]?.isDraining, true);
});

Deno.test("a server that was restarted is one member, and its old streams are nobody's", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  await stage.mustClaim(a, "one");
  b.directory.members();
  await stage.run(2500);
  b.directory.members();
  a.directory[Symbol.dispose]();
  const again = await stage.add({ number: 1, boot: "other" });
  await stage.run(10_000);
  b.directory.members();
  await stage.run(50);
  assertEquals(b.directory.members().map(({ id, state }) => `${id} ${state}`), ["boot2 up", "other up"]);
  assertEquals((await stage.find(b, "one", true)).at, []);
  using _own = await stage.mustClaim(again, "one");
  assertEquals((await stage.find(b, "one", true)).at, ["10.0.0.1"]);
});

Deno.test("a server that is back at once after a crash takes its streams again, though its old lease lives", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const old = await stage.mustClaim(a, "one");
  a.directory[Symbol.dispose]();
  const again = await stage.add({ number: 1, boot: "other" });
  using own = await stage.mustClaim(again, "one");
  assertGreater(own.epoch, old.epoch);
  const [owner] = await stage.settle(b.directory.find(stage.stream("one"), { fresh: true }));
  assertEquals(owner?.instance, "other");
});

for (const name of ["node1", "another"]) {
  Deno.test(`a server that is back at once after a crash ends the lease of its start before; its name is ${name} then`, async () => {
    await using stage = new OutageStage();
    const [a, b] = [await stage.add(), await stage.add()];
    await stage.mustClaim(a, "one");
    await stage.mustClaim(a, "two");
    assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"]);
    a.directory[Symbol.dispose]();
    const again = await stage.add({ number: 1, name, boot: "other" });
    assertEquals((await stage.find(b, "one")).at, []);
    assertEquals((await stage.find(again, "one")).at, []);
    using _one = await stage.mustClaim(b, "one");
    using _two = await stage.mustClaim(again, "two");
    // Its next times on the list end nobody's lease, should another server call itself by this address.
    const twin = await stage.add({ number: 1, name: "twin", boot: "twin" });
    await stage.run(130_000);
    assert(stage.engine.value("srs:n:twin#twin") !== null && stage.engine.value(`srs:n:${name}#other`) !== null);
    twin.directory[Symbol.dispose]();
  });
}

Deno.test("an idle server costs the engine one renewal in a third of a lease, and little else", async () => {
  await using stage = new OutageStage();
  await stage.add();
  await stage.run(10_000);
  stage.engine.commands.length = 0;
  await stage.run(600_000);
  const { commands } = stage.engine;
  assertEquals(commands.filter((command) => /^(SET|EVALSHA) /.test(command)).length, 300);
  assertLess(
    commands.length,
    300 + 2 * 60 + 5,
    "members each ten seconds; once a minute a renewal puts it on their list",
  );
});

Deno.test("in a large cluster a server looks at some others only, unless somebody wants to see all", async () => {
  await using stage = new OutageStage();
  const first = await stage.add();
  const { engine } = stage;
  const lease = engine.value("srs:n:node1#boot1")!;
  for (let i = 2; i <= 3000; i++) {
    engine.write(`srs:n:node${i}#boot${i}`, lease);
    engine.enlist("srs:nodes", `node${i}#boot${i}`);
  }
  // It hears once a minute how many there are.
  await stage.run(70_000);
  engine.keysReadInLists = 0;
  await stage.run(600_000);
  const { keysReadInLists } = engine;
  assert(keysReadInLists >= 900 && keysReadInLists <= 1000, `100 each minute, ${keysReadInLists} were read`);
  const some = await stage.settle(first.directory.standIns());
  assert(some.length >= 99 && some.length <= 500, `${some.length} to name`);
  await stage.run(100);
  assertEquals(first.directory.members().length, 3000);
});
