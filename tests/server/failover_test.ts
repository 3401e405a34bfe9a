import { Publisher, serverTest, TestServer, until, Viewer } from "./rtmp_rig.ts";

serverTest("an edge leaves an origin that falls silent soon after the start", async () => {
  await using origin = new TestServer();
  using publisher = await Publisher.start(origin.port, "silent");
  await using edge = new TestServer(`cluster { mode remote; origin 127.0.0.1:${origin.port}; idle_timeout 300; }`);
  using viewer = await Viewer.start(edge.port, "silent");
  await viewer.waitForFrames(10);
  publisher.pause();
  await until("the pull ends", () => edge.server.pulls.states().every(({ isFed }) => !isFed), 1500);
});
