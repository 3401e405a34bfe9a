import { assertEquals, assertLess } from "../../kit/assert.ts";
import {
  besideHealthyPlayer,
  Publisher,
  RawPeer,
  serverTest,
  TestServer,
  until,
  Viewer,
} from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";

/** Open descriptors of this process; 0 where they cannot be counted. */
function descriptors(): number {
  try {
    return [...Deno.readDirSync("/proc/self/fd")].length;
  } catch {
    return 0;
  }
}

serverTest(
  "RtmpServer refuses connections beyond max_connections, says so, and takes new ones when some have left",
  async () => {
    await using server = new TestServer(realTime, "max_connections 5;");
    await besideHealthyPlayer(server, async () => {
      const peers = await Promise.all([1, 2, 3].map(() => RawPeer.connect(server.port)));
      assertEquals(server.holds.connections, 5);
      for (let i = 0; i < 10; i++) {
        using refused = await RawPeer.dial(server.port);
        await refused.waitForEnd();
      }
      await until("the log tells", () => server.log.find("max_connections 5 reached").length > 0);
      assertEquals(server.holds.connections, 5);
      peers[0]![Symbol.dispose]();
      await until("there is room", () => server.holds.connections === 4);
      using next = await RawPeer.connect(server.port);
      assertEquals(next.names.includes("_result"), true);
      for (const peer of peers) peer[Symbol.dispose]();
    });
  },
);

serverTest("RtmpServer keeps nothing of clients that came and went", async () => {
  await using server = new TestServer(realTime);
  const { sources } = server.server;
  const round = async (name: string) => {
    const publisher = await Publisher.start(server.port, name);
    const viewers = await Promise.all([1, 2, 3].map(() => Viewer.start(server.port, name)));
    const waiting = await Viewer.start(server.port, `${name}-nobody`);
    const idle = await RawPeer.connect(server.port);
    await viewers[2]!.waitForFrames(3);
    for (const peer of [publisher, ...viewers, waiting, idle]) peer[Symbol.dispose]();
  };
  const rounds = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, (_, i) => round(`churn${from + i}`)));
  const gone = () => until("all have left", () => server.holds.connections === 0);
  // What Deno itself opens once is open after the first.
  await rounds(0, 2);
  await gone();
  const before = descriptors();
  for (let i = 0; i < 6; i++) await rounds(10 * i + 10, 10);
  await gone();
  assertEquals(server.holds, { connections: 0, clients: 0, streams: 0 });
  assertEquals(server.server.registry.totalClients, 62 * 5);
  await until("descriptors are back", () => descriptors() <= before);
  await until("sources are forgotten", () => [...sources.all()].length === 0);
  assertEquals(server.log.find("internalError"), []);
});

serverTest("RtmpServer bears hundreds of connections that come at once and leave without a word", async () => {
  await using server = new TestServer(realTime);
  await besideHealthyPlayer(server, async () => {
    const peers: RawPeer[] = [];
    // The backlog of Deno 2.4 is 128: what comes beyond waits for seconds.
    for (let i = 0; i < 3; i++) {
      peers.push(...await Promise.all(Array.from({ length: 100 }, () => RawPeer.dial(server.port))));
    }
    await until("all are there", () => server.holds.connections === 302);
    for (const peer of peers) peer[Symbol.dispose]();
  });
});

serverTest("Server.stop() ends every connection and gives the port back", async () => {
  const server = new TestServer(realTime);
  using publisher = await Publisher.start(server.port, "a");
  using viewer = await Viewer.start(server.port, "a");
  using half = await RawPeer.dial(server.port);
  half.drain();
  await viewer.waitForFrames(5);
  const startedMs = performance.now();
  await server[Symbol.asyncDispose]();
  assertLess(performance.now() - startedMs, 500);
  assertEquals(server.holds, { connections: 0, clients: 0, streams: 0 });
  await using again = new TestServer(realTime, "", server.port);
  assertEquals(again.port, server.port);
  await until("the clients know", () => publisher.ended !== "" && viewer.ended !== "" && half.closed);
});

serverTest("RtmpServer.drained() waits for the last client once nobody is accepted any more", async () => {
  await using server = new TestServer(realTime);
  using viewer = await Viewer.start(server.port, "a");
  server.server.rtmp.listeners.close();
  let drained = false;
  const wait = server.server.rtmp.drained().then(() => drained = true);
  await RawPeer.dial(server.port).then((peer) => peer.waitForEnd(), () => {});
  assertEquals(drained, false);
  viewer[Symbol.dispose]();
  await wait;
});
