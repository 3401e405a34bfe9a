import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";

/** An edge over these origins. */
function edgeOver(origins: number[], directives = "linger 300;"): TestServer {
  const list = origins.map((port) => `127.0.0.1:${port}`).join(" ");
  return new TestServer(`${realTime} cluster { mode remote; origin ${list}; ${directives} }`);
}

/** Frames never go back in time by more than audio and video may be apart. */
function assertTimeGoesOn({ timestampsMs }: Viewer): void {
  const back = timestampsMs.filter((ms, i) => i > 0 && ms < timestampsMs[i - 1]!);
  assertEquals(back, []);
}

serverTest(
  "Edge pulls with its first player, once for all of them, and stops a while after the last has left",
  async () => {
    await using origin = new TestServer(realTime);
    await using edge = edgeOver([origin.port]);
    using _publisher = await Publisher.start(origin.port, "s");
    const pulls = () => origin.server.sources.find("/live/s")?.playerCount;
    assertEquals(pulls(), 0);
    using first = await Viewer.start(edge.port, "s");
    await first.waitForFrames(20);
    using second = await Viewer.start(edge.port, "s");
    await second.waitForFrames(20);
    assertEquals(pulls(), 1);
    assertEquals([first.breaks, second.breaks], [[], []]);
    assertEquals(second.labels.slice(0, 3), ["meta1", "AH3", "VH2"], "a late player gets metadata and headers");
    assert(second.labels[3]!.startsWith("K"), "and the GOP");

    first[Symbol.dispose]();
    second[Symbol.dispose]();
    await until("both have left", () => edge.holds.connections === 0);
    assertEquals(pulls(), 1, "it lingers");
    await until("the pull ends", () => pulls() === 0, 1500);
    assertEquals(edge.server.pulls.states(), []);
    assertEquals([...edge.server.pulls.pool.table()].map(({ pulls, failures }) => [pulls, failures]), [[0, 0]]);
  },
);

serverTest("Edge keeps the pull for a player that comes right back", async () => {
  await using origin = new TestServer(realTime);
  await using edge = edgeOver([origin.port], "linger 1000;");
  using _publisher = await Publisher.start(origin.port, "s");
  for (let i = 0; i < 3; i++) {
    using viewer = await Viewer.start(edge.port, "s");
    await viewer.waitForFrames(5);
    viewer[Symbol.dispose]();
    await until("it has left", () => edge.holds.connections === 0);
  }
  assertEquals(origin.server.registry.totalClients, 2, "the publisher and one pull");
});

serverTest("Edge finds a player that comes while the pull before is just ending", async () => {
  await using origin = new TestServer(realTime);
  await using edge = edgeOver([origin.port], "linger 0;");
  using _publisher = await Publisher.start(origin.port, "s");
  for (let i = 0; i < 20; i++) {
    using viewer = await Viewer.start(edge.port, "s");
    await viewer.waitForFrames(1);
    viewer[Symbol.dispose]();
    await sleep(i % 5);
  }
  using last = await Viewer.start(edge.port, "s");
  await last.waitForFrames(20);
  assertEquals(last.breaks, []);
  assertEquals([...edge.server.pulls.pool.table()][0]?.failures, 0, "players that leave are no failures of the origin");
});

serverTest("Edge goes on at the next origin when one is killed: players stay, time goes on", async () => {
  const origins = [new TestServer(realTime), new TestServer(realTime)];
  await using edge = edgeOver(origins.map(({ port }) => port));
  using _publisherA = await Publisher.start(origins[0]!.port, "s");
  using _publisherB = await Publisher.start(origins[1]!.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(30);
  const used = origins.findIndex(({ server }) => server.sources.find("/live/s")?.playerCount === 1);
  const framesBefore = viewer.frames.length;
  viewer.worstGapMs = 0;
  await origins[used]![Symbol.asyncDispose]();
  await viewer.waitForFrames(30);
  assertLess(viewer.worstGapMs, 1500);
  assertEquals(viewer.ended, "");
  assertTimeGoesOn(viewer);
  assertGreater(viewer.frames.length, framesBefore);
  const [state] = edge.server.pulls.states();
  assertEquals([state?.upstream, state?.switches, state?.lastError], [`127.0.0.1:${origins[1 - used]!.port}`, 1, ""]);
  using late = await Viewer.start(edge.port, "s");
  await late.waitForFrames(10);
  assertEquals(late.labels.slice(0, 3), ["meta1", "AH3", "VH2"]);
  await origins[1 - used]![Symbol.asyncDispose]();
  for (const player of [viewer, late]) player[Symbol.dispose]();
  await until("the pull ends", () => edge.server.pulls.states().length === 0);
  assertEquals(edge.server.pulls.totalSwitches, 1, "not forgotten with the pull");
});

serverTest("Edge follows a publisher that moves from one origin to the other", async () => {
  await using a = new TestServer(realTime);
  await using b = new TestServer(realTime);
  await using edge = edgeOver([a.port, b.port]);
  using first = await Publisher.start(a.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(20);
  first.unpublish();
  using _second = await Publisher.start(b.port, "s");
  viewer.worstGapMs = 0;
  await viewer.waitForFrames(30);
  assertLess(viewer.worstGapMs, 2500);
  assertTimeGoesOn(viewer);
  assertEquals(viewer.ended, "");
});

serverTest("Edge holds players until an origin gets the stream, and refuses them after owner_timeout", async () => {
  await using origin = new TestServer(realTime);
  await using edge = edgeOver([origin.port], "owner_timeout 1500;");
  using early = await Viewer.start(edge.port, "later");
  using hopeless = await Viewer.start(edge.port, "never");
  await until("both are asked for", () => origin.holds.clients === 2);
  using _publisher = await Publisher.start(origin.port, "later");
  await early.waitForFrames(10);
  assertEquals(early.breaks, []);
  await until("the hopeless one is told", () => hopeless.ended !== "", 3000);
  assertEquals(hopeless.codes.at(-1), "NetStream.Play.StreamNotFound");
  assertEquals(early.ended, "");
});

serverTest("Edge pulls from an edge, which pulls from an origin", async () => {
  await using origin = new TestServer(realTime);
  await using inner = edgeOver([origin.port]);
  await using outer = edgeOver([inner.port]);
  using publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(outer.port, "s");
  await viewer.waitForFrames(30);
  assertEquals(viewer.breaks, []);
  assertEquals(viewer.labels.slice(0, 3).toSorted(), ["AH3", "VH2", "meta1"]);
  publisher.unpublish();
  using _again = await Publisher.start(origin.port, "s");
  await viewer.waitForFrames(20);
  assertTimeGoesOn(viewer);
});

serverTest("Edge that lists itself finds nothing, and comes to rest when the player has left", async () => {
  const port = freePort();
  const cluster = `cluster { mode remote; origin 127.0.0.1:${port}; owner_timeout 1000; linger 100; }`;
  await using edge = new TestServer(`${realTime} ${cluster}`, "", port);
  using viewer = await Viewer.start(port, "s");
  await until("the player is refused", () => viewer.ended !== "", 4000);
  assertEquals(viewer.codes.at(-1), "NetStream.Play.StreamNotFound");
  await until("nothing goes on", () => edge.holds.connections === 0 && edge.server.pulls.states().length === 0, 6000);
});

serverTest("Edge serves many streams, and loses an origin under all of them at once", async () => {
  const origins = [new TestServer(realTime), new TestServer(realTime)];
  await using edge = edgeOver(origins.map(({ port }) => port));
  const names = Array.from({ length: 12 }, (_, i) => `s${i}`);
  await using stack = new AsyncDisposableStack();
  for (const { port } of origins) for (const name of names) stack.use(await Publisher.start(port, name));
  const viewers = await Promise.all(names.map((name) => Viewer.start(edge.port, name)));
  for (const viewer of viewers) stack.use(viewer);
  await Promise.all(viewers.map((viewer) => viewer.waitForFrames(20)));
  const shares = origins.map(({ server }) =>
    names.filter((name) => server.sources.find(`/live/${name}`)?.playerCount === 1)
  );
  assertGreater(shares[0]!.length, 0, "streams spread");
  assertGreater(shares[1]!.length, 0);
  await origins[0]![Symbol.asyncDispose]();
  await Promise.all(viewers.map((viewer) => viewer.waitForFrames(30)));
  assertEquals(viewers.map(({ ended }) => ended), names.map(() => ""));
  const gone = [...edge.server.pulls.pool.table()].find(({ origin }) => origin === `127.0.0.1:${origins[0]!.port}`)!;
  assertLess(gone.failures, 4);
  await origins[1]![Symbol.asyncDispose]();
});
