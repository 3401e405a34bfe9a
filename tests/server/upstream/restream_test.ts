import { assert, assertEquals } from "../../kit/assert.ts";
import { acceptAll } from "../../kit/peers/peers.ts";
import { FakeServer } from "../../kit/server/push_rig.ts";
import { Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const KEY = "live_4711_abcdefghij";

/** A service as the large ones are: it takes a stream only under its own address and a valid key. */
function service(path: string, key = KEY) {
  const connects: string[] = [];
  const server: FakeServer = new FakeServer((request, session, self) => {
    if (request.kind === "connect") {
      connects.push(request.info.tcUrl);
      const expected = `rtmp://127.0.0.1:${self.port}/${path}`;
      if (request.info.tcUrl !== expected) {
        return session.reject(request.id, "connectRejected", `unknown address ${request.info.tcUrl}`);
      }
    }
    if (request.kind === "publish" && `${request.url.stream}${request.url.query}` !== key) {
      return session.reject(request.id, "publishBadName", `bad key ${request.url.stream}${request.url.query}`);
    }
    acceptAll(request, session);
  });
  return { server, connects };
}

serverTest(
  "a service that compares its address takes the stream, with the key in the path or in the query",
  async () => {
    const inPath = service("app");
    using first = inPath.server;
    const inQuery = service("rtmp", `FB-1?s_bl=1&a=secret`);
    using second = inQuery.server;
    const to = `rtmp://127.0.0.1:${first.port}/app/${KEY} "rtmp://127.0.0.1:${second.port}/rtmp/FB-1?s_bl=1&a=secret"`;
    await using origin = new TestServer(`forward { enabled on; destination ${to}; }`);
    using _publisher = await Publisher.start(origin.port, "s?token=mine");
    await until("both have media", () => first.media.length > 10 && second.media.length > 10);
    assertEquals([inPath.connects.length, inQuery.connects.length], [1, 1]);
    const shown = origin.server.forwards.all().map(({ shown, copy }) => `${shown} ${copy?.state.isConnected}`);
    assertEquals(shown, [
      `rtmp://127.0.0.1:${first.port}/app/*** true`,
      `rtmp://127.0.0.1:${second.port}/rtmp/*** true`,
    ]);
  },
);

serverTest(
  "a service that refuses is left in peace for longer each time, and its words never show the key",
  async () => {
    const { server, connects } = service("app", "another-key");
    using _service = server;
    await using origin = new TestServer(
      `forward { enabled on; destination rtmp://127.0.0.1:${server.port}/app/${KEY}; }`,
    );
    using _publisher = await Publisher.start(origin.port, "s");
    const [entry] = origin.server.forwards.all();
    await until("it was refused twice", () => connects.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert(connects.length <= 5, `${connects.length} attempts within 2 s`);
    assertEquals(entry?.copy?.state.lastError, "NetStream.Publish.BadName: bad key ***");
    assertEquals(origin.log.lines.filter((line) => line.includes(KEY)), []);
    assert(origin.log.lines.some((line) => line.includes("bad key ***")));
  },
);

serverTest("a service that drops the connection gets the stream again, and nobody else notices", async () => {
  const { server, connects } = service("app");
  using _service = server;
  await using origin = new TestServer(
    `forward { enabled on; destination rtmp://127.0.0.1:${server.port}/app/${KEY}; }`,
  );
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(origin.port, "s");
  await until("media", () => server.media.length > 10);
  server.hangUp();
  await until(
    "it is back",
    () => connects.length === 2 && origin.server.forwards.all()[0]?.copy?.state.isConnected === true,
  );
  const before = server.media.length;
  await until("media again", () => server.media.length > before + 10);
  await viewer.waitForFrames(30);
  assertEquals(viewer.breaks, []);
  assertEquals(origin.server.forwards.all()[0]?.copy?.state.reconnects, 1);
});

serverTest("destinations come and go while the stream goes on, and stay over a new publish", async () => {
  const { server } = service("app");
  using _service = server;
  await using origin = new TestServer();
  const { forwards } = origin.server;
  const early = forwards.add("/live/s", `rtmp://127.0.0.1:${server.port}/app/${KEY}`, "shown");
  assert(typeof early !== "string");
  assertEquals(early.copy, null);
  const first = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(origin.port, "s");
  await until("media", () => server.media.length > 10);
  assertEquals(
    forwards.add("/live/s", `rtmp://127.0.0.1:${server.port}/app/${KEY}`, ""),
    "the stream is forwarded there already",
  );
  first.unpublish();
  first[Symbol.dispose]();
  await until("the copy ends", () => server.log.includes("unpublish"));
  using _second = await Publisher.start(origin.port, "s");
  const before = server.media.length;
  await until("media of the second publish", () => server.media.length > before + 10);
  assertEquals(forwards.remove(early.id), true);
  await until("it is told", () => server.log.filter((word) => word === "unpublish").length === 2);
  assertEquals([forwards.remove(early.id), forwards.all().length], [false, 0]);
  const frames = viewer.frames.length;
  await viewer.waitForFrames(frames + 20);
});
