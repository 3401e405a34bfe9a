import { assertEquals, assertLess } from "../../kit/assert.ts";
import { FaultRig } from "../../kit/fault/fault_rig.ts";
import { subjects } from "../../kit/fault/subjects.ts";
import { freePort } from "../../kit/launcher.ts";
import { Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

serverTest("an edge leaves an origin that falls silent soon after the start", async () => {
  await using origin = new TestServer();
  using publisher = await Publisher.start(origin.port, "silent");
  await using edge = new TestServer(`cluster { mode remote; origin 127.0.0.1:${origin.port}; idle_timeout 300; }`);
  using viewer = await Viewer.start(edge.port, "silent");
  await viewer.waitForFrames(10);
  publisher.pause();
  await until("the pull ends", () => edge.server.pulls.states().every(({ isFed }) => !isFed), 1500);
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

serverTest("an edge hears of an origin that comes back while another one holds its question", async () => {
  await using holding = new TestServer("cluster { origin_cluster on; coworkers 127.0.0.1:9; owner_timeout 20000; }");
  const port = freePort();
  const back = `127.0.0.1:${port}`;
  await using edge = new TestServer(`cluster { mode remote; origin ${back} 127.0.0.1:${holding.port}; }`);
  const viewing = Viewer.start(edge.port, "back");
  await until("the other one holds it", () => holding.holds.clients === 1);
  await sleep(1000);
  await using _origin = new TestServer("", "", port);
  using _publisher = await Publisher.start(port, "back");
  using viewer = await viewing;
  await viewer.waitForFrames(1, 600);
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
