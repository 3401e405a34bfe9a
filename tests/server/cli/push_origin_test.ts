import { assertEquals, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { pushCommand } from "../../../src/cli/push/push.ts";
import { closedPort, Origin, run, until } from "../../kit/server/push_rig.ts";

Deno.test("push publishes the sample and leaves cleanly on Ctrl-C", async () => {
  await using origin = new Origin();
  const push = run(pushCommand, origin.url());
  await until(() => origin.server.sources.find("/live/s")?.isActive === true, "the stream is there");
  await until(() => push.err.includes("publishing to"), "push hears of it");
  const stats = origin.server.sources.find("/live/s")!.stats;
  await until(() => stats.videoFrames > 10, "frames come");
  push.stop();
  assertEquals(await push.status, 0);
  assertEquals(origin.server.sources.find("/live/s")?.isActive ?? false, false);
  assertStringIncludes(push.err, `publishing to ${origin.url()}\n`);
  assertMatch(push.err, /sent 00:00:0\d of media: 0.\d MB, \d+ video frames, 0 frames dropped, 0 reconnects\n$/);
  assertEquals(push.out, "");
});

Deno.test("push waits while somebody else publishes, and takes over when that one leaves", async () => {
  await using origin = new Origin();
  const first = run(pushCommand, origin.url());
  await until(() => first.err.includes("publishing"), "the first publishes");
  const second = run(pushCommand, origin.url());
  await until(() => second.err.includes("NetStream.Publish.BadName"), "the second is told");
  first.stop();
  assertEquals(await first.status, 0);
  await until(() => second.err.includes("publishing"), "the second publishes");
  second.stop();
  assertEquals(await second.status, 0);
});

Deno.test("push starts when the server comes up later", async () => {
  const port = closedPort();
  const push = run(pushCommand, `rtmp://127.0.0.1:${port}/live/s`);
  await until(() => push.err.includes("retrying"), "a failed try");
  await using origin = new Origin("", port);
  await until(() => origin.server.sources.find("/live/s")?.isActive === true, "the stream is there");
  await until(() => push.err.includes("publishing to"), "push hears of it");
  push.stop();
  assertEquals(await push.status, 0);
});
