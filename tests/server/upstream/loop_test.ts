import { assertEquals, assertLess } from "../../kit/assert.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

function edgeAt(port: number, origins: number[]): TestServer {
  const list = origins.map((origin) => `127.0.0.1:${origin}`).join(" ");
  const cluster = `cluster { mode remote; origin ${list}; linger 100; idle_timeout 1000; owner_timeout 3000; }`;
  return new TestServer(`min_latency on; ${cluster}`, "", port);
}

serverTest("Edges that pull from each other do not send the last GOP round and round", async () => {
  const [first, second] = [freePort(), freePort()];
  const origin = new TestServer("min_latency on;");
  await using a = edgeAt(first, [origin.port, second]);
  // Only by way of the other edge.
  await using b = edgeAt(second, [first]);
  using publisher = await Publisher.start(origin.port, "s");
  using onA = await Viewer.start(a.port, "s");
  using onB = await Viewer.start(b.port, "s");
  await Promise.all([onA.waitForFrames(30), onB.waitForFrames(30)]);
  publisher.pause();
  await origin[Symbol.asyncDispose]();
  await sleep(300);
  const before = onA.frames.length + onB.frames.length;
  await sleep(2500);
  assertLess(onA.frames.length + onB.frames.length - before, 10);
  assertEquals([onA.breaks, onB.breaks], [[], []]);
  for (const viewer of [onA, onB]) viewer[Symbol.dispose]();
  await until(
    "nothing goes on",
    () => [a, b].every(({ server, holds }) => holds.connections === 0 && server.pulls.states().length === 0),
  );
});
