import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { inter, key, videoHeader } from "../../kit/media/packets.ts";
import {
  besideHealthyPlayer,
  Publisher,
  RawPeer,
  serverTest,
  sleep,
  TestServer,
  until,
  Viewer,
} from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";

serverTest("Origin gives players the headers, then the GOP from its keyframe, then every frame", async () => {
  await using server = new TestServer(realTime);
  using publisher = await Publisher.start(server.port, "a");
  using early = await Viewer.start(server.port, "a");
  await early.waitForFrames(30);
  using late = await Viewer.start(server.port, "a");
  await late.waitForFrames(20);
  assertEquals(late.labels.slice(0, 3), ["meta1", "AH3", "VH2"]);
  assert(late.labels[3]!.startsWith("K"));
  assertEquals([early.breaks, late.breaks], [[], []]);
  assertEquals(publisher.ended, "");
});

serverTest("Origin lets a player wait for its publisher, and keeps it while the publisher is away", async () => {
  await using server = new TestServer(realTime);
  using viewer = await Viewer.start(server.port, "a");
  {
    using publisher = await Publisher.start(server.port, "a");
    await viewer.waitForFrames(10);
    publisher.unpublish();
    await until("the stream is free", () => server.server.sources.find("/live/a")?.isActive === false);
  }
  const before = viewer.frames.length;
  const lastMs = Math.max(...viewer.timestampsMs);
  assertEquals(viewer.labels.slice(0, 3), ["meta1", "VH2", "AH3"]);
  await sleep(300);
  assertEquals(viewer.ended, "");
  // Other frames: the same ones again would count as a repetition.
  using _again = await Publisher.start(server.port, "a", 400);
  await viewer.waitForFrames(10);
  const since = viewer.labels.slice(-(viewer.frames.length - before) - 3).filter((text) => text.includes("H"));
  assertEquals(since, [], "the headers are the same: they are not sent again");
  assertEquals(Math.min(...viewer.timestampsMs.slice(-(viewer.frames.length - before))), lastMs + 10);
});

serverTest("Origin refuses a second publisher as BadName while the first is alive; the first goes on", async () => {
  await using server = new TestServer(realTime);
  await besideHealthyPlayer(server, async () => {
    using second = await Publisher.start(server.port, "healthy");
    assertEquals(second.codes, ["NetStream.Publish.BadName"]);
    await until("the second is gone", () => second.ended !== "");
    await until("its end is logged", () => server.log.find("code=1028(StreamBusy)").length === 1);
  });
  using third = await Publisher.start(server.port, "healthy");
  assertEquals(third.has("ready"), true, "free again once the first has left");
});

serverTest("Origin drops a publisher that sends no first packet, or falls silent", async () => {
  await using server = new TestServer(`${realTime} publish { firstpkt_timeout 1500; normal_timeout 1000; }`);
  await besideHealthyPlayer(server, async () => {
    using silent = await RawPeer.connect(server.port);
    await silent.command("publish", 2, null, "never");
    using stalled = await Publisher.start(server.port, "stalled");
    stalled.pause();
    using watching = await Viewer.start(server.port, "stalled");
    await Promise.all([silent.waitForEnd(4000), until("the stalled one is cut", () => stalled.ended !== "", 4000)]);
    assertEquals(server.log.find("publisher of /live/never sent nothing for 1500 ms").length, 1);
    assertEquals(server.log.find("publisher of /live/stalled sent nothing for 1000 ms").length, 1);
    assertEquals(watching.ended, "", "its player stays");
  });
});

serverTest("Origin lets a client publish and play again on one connection", async () => {
  await using server = new TestServer(realTime);
  using peer = await RawPeer.connect(server.port);
  for (const stream of ["a", "b"]) {
    await peer.command("publish", 3, null, stream, "live");
    await until(`${stream} is published`, () => server.server.sources.find(`/live/${stream}`)?.isActive === true);
    await peer.command("FCUnpublish", 4, null, stream);
    await until(`${stream} is free`, () => server.server.sources.find(`/live/${stream}`)?.isActive === false);
  }
  await peer.command("publish", 3, null, "c", "live");
  await peer.command("play", 3, null, "d");
  await until("it plays", () => server.server.sources.find("/live/d")?.playerCount === 1);
  assertEquals(server.server.sources.find("/live/c")?.isActive, false);
  assertEquals(server.holds, { connections: 1, clients: 1, streams: 1 });
  await peer.command("deleteStream", 0, null, 1);
  await until("it does nothing", () => server.holds.clients === 0);
  assertEquals(peer.closed, false);
});

serverTest("Origin takes media that follows publish at once, before any answer", async () => {
  await using server = new TestServer(realTime);
  using viewer = await Viewer.start(server.port, "eager");
  using peer = await RawPeer.connect(server.port);
  const publish = encodeMessage(encodeCommand({ csid: 3, msid: 0 }, "publish", 0, null, "eager", "live"), 128);
  const media = [videoHeader(1), key(2, 0), inter(3, 40)].map(({ payload, timestampMs }) =>
    encodeMessage({ csid: 6, typeId: 9, msid: 1, timestampMs, payload }, 128)
  );
  await peer.send(Uint8Array.of(...publish, ...media.flatMap((bytes) => [...bytes])));
  await until("all of it arrives", () => viewer.labels.length >= 3);
  assertEquals(viewer.labels, ["VH1", "K2", "I3"]);
});

serverTest("Origin tells an edge at once that the publisher left, behind the last frame; others stay", async () => {
  await using server = new TestServer("play { mw_latency 350; }");
  using publisher = await Publisher.start(server.port, "a", 20_000);
  using edge = await Viewer.start(server.port, "a", true);
  using player = await Viewer.start(server.port, "a");
  await edge.waitForFrames(30);
  publisher.unpublish();
  await until("the edge hears of it", () => edge.ended !== "");
  assert(edge.has("streamEnd"));
  const last = publisher.sent.at(-1);
  await until("the last frame", () => player.labels.at(-1) === last);
  assertEquals(edge.labels.at(-1), last);
  assertEquals([edge.breaks, player.breaks, player.ended], [[], [], ""]);
});

serverTest("Origin does not let a player that stalls delay the others; it goes on at a keyframe", async () => {
  await using server = new TestServer("play { mw_latency 100; queue_length 1; }");
  using publisher = await Publisher.start(server.port, "healthy", 30_000);
  using viewer = await Viewer.start(server.port, "healthy");
  using stalled = await RawPeer.shakeHands(server.port);
  await stalled.command("connect", 1, { app: "live", tcUrl: "rtmp://x/live" });
  await stalled.command("play", 0, null, "healthy");
  await until("the stalled one plays", () => server.server.registry.clientCount === 3);
  const entry = [...server.server.registry.clients()].at(-1)!;
  // Its socket buffers take some megabytes before it counts as slow.
  publisher.pause();
  let timeMs = 60_000;
  const endMs = performance.now() + 6000;
  for (let id = 10_000; entry.dropped() === 0 && performance.now() < endMs; timeMs += 40, id++) {
    publisher.send(id % 25 === 0 ? key(id, timeMs, 60_000) : inter(id, timeMs, 60_000));
    await sleep(1);
  }
  assertGreater(entry.dropped(), 0);
  assertGreater(server.log.find("packets to continue at the newest keyframe").length, 0);
  const last = publisher.sent.at(-1);
  await until("the healthy one has all", () => viewer.labels.at(-1) === last);
  assertLess(viewer.worstGapMs, 2000);
  assertEquals([viewer.breaks.filter((id) => id !== 10_000), viewer.ended], [[], ""]);
  stalled.listen();
  await until("the stalled one reads on", () => stalled.messages.filter(({ typeId }) => typeId === 9).length > 10);
});

serverTest("Origin bears a client that asks for thousands of streams", async () => {
  await using server = new TestServer(realTime);
  await besideHealthyPlayer(server, async () => {
    const before = Deno.memoryUsage().external;
    using peer = await RawPeer.connect(server.port);
    for (let i = 0; i < 3000; i++) await peer.command("play", 2, null, `s${i}`);
    await until("the last one", () => server.server.sources.find("/live/s2999")?.playerCount === 1);
    assertLess(Deno.memoryUsage().external - before, 20_000_000);
    assertEquals(server.holds, { connections: 3, clients: 3, streams: 2 });
    peer[Symbol.dispose]();
    await until("all are forgotten", () => [...server.server.sources.all()].length === 1);
  });
});
