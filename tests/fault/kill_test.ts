import { assert, assertEquals } from "../kit/assert.ts";
import type { Place } from "../kit/fault/fault_rig.ts";
import { SecondEdge } from "../kit/fault/second_edge.ts";
import { faultTest } from "../kit/fault/steps.ts";

const ROUNDS = 4;

faultTest("processes are killed", async (step, rig, subject) => {
  const { cluster } = rig;
  const otherThan = (victim: string): Place => victim === "originA" ? "rtmpB" : "rtmpA";

  await step("the publisher's origin is killed, he goes to the other", async () => {
    const publisher = rig.publish(["rtmpA", "rtmpB"]);
    rig.play("edge", 4);
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      const victim = rig.serverOf(publisher);
      const relayed = rig.play(otherThan(victim), 2);
      await rig.settle();
      flaws.push(...await rig.measure("publisher's origin killed", () => cluster.kill(victim)));
      rig.leave(relayed);
      await cluster.restart(victim);
    }
    return flaws;
  });

  await step("an origin without the stream is killed and comes back", async () => {
    const publisher = rig.publish(["rtmpA"]);
    rig.play("edge", 2);
    rig.play("rtmpA", 2);
    const except = rig.play("rtmpB", 1);
    rig.play("rtmpB", 1, "edge");
    const flaws: string[] = [];
    for (let round = 0; round < 2; round++) {
      await rig.settle();
      flaws.push(...await rig.measure("other origin killed", () => cluster.restart("originB"), { except }));
    }
    assertEquals(publisher.ends, []);
    return flaws;
  });

  await step("the publisher crashes and comes back", async () => {
    const publisher = rig.publish(["rtmpA"]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      flaws.push(...await rig.measure("publisher crashes", () => Promise.resolve(publisher.crash())));
    }
    return flaws;
  });

  await step("the publisher moves to the other origin", async () => {
    const publisher = rig.publish(["rtmpA", "rtmpB"]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      flaws.push(...await rig.measure("publisher moves", () => Promise.resolve(publisher.crash())));
    }
    return flaws;
  });

  await step("the origin behind a publisher of the edge is killed", async () => {
    const publisher = rig.publish(["edge"]);
    rig.play("edge", 2);
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      const victim = rig.namedLast("forward");
      const relayed = rig.play(otherThan(victim), 2);
      await rig.settle();
      flaws.push(...await rig.measure("publisher on edge, origin killed", () => cluster.kill(victim)));
      rig.leave(relayed);
      await cluster.restart(victim);
    }
    assertEquals(publisher.ends, []);
    return flaws;
  });

  await step("the origin behind a publisher of another edge is killed", async () => {
    const publisher = rig.publish(["edge"]);
    await using second = await SecondEdge.start(cluster.ports);
    const players = [rig.watch(second.url("livestream"), "player"), rig.watch(second.url("livestream"), "player")];
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      const victim = rig.namedLast("forward");
      flaws.push(...await rig.measure("publisher on other edge, origin killed", () => cluster.kill(victim)));
      // What the origin had not sent on is lost with it; what it had is not sent twice.
      if (subject.isOurs) { for (const { breaks } of players) assert(breaks.every(({ from, to }) => to > from)); }
      await cluster.restart(victim);
    }
    assertEquals(publisher.ends, []);
    rig.leave(players);
    return flaws;
  });

  await step("both origins are killed and come back", async () => {
    rig.publish(["rtmpA", "rtmpB"]);
    rig.play("edge", 4);
    await rig.settle();
    return await rig.measure("both origins killed", async () => {
      await Promise.all([cluster.kill("originA"), cluster.kill("originB")]);
      await Promise.all([cluster.restart("originA"), cluster.restart("originB")]);
    });
  });

  await step("the edge is killed and comes back", async () => {
    rig.publish(["rtmpA"]);
    for (const place of ["rtmpA", "rtmpB"] as const) rig.play(place, 2);
    const except = rig.play("edge", 2);
    await rig.settle();
    return await rig.measure("edge killed", () => cluster.restart("edge"), { except });
  });
});
