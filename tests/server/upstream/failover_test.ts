import { assertEquals, assertLess } from "../../kit/assert.ts";
import { FaultRig } from "../../kit/fault/fault_rig.ts";
import { subjects } from "../../kit/fault/subjects.ts";
import { Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

serverTest("a player that comes to a stream whose origin is silent is told after owner_timeout", async () => {
  await using origin = new TestServer();
  using publisher = await Publisher.start(origin.port, "s");
  const directives = "idle_timeout 800; owner_timeout 700;";
  await using edge = new TestServer(`cluster { mode remote; origin 127.0.0.1:${origin.port}; ${directives} }`);
  using early = await Viewer.start(edge.port, "s");
  await early.waitForFrames(10);
  publisher.pause();
  await until("the silence is noticed", () => edge.server.pulls.states().every(({ isFed }) => !isFed));
  using late = await Viewer.start(edge.port, "s");
  await until("the late one is told", () => late.ended !== "", 3000);
  assertEquals([late.codes.at(-1), early.ended], ["NetStream.Play.StreamNotFound", ""]);
});

serverTest("a publisher that waits long for the coworkers' answer has players", async () => {
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const coworker = `127.0.0.1:${silent.addr.port}`;
  // Longer than a source without publisher and players is kept.
  await using origin = new TestServer(
    `cluster { origin_cluster on; coworkers ${coworker}; coworker_timeout 3300; }`,
    "http_api { enabled on; listen 1985; }",
  );
  using _publisher = await Publisher.start(origin.port, "patient");
  using viewer = await Viewer.start(origin.port, "patient");
  await viewer.waitForFrames(10, 3000);
});

serverTest("players of real servers outlive the publisher's connection, and then its origin", async () => {
  await using rig = await FaultRig.start(subjects()[0]!);
  const publisher = rig.publish(["rtmpA", "rtmpA", "rtmpB"]);
  await until("it publishes", () => publisher.server !== "");
  rig.play("edge", 2);
  rig.play("rtmpB", 1);
  await rig.settle(500);
  const quick = { limitMs: 5000, settleMs: 500 };
  const flaws = [
    ...await rig.measure("connection", () => Promise.resolve(publisher.crash()), quick),
    ...await rig.measure("origin", () => rig.cluster.kill("originA"), quick),
  ];
  assertEquals(rig.serverOf(publisher), "originB");
  assertEquals(flaws, []);
  assertLess(Math.max(...rig.rows.flatMap(({ gapsMs }) => gapsMs)), 1500);
});
