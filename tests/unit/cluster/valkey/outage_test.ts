import type { ClaimOptions } from "../../../../src/cluster/directory.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../../kit/assert.ts";
import { OutageStage } from "../../../kit/engine/outage_stage.ts";

Deno.test("a dead engine: known streams are served for ever, unknown ones are told at once, claims go on", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "known");
  assertEquals((await stage.find(b, "known")).at, ["10.0.0.1"]);
  stage.engine.die();
  await stage.run(3_600_000);
  assertEquals(await stage.find(b, "known"), { at: ["10.0.0.1"], ms: 0 });
  assertEquals(await stage.find(b, "known", true), { at: ["10.0.0.1"], ms: 0 });
  assertEquals(await stage.find(b, "unknown"), { at: [], ms: 0 });
  const startedMs = stage.timers.nowMs();
  using own = await stage.mustClaim(b, "new");
  assertEquals(own.epoch, startedMs, "the time of this server");
  assertEquals(stage.timers.nowMs(), startedMs);
  assertEquals(b.log.find("warn").length, 2, "the connection breaks, and none comes about");
  assertGreater(b.directory.health()[0]!.problem.length, 0);
  assertGreater(b.directory.members()[0]!.problem.length, 0);

  stage.engine.isDown = false;
  // A connection within one and a half thirds of a lease, claims within one lease from there.
  await stage.run(3000 + 6000 + 100);
  assertEquals((await stage.find(a, "new", true)).at, ["10.0.0.2"]);
  assertEquals((await stage.find(b, "known", true)).at, ["10.0.0.1"]);
  assertEquals(b.log.find("answers again").length, 1);
  assertEquals(stage.lost, []);
});

Deno.test("a silent engine: the first waits 200 ms, the others not at all; after a third of a lease the line is new", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "known");
  await stage.find(b, "known");
  stage.engine.hang();
  const { ms, at } = await stage.find(b, "unknown");
  assertEquals(at, []);
  assert(ms >= 200 && ms <= 205, `${ms} ms`);
  assertEquals(await stage.find(b, "other"), { at: [], ms: 0 });
  const startedMs = stage.timers.nowMs();
  using _new = await stage.mustClaim(b, "new");
  assertLess(stage.timers.nowMs() - startedMs, 6);
  await stage.run(60_000);
  assertEquals(await stage.find(b, "known"), { at: ["10.0.0.1"], ms: 0 });
  stage.engine.resume();
  await stage.run(10_000);
  assertEquals((await stage.find(a, "new", true)).at, ["10.0.0.2"]);
});

Deno.test("an engine that pauses shortly: a claim that it answers too late counts nevertheless", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  stage.engine.hang();
  const own = await stage.mustClaim(a, "one");
  stage.engine.resume();
  await stage.run(2100);
  assertEquals(stage.engine.value("srs:s:/live/one"), `${own.epoch}|node1#boot1`);
  assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"]);
  own[Symbol.dispose]();
  await stage.run(100);
  assertEquals(stage.engine.value("srs:s:/live/one"), "0|");
});

Deno.test("an engine that pauses shortly: a claim that was taken all the time is lost once that is known", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  stage.engine.hang();
  using _late = await stage.mustClaim(b, "one");
  stage.engine.resume();
  await stage.run(100);
  assertEquals(stage.lost, ["one: origin 10.0.0.1:1935 has a newer publisher of /live/one"]);
  assertEquals((await stage.find(b, "one", true)).at, ["10.0.0.1"]);
});

Deno.test("a claim that was given up before its late answer leaves nothing behind", async () => {
  await using stage = new OutageStage();
  const a = await stage.add();
  stage.engine.hang();
  const own = await stage.mustClaim(a, "one");
  own[Symbol.dispose]();
  stage.engine.resume();
  await stage.run(500);
  assertEquals(stage.engine.value("srs:s:/live/one"), null);
});

Deno.test("two claims during an outage: the highest epoch wins, the other one is told", async () => {
  await using stage = new OutageStage();
  const [a, b, c] = [await stage.add(), await stage.add(), await stage.add()];
  using old = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  stage.engine.die();
  await stage.run(10_000);
  using own = await stage.mustClaim(b, "one", "takeover");
  assertGreater(own.epoch, old.epoch);
  stage.engine.isDown = false;
  await stage.run(15_000);
  assertEquals(stage.lost, ["one: origin 10.0.0.2:1935 has a newer publisher of /live/one"]);
  assertEquals((await stage.find(c, "one", true)).at, ["10.0.0.2"]);
  assertEquals(stage.engine.value("srs:s:/live/one"), `${own.epoch}|node2#boot2`);
});

Deno.test("a flush: nobody misses a running stream, and all are claimed again within two leases, spread", async () => {
  await using stage = new OutageStage();
  const servers = await Promise.all(Array.from({ length: 20 }, () => stage.add()));
  const viewer = await stage.add();
  for (const [at, server] of servers.entries()) {
    await stage.mustClaim(server, `s${at}`);
    await stage.find(viewer, `s${at}`);
  }
  stage.engine.flush();
  const back: number[] = [];
  for (let ms = 0; ms < 12_000; ms += 250) {
    for (const at of servers.keys()) {
      assertEquals((await stage.find(viewer, `s${at}`)).at.length, 1, `s${at} after ${ms} ms`);
    }
    back.push(stage.engine.keys.filter((key) => key.startsWith("srs:s:")).length);
    await stage.run(250);
  }
  assertEquals(back.at(-1), 20);
  assertGreater(new Set(back).size, 8, `spread over the lease: ${back}`);
  await stage.run(30_000);
  const { at } = await stage.find(viewer, "s0", true);
  assertEquals(at.length, 1);
  assertEquals(stage.lost, []);
});

Deno.test("after a flush, a stream that nobody claims again is forgotten in the end", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  a.directory[Symbol.dispose]();
  stage.engine.flush();
  await stage.run(29_000);
  assertEquals((await stage.find(b, "one", true)).at, ["10.0.0.1"], "in doubt still");
  await stage.run(2000);
  assertEquals((await stage.find(b, "one", true)).at, []);
});

Deno.test("after a flush, a stream that is given up before it was claimed again is nobody's at once", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const own = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  stage.engine.flush();
  await stage.run(100);
  assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"], "in doubt");
  assertEquals(stage.engine.value("srs:s:/live/one"), null);
  own[Symbol.dispose]();
  await stage.run(20);
  assertEquals((await stage.find(b, "one")).at, []);
  using _next = await stage.mustClaim(b, "one");
  // Until its lease is there again.
  await stage.run(2500);
  assertEquals((await stage.find(a, "one")).at, ["10.0.0.2"]);
});

Deno.test("a stream that is given up before others look at it again, on new connections, is nobody's at once", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const own = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  const held = stage.engine.value("srs:s:/live/one");
  stage.engine.cut();
  await stage.run(3000);
  assertEquals(stage.engine.value("srs:s:/live/one"), held, "the engine has lost nothing");
  own[Symbol.dispose]();
  await stage.run(20);
  assertEquals((await stage.find(b, "one")).at, []);
});

Deno.test("an engine that has become read-only: claims go on, and are in the engine once that can be written to", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _known = await stage.mustClaim(a, "known");
  await stage.find(b, "known");
  stage.engine.isReadOnly = true;
  using own = await stage.mustClaim(b, "new");
  await stage.run(60_000);
  assertEquals((await stage.find(b, "known")).at, ["10.0.0.1"]);
  assertEquals(stage.engine.value("srs:s:/live/new"), null);
  stage.engine.isReadOnly = false;
  await stage.run(10_000);
  assertEquals(stage.engine.value("srs:s:/live/new"), `${own.epoch}|node2#boot2`);
  assertEquals(stage.lost, []);
});

Deno.test("what is given up while the engine is dead is given up when it is back, unless it was claimed again", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const [one, two] = [await stage.mustClaim(a, "one"), await stage.mustClaim(a, "two")];
  stage.engine.hang();
  await stage.run(3000);
  one[Symbol.dispose]();
  two[Symbol.dispose]();
  using again = await stage.mustClaim(a, "two");
  stage.engine.resume();
  await stage.run(10_000);
  assertEquals(stage.engine.value("srs:s:/live/one"), "0|");
  assertEquals(stage.engine.value("srs:s:/live/two"), `${again.epoch}|node1#boot1`);
  assertEquals((await stage.find(b, "two", true)).at, ["10.0.0.1"]);
});

Deno.test("connections that break by themselves: all is watched and tracked again", async () => {
  await using stage = new OutageStage();
  const [a, b, c] = [await stage.add(), await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  const told: string[] = [];
  using _watch = c.directory.watch(stage.stream("two"), (owners) => told.push(...owners.map(({ ip }) => ip)));
  await stage.run(100);
  stage.engine.cut();
  await stage.run(20_000);
  using _two = await stage.mustClaim(b, "two");
  await stage.run(50);
  assertEquals(told, ["10.0.0.2"]);
  using _taken = await stage.mustClaim(b, "one", "takeover");
  await stage.run(50);
  assertEquals(stage.lost.length, 1, "the owner of a stream hears of a takeover again");
});

Deno.test("a stream that begins while a watcher's engine is dead is told once the engine is back", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const told: string[] = [];
  using _watch = b.directory.watch(stage.stream("one"), (owners) => told.push(...owners.map(({ ip }) => ip)));
  stage.engine.die();
  await stage.run(5000);
  using _own = await stage.mustClaim(a, "one");
  stage.engine.isDown = false;
  await stage.run(16_000);
  assertEquals(told, ["10.0.0.1"]);
});

Deno.test("the return of an engine is spread: no more connections at a moment than there have to be", async () => {
  await using stage = new OutageStage();
  await Promise.all(Array.from({ length: 60 }, () => stage.add()));
  stage.engine.die();
  await stage.run(60_000);
  stage.engine.isDown = false;
  const counts: number[] = [];
  for (let ms = 0; ms < 3000; ms += 250) {
    const before = stage.engine.linkCount;
    await stage.run(250);
    counts.push(stage.engine.linkCount - before);
  }
  assertEquals(stage.engine.linkCount, 60);
  assertLess(Math.max(...counts), 20, `${counts}`);
});

Deno.test("a slow engine that has lost all meanwhile: the late answer to a renewal brings the streams back", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  await stage.run(10_000);
  stage.engine.latencyMs = 250;
  for (const key of stage.engine.keys) stage.engine.lose(key);
  await stage.run(2500);
  stage.engine.latencyMs = 0;
  await stage.run(10_000);
  assertEquals((await stage.find(b, "one", true)).at, ["10.0.0.1"]);
});

Deno.test("an engine that comes back too slow to answer the first renewal gets all streams again", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  using _own = await stage.mustClaim(a, "one");
  await stage.run(10_000);
  stage.engine.die();
  stage.engine.latencyMs = 250;
  stage.engine.isDown = false;
  await stage.run(6000);
  stage.engine.latencyMs = 0;
  await stage.run(20_000);
  assertEquals((await stage.find(b, "one", true)).at, ["10.0.0.1"]);
});

Deno.test("word of a newer publish has a server look whether the engine knows of one, now and then", async () => {
  await using stage = new OutageStage();
  const [a] = [await stage.add(), await stage.add()];
  const { epoch } = await stage.mustClaim(a, "one");
  const reads = () => stage.engine.commands.filter((command) => command.startsWith("MGET ")).length;
  const before = reads();
  for (const seen of [epoch, epoch + 1, epoch + 2]) {
    a.directory.recheck(stage.stream("one"), seen);
    await stage.run(100);
  }
  assertEquals([reads() - before, stage.lost], [1, []]);
  // Its word in the mailbox was lost.
  stage.engine.write("srs:s:/live/one", `${epoch + 9}|node2#boot2`);
  await stage.run(5000);
  assertEquals(stage.lost, []);
  a.directory.recheck(stage.stream("one"), epoch + 9);
  await stage.run(100);
  assertEquals(stage.lost, ["one: origin 10.0.0.2:1935 has a newer publisher of /live/one"]);
});

Deno.test("an engine that does not know how to release: a stream that is given up and taken again is not lost", async () => {
  await using stage = new OutageStage();
  const a = await stage.add();
  // It knows how to hold.
  using _other = await stage.mustClaim(a, "other");
  stage.engine.flush();
  await stage.run(20_000);
  const first = await stage.mustClaim(a, "one");
  const second = await stage.mustClaim(a, "one");
  second[Symbol.dispose]();
  first.announce();
  await stage.run(100);
  assertEquals(stage.engine.value("srs:s:/live/one"), `${first.epoch}|node1#boot1`);
  first[Symbol.dispose]();
  await stage.run(100);
  assertEquals(stage.engine.value("srs:s:/live/one"), "0|");
});

Deno.test("a publish that another one has come between, which is over, goes on under a higher epoch, and is told so", async () => {
  await using stage = new OutageStage();
  const [a, b] = [await stage.add(), await stage.add()];
  const raised: number[] = [];
  const options: ClaimOptions = {
    mode: () => "first",
    onLost: () => {},
    onRaised: (epoch) => raised.push(epoch),
  };
  const outcome = await stage.settle(a.directory.claim(stage.stream("one"), options));
  stage.engine.flush();
  const between = await stage.mustClaim(b, "one");
  b.directory[Symbol.dispose]();
  await stage.run(30_000);
  assert("claim" in outcome);
  assertEquals([raised, outcome.claim.epoch], [[between.epoch + 1], between.epoch + 1]);
  assertEquals(stage.engine.value("srs:s:/live/one"), `${between.epoch + 1}|node1#boot1`);
});

Deno.test("an engine that does not know how to hold: a stream that is given up meanwhile is not held", async () => {
  await using stage = new OutageStage();
  const a = await stage.add();
  // It knows how to release.
  (await stage.mustClaim(a, "other"))[Symbol.dispose]();
  await stage.run(100);
  const first = await stage.mustClaim(a, "one");
  (await stage.mustClaim(a, "one"))[Symbol.dispose]();
  first.announce();
  first[Symbol.dispose]();
  await stage.run(100);
  assertEquals(stage.engine.value("srs:s:/live/one"), "0|");
});
