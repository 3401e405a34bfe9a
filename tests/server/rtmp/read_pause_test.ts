import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { Publisher, serverTest, sleep, TestServer, Viewer } from "../../kit/server/rtmp_rig.ts";

serverTest("mr: a publisher is read only every mr_latency, and loses nothing", async () => {
  await using server = new TestServer("play { mw_latency 100; } publish { mr on; mr_latency 900; }");
  await using other = new TestServer("play { mw_latency 100; }");
  using publisher = await Publisher.start(server.port, "a");
  using _otherPublisher = await Publisher.start(other.port, "a");
  using gathered = await Viewer.start(server.port, "a");
  using soon = await Viewer.start(other.port, "a");
  await sleep(3500);
  assertGreater(gathered.worstGapMs, 700);
  assertLess(soon.worstGapMs, 600);
  assertEquals([gathered.breaks, soon.breaks], [[], []]);
  assertGreater(gathered.frames.length, 80);
  // The end is not waited for.
  const bytesIn = () => [...server.server.registry.clients()].find(({ type }) => type !== "rtmp-play")?.bytesIn();
  assertGreater(bytesIn() ?? 0, 0);
  publisher[Symbol.dispose]();
  await sleep(1200);
  assertEquals(bytesIn(), undefined);
});
