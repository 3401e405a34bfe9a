import { faultTest, pause } from "../kit/fault/steps.ts";

/** How long the stream is away: longer than any pause of those who look for it grows in the meantime. */
const AWAY_MS = 8000;

faultTest("publishers come back after a while", async (step, rig) => {
  const { cluster } = rig;

  await step("an origin is killed, comes back, and the publisher with it", async () => {
    rig.publish(["rtmpA"]);
    await pause(1000);
    for (const place of ["edge", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("origin away for 8 s", async () => {
      await cluster.kill("originA");
      await pause(AWAY_MS);
      await cluster.restart("originA");
    });
  });

  await step("the publisher comes back to the other origin", async () => {
    const publisher = rig.publish(["rtmpA", "rtmpB"]);
    await pause(1000);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("publisher away for 8 s, then elsewhere", async () => {
      publisher.away = true;
      publisher.crash();
      await pause(AWAY_MS);
      publisher.away = false;
    });
  });

  await step("the publisher leaves in peace and comes back to the other origin", async () => {
    const publisher = rig.publish(["rtmpA", "rtmpB"]);
    await pause(1000);
    for (const place of ["edge", "rtmpA", "rtmpB"] as const) rig.play(place, 2);
    await rig.settle();
    return await rig.measure("publisher moves after players came", () => {
      publisher.crash();
      return Promise.resolve();
    });
  });
});
