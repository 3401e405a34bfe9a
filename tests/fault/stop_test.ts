import { assertEquals } from "../kit/assert.ts";
import type { Program } from "../kit/launcher.ts";
import type { Place } from "../kit/fault/fault_rig.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

/** Stops a process for a while: to its peers it looks as if the machine hung. */
async function freeze(program: Program, forMs: number): Promise<void> {
  program.kill("SIGSTOP");
  await pause(forMs);
  program.kill("SIGCONT");
}

faultTest("processes stand still", async (step, rig) => {
  const { cluster } = rig;

  await step("the publisher's origin stands still for 2 s", async () => {
    const publisher = rig.publish(["rtmpA"]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    const flaws = await rig.measure("origin stands still for 2 s", () => freeze(cluster.originA, 2000));
    assertEquals(publisher.ends, []);
    return flaws;
  });

  await step("the publisher's origin stands still for 7 s", async () => {
    const publisher = rig.publish(["rtmpA"]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    const flaws = await rig.measure("origin stands still for 7 s", () => freeze(cluster.originA, 7000));
    // What came in the meantime lies in the socket: the publisher was not silent.
    assertEquals(publisher.ends, []);
    return flaws;
  });

  await step("the publisher's origin stands still, he goes to the other", async () => {
    const publisher = rig.publish(["rtmpA", "rtmpB"]);
    rig.play("edge", 2);
    rig.play("rtmpB", 2);
    await rig.settle();
    return await rig.measure("publisher leaves the one that stands still", async () => {
      cluster.originA.kill("SIGSTOP");
      await pause(1000);
      publisher.crash();
      await pause(7000);
      cluster.originA.kill("SIGCONT");
    });
  });

  await step("an origin without the stream stands still", async () => {
    rig.publish(["rtmpA"]);
    for (const place of ["edge", "rtmpA"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("other origin stands still", () => freeze(cluster.originB, 4000));
  });

  await step("the edge stands still", async () => {
    rig.publish(["rtmpA"]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    const pulls = () => cluster.edge.output.match(/\] pull .* from /g)?.length;
    const before = pulls();
    const flaws = await rig.measure("edge stands still for 4 s", () => freeze(cluster.edge, 4000));
    assertEquals(pulls(), before, `the edge did not need another upstream: ${cluster.edge.output}`);
    return flaws;
  });

  await step("the edge of a publisher stands still", async () => {
    const publisher = rig.publish(["edge"]);
    for (const place of ["edge", "rtmpA", "rtmpB"] as Place[]) rig.play(place, 1);
    await rig.settle();
    const flaws = await rig.measure("publisher's edge stands still for 3 s", () => freeze(cluster.edge, 3000));
    assertEquals(publisher.ends, []);
    return flaws;
  });
});
