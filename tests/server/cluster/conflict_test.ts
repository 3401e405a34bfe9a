import { HttpServer } from "../../../src/http/server.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";

/** No two messages may go back in time: players of one stream see one timeline, whoever publishes. */
function assertSteady({ timestampsMs }: Viewer): void {
  const backward = timestampsMs.filter((time, i) => i > 0 && time < timestampsMs[i - 1]!);
  assertEquals(backward, []);
}

serverTest("on_conflict takeover: the newer publisher wins, the older is told, players stay", async () => {
  await using server = new TestServer(`${realTime} publish { on_conflict takeover; }`);
  using first = await Publisher.start(server.port, "s");
  using viewer = await Viewer.start(server.port, "s");
  await viewer.waitForFrames(20);
  using second = await Publisher.start(server.port, "s");
  assert(second.has("ready"));
  await until("the first is told", () => first.codes.includes("NetStream.Publish.BadName"));
  await until("the first is closed", () => first.ended !== "");
  await viewer.waitForFrames(50);
  assertEquals(viewer.ended, "");
  assertSteady(viewer);
});

serverTest(
  "on_conflict standby: the second waits with headers and GOP, and takes over when the first leaves",
  async () => {
    await using server = new TestServer(`${realTime} publish { on_conflict standby; }`);
    using first = await Publisher.start(server.port, "s");
    using viewer = await Viewer.start(server.port, "s");
    // Other frames: the same ones again would count as a repetition.
    using second = await Publisher.start(server.port, "s", 400);
    assert(second.has("ready"), "it may send");
    await sleep(600);
    assertEquals(viewer.breaks, [], "nothing of the second is seen");
    first.unpublish();
    await viewer.waitForFrames(40);
    assertEquals(viewer.ended, "");
    assertSteady(viewer);
    const [jump] = viewer.breaks;
    const at = viewer.frames.indexOf(jump!);
    assertEquals(
      viewer.labels.filter((text) => /^[KIA]\d/.test(text))[at]?.[0],
      "K",
      "the second begins with a keyframe",
    );
    using third = await Publisher.start(server.port, "s");
    assert(third.has("ready"), "it stands by for the second now");
  },
);

serverTest("a publisher whose connection is dead is replaced by its own reconnect at once", async () => {
  await using server = new TestServer(`${realTime} publish { normal_timeout 20000; }`);
  using dead = await Publisher.start(server.port, "s");
  using viewer = await Viewer.start(server.port, "s");
  await viewer.waitForFrames(20);
  dead.pause();
  await sleep(2500);
  using again = await Publisher.start(server.port, "s");
  assert(again.has("ready"));
  await viewer.waitForFrames(20);
  assertEquals(viewer.ended, "");
  assertSteady(viewer);
});

/** Two origins of a cluster that list each other. */
function twoOrigins(publish: string) {
  const api = [freePort(), freePort()] as const;
  const stack = new AsyncDisposableStack();
  const origin = (own: number, other: number) => {
    const cluster = `cluster { origin_cluster on; coworkers 127.0.0.1:${other}; }`;
    const server = stack.use(
      new TestServer(
        `${realTime} publish { ${publish} } ${cluster}`,
        `http_api { enabled on; listen 127.0.0.1:${own}; }`,
        freePort(),
      ),
    );
    const http = new HttpServer(server.server);
    http.start();
    stack.defer(() => http.stop());
    return server;
  };
  return { a: origin(api[0], api[1]), b: origin(api[1], api[0]), stack };
}

for (const policy of ["reject", "takeover", "standby"]) {
  serverTest(`on_conflict ${policy}: of two publishers that come to two origins at one moment, one stays`, async () => {
    const { a, b, stack } = twoOrigins(`on_conflict ${policy};`);
    await using _stack = stack;
    for (const round of Array.from({ length: 8 }, (_, i) => i)) {
      const key = `/live/s${round}`;
      const active = () => [a, b].filter(({ server }) => server.publishers.active(key) !== null).length;
      using first = Publisher.begin(a.port, `s${round}`);
      using second = Publisher.begin(b.port, `s${round}`);
      await Promise.all([first.started, second.started]);
      await until(`one is left in round ${round}`, () => active() === 1);
      await sleep(200);
      assertEquals(active(), 1);
      const ended = [first, second].filter((publisher) => publisher.ended !== "" || publisher.has("refused"));
      assertEquals(ended.length <= 1, true, "they do not both give way");
    }
  });
}

serverTest("on_conflict reject: a stream of a coworker is refused here, and the reason says where it is", async () => {
  const { a, b, stack } = twoOrigins("on_conflict reject;");
  await using _stack = stack;
  using _first = await Publisher.start(a.port, "s");
  using second = await Publisher.start(b.port, "s");
  assertEquals(second.codes, ["NetStream.Publish.BadName"]);
  await until("the log tells it", () => b.log.find("is already published at origin").length === 1);
});

serverTest("on_conflict takeover: a coworker gives up the stream for a newer publisher here", async () => {
  const { a, b, stack } = twoOrigins("on_conflict takeover;");
  await using _stack = stack;
  using first = await Publisher.start(a.port, "s");
  using second = await Publisher.start(b.port, "s");
  assert(second.has("ready"));
  await until("the first is told", () => first.codes.includes("NetStream.Publish.BadName"));
  await until("the first is closed", () => first.ended !== "");
});

serverTest("on_conflict standby: one that stands by for a coworker's publisher follows it", async () => {
  const { a, b, stack } = twoOrigins("on_conflict standby;");
  await using _stack = stack;
  using first = await Publisher.start(a.port, "s");
  using second = await Publisher.start(b.port, "s");
  assert(second.has("ready"));
  assertEquals(b.server.sources.find("/live/s")?.isActive, false);
  first.unpublish();
  await until("the second is active", () => b.server.sources.find("/live/s")?.isActive === true);
});

serverTest("two publishers that come to two origins at once do not both win for long under takeover", async () => {
  const { a, b, stack } = twoOrigins("on_conflict takeover;");
  await using _stack = stack;
  using first = await Publisher.start(a.port, "s");
  using _second = await Publisher.start(b.port, "s");
  using third = await Publisher.start(a.port, "s");
  await until("one is left", () => {
    const active = [a, b].filter(({ server }) => server.sources.find("/live/s")?.isActive === true);
    return active.length === 1;
  });
  assert(third.has("ready"));
  assert(first.ended !== "");
});
