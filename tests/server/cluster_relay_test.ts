import { assert, assertEquals } from "../assert.ts";
import { twoOrigins } from "./cluster_rig.ts";
import { Publisher, serverTest, until, Viewer } from "./rtmp_rig.ts";

serverTest("Cluster redirects an edge, and relays to a player that cannot follow", async () => {
  const { a, b, stack } = twoOrigins("redirect auto; linger 200;");
  await using _ = stack;
  using _publisher = await Publisher.start(a.port, "s");
  using edge = await Viewer.start(b.port, "s", true);
  using player = await Viewer.start(b.port, "s");
  using second = await Viewer.start(b.port, "s");
  await Promise.all([player.waitForFrames(20), second.waitForFrames(20)]);
  assert(edge.has("redirect"));
  assertEquals(edge.frames, []);
  assertEquals([player.breaks, second.breaks], [[], []]);
  assertEquals(a.rtmp.server.sources.find("/live/s")?.playerCount, 1, "one relay for both");
  for (const each of [player, second]) each[Symbol.dispose]();
  await until("the relay ends", () => a.rtmp.server.sources.find("/live/s")?.playerCount === 0);
});

serverTest("Cluster goes on for a relayed player when the publisher moves here", async () => {
  const { a, b, stack } = twoOrigins("redirect auto; linger 200;");
  await using _ = stack;
  using first = await Publisher.start(a.port, "s");
  using player = await Viewer.start(b.port, "s");
  await player.waitForFrames(10);
  first.unpublish();
  using second = await Publisher.start(b.port, "s");
  assertEquals(second.has("ready"), true);
  await player.waitForFrames(30);
  assertEquals(player.ended, "");
  assertEquals(player.timestampsMs.every((ms, i) => i === 0 || ms >= player.timestampsMs[i - 1]! - 50), true);
});

serverTest("Cluster of two origins without the stream does not ask in circles, nor relay from each other", async () => {
  const { a, b, stack } = twoOrigins("redirect auto; owner_timeout 800;");
  await using _ = stack;
  using onA = await Viewer.start(a.port, "s");
  using onB = await Viewer.start(b.port, "s");
  await until("both are refused", () => onA.ended !== "" && onB.ended !== "");
  assertEquals([onA.codes.at(-1), onB.codes.at(-1)], [
    "NetStream.Play.StreamNotFound",
    "NetStream.Play.StreamNotFound",
  ]);
  assertEquals([a.rtmp.server.registry.totalClients, b.rtmp.server.registry.totalClients], [1, 1]);
});
