import { assert, assertEquals } from "../../kit/assert.ts";
import { fakeCoworker, twoOrigins } from "../../kit/server/cluster_rig.ts";
import { Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

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

serverTest(
  "A relay does not wait for a server that takes no connection while another one gets the stream",
  async () => {
    // An address where nothing answers, not even with a refusal.
    using hole = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const owner = (port: number) =>
      Response.json({ code: 0, data: { origin: { ip: "127.0.0.1", port }, instance: `at ${port}` } });
    const silent = (hole.addr as Deno.NetAddr).port;
    await using liar = fakeCoworker(() => owner(silent));
    await using origin = new TestServer();
    let isLive = false;
    await using honest = fakeCoworker(() =>
      isLive ? owner(origin.port) : Response.json({ code: 0, data: { origin: null } })
    );
    await using relay = new TestServer(
      `min_latency on; cluster { origin_cluster on; coworkers ${liar.text} ${honest.text}; handshake_timeout 5000; }`,
    );
    using _publisher = await Publisher.start(origin.port, "s");
    using player = await Viewer.start(relay.port, "s");
    await sleep(100);
    isLive = true;
    await player.waitForFrames(5, 1500);
  },
);
