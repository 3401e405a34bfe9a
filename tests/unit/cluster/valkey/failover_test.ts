import { assertEquals, assertGreater } from "../../../kit/assert.ts";
import { OutageStage } from "../../../kit/engine/outage_stage.ts";
import { SimulatedEngine } from "../../../kit/engine/simulated_engine.ts";

const SENTINELS = "redis+sentinel://:secret-word@s1,s2:26379/mymaster";

class FailoverStage extends OutageStage {
  readonly replica = this.#engine("f:6379");
  readonly sentinels = [this.#engine("s1:26379"), this.#engine("s2:26379")];

  constructor() {
    super();
    this.replica.isReadOnly = true;
    this.elect("e");
  }

  elect(host: string): void {
    for (const { primaries } of this.sentinels) primaries.set("mymaster", { host, port: 6379 });
  }

  #engine(address: string): SimulatedEngine {
    return this.engines[address] = new SimulatedEngine(this.timers);
  }
}

Deno.test("Sentinels: the primary is found, also where the first Sentinel is dead", async () => {
  await using stage = new FailoverStage();
  stage.sentinels[0]!.isDown = true;
  const a = await stage.add({ url: SENTINELS });
  using own = await stage.mustClaim(a, "one");
  assertEquals(stage.engine.value("srs:s:/live/one"), `${own.epoch}|node1#boot1`);
});

Deno.test("failover: servers go to whoever is primary then, and epochs grow though its clock is behind", async () => {
  await using stage = new FailoverStage();
  const [a, b] = [await stage.add({ url: SENTINELS }), await stage.add({ url: SENTINELS })];
  const gone = await stage.mustClaim(a, "gone");
  gone[Symbol.dispose]();
  using own = await stage.mustClaim(a, "one");
  await stage.find(b, "one");
  await stage.run(100);
  stage.engine.copyTo(stage.replica);
  stage.engine.isDown = true;
  stage.engine.cut();
  await stage.run(5000);
  assertEquals((await stage.find(b, "one")).at, ["10.0.0.1"]);
  stage.replica.isReadOnly = false;
  stage.replica.clockAheadMs = -20_000;
  stage.elect("f");
  await stage.run(12_000);
  assertEquals(stage.replica.value("srs:s:/live/one"), `${own.epoch}|node1#boot1`);
  using again = await stage.mustClaim(b, "gone");
  assertGreater(again.epoch, gone.epoch);
  using taken = await stage.mustClaim(b, "one", "takeover");
  assertGreater(taken.epoch, own.epoch);
  await stage.run(100);
  assertEquals(stage.lost.length, 1);
});

Deno.test("an engine that has become a replica is left for the primary", async () => {
  await using stage = new FailoverStage();
  const a = await stage.add({ url: SENTINELS });
  stage.engine.copyTo(stage.replica);
  stage.replica.isReadOnly = false;
  stage.engine.isReadOnly = true;
  stage.elect("f");
  using own = await stage.mustClaim(a, "one");
  await stage.run(10_000);
  assertEquals(stage.replica.value("srs:s:/live/one"), `${own.epoch}|node1#boot1`);
  assertEquals(stage.engine.linkCount, 0);
});

Deno.test("no password is ever told", async () => {
  await using stage = new FailoverStage();
  const url = "redis://user:secret-word@e";
  const a = await stage.add({ url });
  const b = await stage.add({ url: SENTINELS });
  using _own = await stage.mustClaim(a, "one");
  const [owner] = await stage.settle(b.directory.find(stage.stream("one")));
  stage.engine.die();
  for (const sentinel of stage.sentinels) sentinel.primaries.clear();
  await stage.run(30_000);
  const told = [a, b].flatMap(({ log, directory }) => [...log.lines, directory.health(), directory.members()]);
  const text = JSON.stringify([...told, owner]);
  assertGreater(text.length, 500);
  assertEquals(text.includes("secret"), false, text);
  assertEquals(owner?.coworker, "redis+sentinel://s1,s2:26379/mymaster");
});

Deno.test("regions: a miss asks the other regions' engines, which are not written to", async () => {
  await using stage = new FailoverStage();
  const us = new SimulatedEngine(stage.timers);
  stage.engines["us:6379"] = us;
  const a = await stage.add({ peers: ["redis://us"], region: "eu" });
  const b = await stage.add({ url: "redis://us", peers: ["redis://e"], region: "us" });
  using own = await stage.mustClaim(b, "one");
  assertEquals((await stage.find(a, "one")).at, ["10.0.0.2"]);
  us.commands.length = 0;
  assertEquals(await stage.find(a, "one"), { at: ["10.0.0.2"], ms: 0 });
  assertEquals(us.commands, [], "remembered");
  const outcome = await stage.claim(a, "one");
  assertEquals("takenBy" in outcome && outcome.takenBy.ip, "10.0.0.2");
  assertEquals(stage.engine.value("srs:s:/live/one"), "0|");

  const told: string[] = [];
  using _watch = a.directory.watch(stage.stream("two"), (owners) => told.push(...owners.map(({ ip }) => ip)));
  await stage.run(100);
  using _two = await stage.mustClaim(b, "two");
  await stage.run(50);
  assertEquals(told, ["10.0.0.2"]);
  us.commands.length = 0;
  us.die();
  await stage.run(60_000);
  assertEquals(await stage.find(a, "one"), { at: ["10.0.0.2"], ms: 0 });
  assertEquals(await stage.find(a, "none"), { at: [], ms: 0 });
  us.isDown = false;
  await stage.run(20_000);
  assertEquals(us.value("srs:s:/live/one"), `${own.epoch}|node2#boot2`);
  assertEquals(us.keys.filter((key) => key.includes("node1")), []);
});

Deno.test("regions: a peer that is silent costs 200 ms once", async () => {
  await using stage = new FailoverStage();
  const us = new SimulatedEngine(stage.timers);
  stage.engines["us:6379"] = us;
  const a = await stage.add({ peers: ["redis://us"] });
  us.hang();
  const { ms } = await stage.find(a, "one");
  assertEquals(ms >= 200 && ms <= 205, true, `${ms}`);
  assertEquals(await stage.find(a, "two"), { at: [], ms: 0 });
});

Deno.test("regions: a takeover counts as newer than the publish of the other region, whose clock may be ahead", async () => {
  await using stage = new FailoverStage();
  const us = new SimulatedEngine(stage.timers);
  stage.engines["us:6379"] = us;
  const a = await stage.add({ peers: ["redis://us"], region: "eu" });
  await stage.add({ url: "redis://us", peers: ["redis://e"], region: "us" });
  const ahead = stage.timers.wallMs() + 30_000;
  us.write("srs:s:/live/one", `${ahead}|node2#boot2`);
  const outcome = await stage.claim(a, "one", "takeover");
  assertEquals("claim" in outcome && outcome.claim.epoch, ahead + 1);
  assertEquals(stage.engine.value("srs:s:/live/one"), `${ahead + 1}|node1#boot1`);
  assertEquals(us.value("srs:s:/live/one"), `${ahead}|node2#boot2`, "the other one is not told");
});

Deno.test("regions: whoever waits is told of the own region's owner, and of another region's only once there is none here", async () => {
  await using stage = new FailoverStage();
  const us = new SimulatedEngine(stage.timers);
  stage.engines["us:6379"] = us;
  const a = await stage.add({ peers: ["redis://us"], region: "eu" });
  const b = await stage.add({ url: "redis://us", peers: ["redis://e"], region: "us" });
  const waiting = await stage.add({ peers: ["redis://us"], region: "eu" });
  using _far = await stage.mustClaim(b, "one");
  const near = await stage.mustClaim(a, "one", "takeover");
  const told: string[] = [];
  using _watch = waiting.directory.watch(stage.stream("one"), (owners) => told.push(...owners.map(({ ip }) => ip)));
  await stage.run(3000);
  assertEquals(told, ["10.0.0.1"]);
  near[Symbol.dispose]();
  await stage.run(1500);
  assertEquals(told, ["10.0.0.1", "10.0.0.2"]);
  await stage.run(10_000);
  assertEquals(told.length, 2);
});
