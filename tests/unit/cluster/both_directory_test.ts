import { BothDirectory } from "../../../src/cluster/both_directory.ts";
import type { Claim, ClaimOptions, StreamDirectory, StreamRef } from "../../../src/cluster/directory.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { directorySuite, type StagedServer } from "../../kit/cases/directory_suite.ts";
import { OutageStage } from "../../kit/engine/outage_stage.ts";
import { SimulatedEngine } from "../../kit/engine/simulated_engine.ts";
import { SimulatedStage } from "../../kit/engine/simulated_stage.ts";

/** Each server has two directories, in an engine each. */
class BothStage extends SimulatedStage {
  readonly second = this.engines["f:6379"] = new SimulatedEngine(this.timers);

  override async server(): Promise<StagedServer> {
    const number = this.#count += 1;
    const parts = [await this.add({ number }), await this.add({ number, url: "redis://f" })];
    const [first, second] = parts.map(({ directory }) => directory);
    return {
      directory: new BothDirectory(first!, second!),
      rtmp: parts[0]!.rtmp,
      kill: () => parts.forEach(({ directory }) => directory[Symbol.dispose]()),
    };
  }

  #count = 0;
}

directorySuite("both", () => Promise.resolve(new BothStage()));
directorySuite("both, the first one dead,", () => {
  const stage = new BothStage();
  stage.engine.die();
  return Promise.resolve(stage);
});
directorySuite("both, the second one dead,", () => {
  const stage = new BothStage();
  stage.second.die();
  return Promise.resolve(stage);
});

class Pair extends OutageStage {
  readonly second = this.engines["f:6379"] = new SimulatedEngine(this.timers);

  async both(): Promise<{ directory: StreamDirectory; parts: Awaited<ReturnType<Pair["add"]>>[] }> {
    const parts = [await this.add(), await this.add({ url: "redis://f" })];
    return { directory: new BothDirectory(parts[0]!.directory, parts[1]!.directory), parts };
  }
}

Deno.test("BothDirectory asks the second only about streams that the first does not know", async () => {
  await using stage = new Pair();
  const { directory } = await stage.both();
  const [a, b] = [await stage.add(), await stage.add({ url: "redis://f" })];
  using _one = await stage.mustClaim(a, "one");
  using _two = await stage.mustClaim(b, "two");
  stage.second.commands.length = 0;
  const find = async (stream: string) => (await stage.settle(directory.find(stage.stream(stream)))).map(({ ip }) => ip);
  assertEquals(await find("one"), [a.rtmp.replace(":1935", "")]);
  assertEquals(stage.second.commands.filter((command) => command.startsWith("GET ")), []);
  assertEquals(await find("two"), [b.rtmp.replace(":1935", "")]);
  const unwanted = directory.find(stage.stream("none"), { isWanted: () => false });
  stage.second.commands.length = 0;
  assertEquals(await stage.settle(unwanted), []);
  assertEquals(stage.second.commands.filter((command) => command.startsWith("GET ")), []);
});

Deno.test("BothDirectory asks the second where the first fails, which knows of an earlier time", async () => {
  await using stage = new Pair();
  const { directory } = await stage.both();
  const [a, b] = [await stage.add(), await stage.add({ url: "redis://f" })];
  using _before = await stage.mustClaim(a, "one");
  const find = async () => (await stage.settle(directory.find(stage.stream("one")))).map(({ ip }) => ip);
  const [before, after] = [a, b].map(({ rtmp }) => rtmp.replace(":1935", ""));
  assertEquals(await find(), [before]);
  stage.engine.die();
  await stage.run(100);
  assertEquals(await find(), [before], "the second knows nobody");
  using _after = await stage.mustClaim(b, "one");
  assertEquals(await find(), [after]);
  const told: string[] = [];
  using _watch = directory.watch(stage.stream("one"), (owners) => told.push(...owners.map(({ ip }) => ip)));
  await stage.run(100);
  assertEquals(told, [after]);
});

Deno.test("BothDirectory gives a stream up in both when it is taken in the second, or lost in one", async () => {
  await using stage = new Pair();
  const { directory } = await stage.both();
  const b = await stage.add({ url: "redis://f" });
  using _two = await stage.mustClaim(b, "two");
  const outcome = await stage.settle(directory.claim(stage.stream("two"), { mode: () => "first", onLost() {} }));
  assert("takenBy" in outcome);
  await stage.run(50);
  assertEquals(stage.engine.value("srs:s:/live/two"), null);

  const lost: string[] = [];
  const onLost = (reason: string) => void lost.push(reason);
  const own = await stage.settle(directory.claim(stage.stream("one"), { mode: () => "first", onLost }));
  assert("claim" in own);
  using _taken = await stage.mustClaim(b, "one", "takeover");
  await stage.run(50);
  assertEquals(lost.length, 1);
  assertEquals(stage.engine.value("srs:s:/live/one"), "0|");
});

Deno.test("BothDirectory tells one epoch though the clocks of the two differ", async () => {
  await using stage = new Pair();
  const { directory } = await stage.both();
  stage.engine.clockAheadMs = 5000;
  const outcome = await stage.settle(directory.claim(stage.stream("one"), { mode: () => "first", onLost() {} }));
  assert("claim" in outcome);
  assertEquals(stage.engine.value("srs:s:/live/one"), `${outcome.claim.epoch}|node1#boot1`);
  assertEquals(stage.second.value("srs:s:/live/one"), `${outcome.claim.epoch}|node2#boot2`);
});

Deno.test("BothDirectory lists each member once", async () => {
  await using stage = new Pair();
  const { directory } = await stage.both();
  directory.members();
  await stage.run(3000);
  directory.members();
  await stage.run(50);
  assertEquals(directory.members().map(({ id, isSelf }) => `${id} ${isSelf}`), ["boot1 true"]);
});

Deno.test("BothDirectory asks a first that has forgotten all for a stream only if nobody in the second has it", async () => {
  await using stage = new Pair();
  const [a, b] = [await stage.both(), await stage.both()];
  const lost: string[] = [];
  const claim = (directory: StreamDirectory, mode: "first" | "takeover") =>
    directory.claim(stage.stream("one"), { mode: () => mode, onLost: (reason) => lost.push(reason) });
  const own = await stage.settle(claim(a.directory, "first"));
  assert("claim" in own);
  own.claim.announce();
  stage.engine.flush();
  stage.second.latencyMs = 100;
  stage.engine.commands.length = 0;
  assert("takenBy" in await stage.settle(claim(b.directory, "first")));
  assertEquals(stage.engine.commands.filter((command) => command.startsWith("EVAL")), []);

  // Whoever is to be replaced goes on until his successor has been let in.
  const taking = claim(b.directory, "takeover");
  await stage.run(80);
  assertEquals(lost, []);
  assert("claim" in await stage.settle(taking));
  await stage.run(600);
  assertEquals(lost.length, 1);
});

Deno.test("a claim that is lost in one directory while the other is asked, is lost once it is used", async () => {
  const lose: ((reason: string) => void)[] = [];
  const ends: string[] = [];
  const asked = Promise.withResolvers<void>();
  const directory = (name: string, ready: Promise<void>) =>
    ({
      claim: async (_: StreamRef, { onLost }: ClaimOptions) => {
        lose.push(onLost);
        await ready;
        const claim: Claim = {
          epoch: 1,
          announce: () => void ends.push(`${name} announced`),
          [Symbol.dispose]: () => void ends.push(`${name} given up`),
        };
        return { claim };
      },
    }) as unknown as StreamDirectory;
  const both = new BothDirectory(directory("first", asked.promise), directory("second", Promise.resolve()));
  const heard: string[] = [];
  const options = { mode: () => "takeover", onLost: (reason: string) => void heard.push(reason) } as ClaimOptions;
  const outcome = both.claim({} as StreamRef, options);
  while (lose.length < 2) await Promise.resolve();
  lose[0]!("another one has it");
  asked.resolve();
  const { claim } = await outcome as { claim: Claim };
  assertEquals(heard, []);
  claim.announce();
  assertEquals(heard, ["another one has it"]);
  lose[1]!("another one has it");
  claim.announce();
  assertEquals(heard, ["another one has it"]);
  assert(ends.includes("first given up") && ends.includes("second given up"));
  assert(!ends.some((text) => text.endsWith("announced")), "a claim that is over is found by others");
});
