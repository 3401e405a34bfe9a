import { assertEquals } from "../kit/assert.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

const ROUNDS = 4;

faultTest("a main and a backup encoder, origins that know nothing of each other", async (step, rig) => {
  const { cluster } = rig;

  await step("the origin in use is killed", async () => {
    rig.publish(["rtmpA"], { firstSession: 100 });
    rig.publish(["rtmpB"], { firstSession: 200 });
    rig.play("edge", 4);
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      const victim = rig.namedLast("pull");
      flaws.push(...await rig.measure("live on both, one killed", () => cluster.kill(victim)));
      await cluster.restart(victim);
    }
    return flaws;
  });

  await step("the publisher in use leaves", async () => {
    const main = rig.publish(["rtmpA"], { firstSession: 100 });
    const backup = rig.publish(["rtmpB"], { firstSession: 200 });
    rig.play("edge", 4);
    const flaws: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await rig.settle();
      const used = rig.namedLast("pull") === "originA" ? main : backup;
      flaws.push(
        ...await rig.measure("live on both, publisher leaves", async () => {
          used.away = true;
          used.crash();
          await pause(1000);
          used.away = false;
        }),
      );
    }
    return flaws;
  });

  await step("the origin in use stands still", async () => {
    rig.publish(["rtmpA"], { firstSession: 100 });
    rig.publish(["rtmpB"], { firstSession: 200 });
    rig.play("edge", 4);
    await rig.settle();
    const frozen = cluster.program(rig.namedLast("pull"));
    return await rig.measure("live on both, one stands still", async () => {
      frozen.kill("SIGSTOP");
      await pause(5000);
      frozen.kill("SIGCONT");
    });
  });
}, { adapt: (text) => text.replace(/origin_cluster\s+on;/, "origin_cluster off;") });

faultTest("a main and a backup encoder, origins of one cluster", async (step, rig) => {
  const { cluster } = rig;

  await step("the origin of the main encoder is killed, the backup stands by at the other", async () => {
    rig.publish(["rtmpA"], { firstSession: 100 });
    await pause(500);
    rig.publish(["rtmpB"], { firstSession: 200 });
    await pause(500);
    rig.play("edge", 2);
    rig.play("rtmpB", 2);
    await rig.settle();
    const flaws = await rig.measure("standby, origin killed", () => cluster.kill("originA"));
    await cluster.restart("originA");
    return flaws;
  });

  await step("the main encoder leaves, the backup stands by at the same origin", async () => {
    const main = rig.publish(["rtmpA"], { firstSession: 100 });
    await pause(500);
    const backup = rig.publish(["rtmpA"], { firstSession: 200 });
    await pause(500);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    const flaws = await rig.measure("standby, encoder leaves", () => {
      main.away = true;
      main.crash();
      return Promise.resolve();
    });
    assertEquals(backup.ends, []);
    return flaws;
  });
}, {
  adapt: (text) => text.replace(/cluster \{/, "publish { on_conflict standby; }\n    cluster {"),
  extension: "on_conflict",
});
