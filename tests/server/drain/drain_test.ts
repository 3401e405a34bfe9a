import { stopGracefully, stopServer } from "../../../src/cli/serve/stop.ts";
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "../../kit/assert.ts";
import { NumberedPublisher, type PublisherOptions } from "../../kit/fault/numbered_publisher.ts";
import { WatchedPlayer } from "../../kit/fault/watched_player.ts";
import { FlvReading, WebServer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const NEVER = new Promise<never>(() => {});

/** Two origins that list each other, and an edge of both. */
function cluster(root = "") {
  const apis = [freePort(), freePort()] as const;
  const stack = new AsyncDisposableStack();
  const origin = (own: number, other: number) =>
    stack.use(
      new WebServer({
        vhost: `cluster { origin_cluster on; coworkers 127.0.0.1:${other}; linger 200; }`,
        root: `grace_start_wait 0; ${root}`,
        apiPort: own,
      }),
    );
  const [a, b] = [origin(apis[0], apis[1]), origin(apis[1], apis[0])];
  const edge = stack.use(
    new TestServer(`cluster { mode remote; origin 127.0.0.1:${a.port} 127.0.0.1:${b.port}; linger 200; }`),
  );
  return { a, b, edge, stack };
}

async function publish(server: TestServer, options?: PublisherOptions): Promise<NumberedPublisher> {
  const publisher = new NumberedPublisher([`rtmp://127.0.0.1:${server.port}/live/s`], options);
  await until("it publishes", () => publisher.server !== "");
  return publisher;
}

async function watch(server: TestServer, as: "player" | "edge" = "player"): Promise<WatchedPlayer> {
  const player = new WatchedPlayer(`rtmp://127.0.0.1:${server.port}/live/s`, as);
  await until("it plays", () => player.frames > 30);
  player.mark();
  return player;
}

/** Who pulls or plays the stream at a server. */
function playersAt({ server }: TestServer): number {
  return server.sources.find("/live/s")?.playerCount ?? 0;
}

async function ask(server: WebServer, path: string, init?: RequestInit) {
  const answer = await fetch(`http://127.0.0.1:${server.apiPort}${path}`, init);
  return await answer.json();
}

const question = "/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=s";

serverTest(
  "an edge is moved to a coworker that relays, and its players see no gap, no break and no repetition",
  async () => {
    const { a, b, edge, stack } = cluster();
    await using _ = stack;
    using _publisher = await publish(a);
    using player = await watch(edge);
    const from = edge.server.pulls.states()[0]!.upstream;
    assertStringIncludes(from, String(a.port));
    assertEquals((await ask(a, question)).data.origin.draining, undefined);
    await sleep(400);
    player.mark();
    a.server.rtmp.drain();
    await until("the edge has moved", () => edge.server.pulls.states()[0]!.upstream.endsWith(`:${b.port}`), 2000);
    await sleep(1500);
    assertEquals([player.drops, player.flaws, player.breaks], [[], [], []]);
    assertLess(player.gapMs(), 600);
    assertEquals([playersAt(a), playersAt(b)], [1, 1], "A serves one relay, B the edge");
    assertEquals((await ask(a, question)).data.origin.draining, true);
    assertEquals(edge.server.pulls.states()[0]!.switches, 1);
  },
);

serverTest("a draining origin takes no players and publishers, and sends edges to the coworker", async () => {
  const { a, b, stack } = cluster();
  await using _ = stack;
  using publisher = await Publisher.start(a.port, "s");
  using resident = await Viewer.start(a.port, "s");
  await resident.waitForFrames(5);
  a.server.rtmp.drain();
  using late = await Viewer.start(a.port, "s");
  await until("the player is refused", () => late.ended !== "");
  assertEquals(late.codes, ["NetStream.Play.Failed"]);
  using other = await Publisher.start(a.port, "other");
  await until("the publisher is refused", () => other.ended !== "");
  assertEquals(other.codes, ["NetStream.Publish.Denied"]);
  using edge = await Viewer.start(a.port, "s", true);
  await until("the edge is redirected", () => edge.has("redirect"));
  const [event] = edge.events.filter(({ kind }) => kind === "redirect");
  assertEquals(event, { kind: "redirect", url: `rtmp://127.0.0.1:${b.port}/live/s` });
  assertEquals(edge.frames, []);
  using sent = await Viewer.start(b.port, "s", true);
  await sent.waitForFrames(10);
  assertEquals(sent.has("redirect"), false);
  await resident.waitForFrames(10);
  assertEquals([resident.ended, publisher.ended, resident.breaks], ["", "", []]);
});

serverTest("an edge that cannot reconnect on request is redirected while it plays", async () => {
  const { a, b, stack } = cluster();
  await using _ = stack;
  using _publisher = await publish(a);
  using edge = await watch(a, "edge");
  a.server.rtmp.drain();
  await until("it plays from the coworker", () => playersAt(b) === 1, 2000);
  assertEquals(edge.visited, [a.port, b.port].map((port) => `127.0.0.1:${port}`));
  edge.mark();
  await sleep(1000);
  assertLess(edge.gapMs(), 800);
  assertEquals(edge.drops, []);
});

serverTest("a publisher that can is asked to connect to the coworker, and everybody follows it", async () => {
  const { a, b, edge, stack } = cluster();
  await using _ = stack;
  using publisher = await publish(a, { moves: true });
  using onEdge = await watch(edge);
  using onB = await watch(b);
  await sleep(400);
  for (const player of [onEdge, onB]) player.mark();
  const stopping = stopGracefully({ server: a.server, http: a.http }, "test", NEVER);
  await until("it has moved", () => publisher.server === `127.0.0.1:${b.port}`, 4000);
  assertEquals(publisher.moves, [`rtmp://127.0.0.1:${b.port}/live/s`]);
  const startedMs = performance.now();
  await stopping;
  assertLess(performance.now() - startedMs, 2500, "it ends when everybody has left");
  assertEquals(a.holds.connections, 0);
  await sleep(1000);
  for (const player of [onEdge, onB]) {
    assertEquals([player.drops, player.flaws], [[], []]);
    assertLess(player.gapMs(), 800);
    assert(player.sessionAtMs.has(2));
  }
  assertEquals(publisher.ends, []);
});

serverTest("a new publisher that can reconnect is told where to", async () => {
  const { a, b, stack } = cluster();
  await using _ = stack;
  a.server.rtmp.drain();
  using publisher = await publish(a, { moves: true });
  assertEquals(publisher.moves, [`rtmp://127.0.0.1:${b.port}/live/s`]);
  assertEquals(publisher.server, `127.0.0.1:${b.port}`);
});

serverTest("a publisher at the coworker wins over one that stays at a draining origin", async () => {
  const { a, b, stack } = cluster();
  await using _ = stack;
  using stays = await Publisher.start(a.port, "s");
  using refused = await Publisher.start(b.port, "s");
  await until("the second is refused", () => refused.ended !== "");
  a.server.rtmp.drain();
  using comes = await Publisher.start(b.port, "s");
  assert(comes.has("ready"));
  await until("the first is told", () => stays.ended !== "");
});

serverTest(
  "a graceful stop waits for those who stay for grace_final_wait, over RTMP and HTTP, and the API answers",
  async () => {
    const { a, stack } = cluster("grace_final_wait 1500;");
    await using _ = stack;
    using publisher = await Publisher.start(a.port, "s");
    const reading = new FlvReading();
    const watching = (async () => {
      const answer = await fetch(a.url("/live/s.flv"));
      for await (const bytes of answer.body!) reading.push(bytes);
    })().catch(() => {});
    await until("the viewer watches", () => reading.media.length > 20);
    const startedMs = performance.now();
    const stopping = stopGracefully({ server: a.server, http: a.http }, "test", NEVER);
    await sleep(700);
    const before = reading.media.length;
    assertEquals((await ask(a, "/api/v1/versions")).code, 0);
    assertEquals((await ask(a, "/api/v1/streams/")).streams.length, 1);
    assertEquals((await ask(a, question)).data.origin.draining, true);
    assertEquals((await ask(a, `${question}&stand_in=1`, { method: "POST" })).data.stand_in, null);
    await sleep(500);
    assertGreater(reading.media.length, before);
    await stopping;
    assertGreater(performance.now() - startedMs, 1400);
    assertLess(performance.now() - startedMs, 2500);
    assertEquals(a.log.find("disconnecting clients that stayed: 2").length, 1);
    await stopServer({ server: a.server, http: a.http });
    await watching;
    await until("the publisher is cut off", () => publisher.ended !== "");
  },
);

serverTest("a graceful stop ends at once where nobody is", async () => {
  const { a, stack } = cluster();
  await using _ = stack;
  const startedMs = performance.now();
  await stopGracefully({ server: a.server, http: a.http }, "test", NEVER);
  assertLess(performance.now() - startedMs, 300);
});

serverTest(
  "an edge stays with a draining origin for as long as no coworker takes over, and moves when one does",
  async () => {
    const port = freePort();
    const api = freePort();
    await using a = new WebServer({
      vhost: `cluster { origin_cluster on; coworkers 127.0.0.1:${api}; }`,
      root: "grace_final_wait 20000;",
    });
    await using edge = new TestServer(`cluster { mode remote; origin 127.0.0.1:${a.port} 127.0.0.1:${port}; }`);
    using _publisher = await publish(a);
    using player = await watch(edge);
    a.server.rtmp.drain();
    await sleep(1000);
    assertEquals([player.drops, player.breaks], [[], []]);
    const vhost = `cluster { origin_cluster on; coworkers 127.0.0.1:${a.apiPort}; }`;
    await using b = new WebServer({ vhost, apiPort: api, port });
    await until("the edge has moved", () => playersAt(b) === 1, 4000);
    await sleep(1000);
    assertEquals([player.drops, player.flaws, player.breaks], [[], [], []]);
  },
);
