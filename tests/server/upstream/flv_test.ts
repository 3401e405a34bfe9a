import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { equalBytes } from "../../../src/base/bytes.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { type FlvTag, FlvTagType } from "../../../src/flv/tag.ts";
import { label } from "../../kit/media/packets.ts";
import { FlvViewer, RawHttp, WebServer } from "../../kit/server/http_flv_rig.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";

/** An origin that serves its streams over HTTP too. */
function webOrigin(vhost = ""): WebServer {
  return new WebServer({ vhost: `${realTime} ${vhost}` });
}

/** An edge that pulls over HTTP-FLV. */
function flvEdge(ports: readonly number[], directives = "linger 300;"): TestServer {
  const list = ports.map((port) => `127.0.0.1:${port}`).join(" ");
  return new TestServer(`${realTime} cluster { mode remote; protocol flv; origin ${list}; ${directives} }`);
}

/** Types of the clients that play at an origin. */
function playersAt(origin: TestServer): string[] {
  return [...origin.server.registry.clients()].map(({ type }) => type).filter((type) => type.endsWith("-play"));
}

serverTest("protocol flv: an edge pulls over HTTP-FLV, once for all players, and hands on every frame", async () => {
  await using origin = webOrigin();
  await using edge = flvEdge([origin.webPort]);
  using publisher = await Publisher.start(origin.port, "s");
  using first = await Viewer.start(edge.port, "s");
  using direct = await Viewer.start(origin.port, "s");
  await first.waitForFrames(30);
  using second = await Viewer.start(edge.port, "s");
  await second.waitForFrames(20);
  assertEquals(playersAt(origin).toSorted(), ["flv-play", "rtmp-play"]);
  assertEquals([first.breaks, second.breaks], [[], []]);
  for (const viewer of [first, second]) {
    assertEquals(viewer.labels.slice(0, 3), ["meta1", "AH3", "VH2"], "metadata and headers first");
    assert(viewer.labels[3]!.startsWith("K"), "then the GOP");
  }
  await until("both have seen the same", () => direct.frames.length > 60);
  const sent = publisher.sent.filter((text) => /^[KIA]\d/.test(text));
  const at = sent.indexOf(first.labels[3]!);
  assertEquals(
    first.labels.filter((text) => /^[KIA]\d/.test(text)).slice(0, 30),
    sent.slice(at, at + 30),
    "what was published",
  );
  const steps = (viewer: Viewer) => viewer.timestampsMs.slice(-10).map((ms, i, all) => ms - (all[i - 1] ?? ms));
  assertEquals(steps(first).slice(1).every((ms) => ms === 20), true, `${steps(first)}`);
  assertEquals(edge.server.pulls.states()[0]?.upstream, `127.0.0.1:${origin.webPort}`);

  first[Symbol.dispose]();
  second[Symbol.dispose]();
  await until("the pull ends", () => playersAt(origin).length === 1, 2000);
  assertEquals([...edge.server.pulls.pool.table()].map(({ pulls, failures }) => [pulls, failures]), [[0, 0]]);
});

serverTest("protocol flv: payloads come through an edge byte for byte, at the same distances in time", async () => {
  await using origin = webOrigin();
  await using edge = new WebServer({
    vhost: `${realTime} cluster { mode remote; protocol flv; origin 127.0.0.1:${origin.webPort}; linger 100; }`,
  });
  // Larger than a read, and than a chunk of RTMP.
  using _publisher = await Publisher.start(origin.port, "s", 90_000);
  const ask = ({ webPort }: WebServer) => RawHttp.ask(webPort, "GET /live/s.flv HTTP/1.0\r\n\r\n");
  using atEdge = await ask(edge);
  using atOrigin = await ask(origin);
  await until("both got some MB", () => atEdge.bytes.length > 2e6 && atOrigin.bytes.length > 2e6);
  const [tagsOfEdge, tagsOfOrigin] = [atEdge, atOrigin].map(({ body }) => mediaTags(body)) as [Tags, Tags];
  const common = [...tagsOfEdge.keys()].filter((name) => tagsOfOrigin.has(name));
  assertGreater(common.length, 30);
  const offsets = new Set<number>();
  for (const name of common) {
    const [passedOn, original] = [tagsOfEdge.get(name)!, tagsOfOrigin.get(name)!];
    assertEquals(equalBytes(passedOn.payload, original.payload), true, name);
    if (/^[KIA]\d/.test(name)) offsets.add(passedOn.timestampMs - original.timestampMs);
  }
  assertEquals(offsets.size, 1);
});

type Tags = ReadonlyMap<string, FlvTag>;

function mediaTags(bytes: Uint8Array): Tags {
  const tags = new FlvDemuxer().push(bytes).filter(({ type }) => type !== FlvTagType.Script);
  return new Map(tags.map((tag) => [label({ typeId: tag.type, payload: tag.payload }), tag]));
}

serverTest("protocol flv: players of an edge stay when it goes over to another origin", async () => {
  const origins = [webOrigin(), webOrigin()];
  await using edge = flvEdge(origins.map(({ webPort }) => webPort));
  using _a = await Publisher.start(origins[0]!.port, "s");
  using _b = await Publisher.start(origins[1]!.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(30);
  const used = origins.findIndex((origin) => playersAt(origin).length === 1);
  viewer.worstGapMs = 0;
  await origins[used]![Symbol.asyncDispose]();
  await viewer.waitForFrames(30);
  assertLess(viewer.worstGapMs, 1500);
  assertEquals(viewer.ended, "");
  assertEquals(viewer.timestampsMs.filter((ms, i, all) => i > 0 && ms < all[i - 1]!), [], "time goes on");
  const [state] = edge.server.pulls.states();
  assertEquals([state?.upstream, state?.switches], [`127.0.0.1:${origins[1 - used]!.webPort}`, 1]);
  await origins[1 - used]![Symbol.asyncDispose]();
});

serverTest("protocol flv: an edge follows a publisher from one origin to the other", async () => {
  await using a = webOrigin();
  await using b = webOrigin();
  await using edge = flvEdge([a.webPort, b.webPort]);
  using first = await Publisher.start(a.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(20);
  first.unpublish();
  using _second = await Publisher.start(b.port, "s");
  viewer.worstGapMs = 0;
  await viewer.waitForFrames(30);
  assertLess(viewer.worstGapMs, 2500);
  assertEquals(viewer.ended, "");
});

serverTest(
  "protocol flv: players are held until an origin gets the stream; a held question is no failure",
  async () => {
    await using origin = webOrigin();
    await using edge = flvEdge([origin.webPort], "owner_timeout 6000; first_media_timeout 500;");
    using early = await Viewer.start(edge.port, "later");
    await sleep(1500);
    assertEquals(origin.server.registry.totalClients, 1, "one question, held by the origin");
    using _publisher = await Publisher.start(origin.port, "later");
    await early.waitForFrames(10);
    assertEquals(early.breaks, []);
    assertEquals([...edge.server.pulls.pool.table()].map(({ failures }) => failures), [0]);
  },
);

serverTest("protocol flv: vhost, parameters and page reach the origin through two edges", async () => {
  const vhost = (directives: string) =>
    `vhost a.com { ${realTime} http_remux { enabled on; } refer { enabled on; play ok.example; } ${directives} }`;
  const over = ({ webPort }: WebServer) =>
    `cluster { mode remote; protocol flv; origin 127.0.0.1:${webPort}; linger 100; }`;
  await using origin = new WebServer({ root: vhost("") });
  await using inner = new WebServer({ root: vhost(over(origin)) });
  await using outer = new WebServer({ root: vhost(over(inner)) });
  using _publisher = await Publisher.start(origin.port, "s?vhost=a.com");
  const viewer = await FlvViewer.start(outer.url("/live/s.flv?vhost=a.com&token=1"), {
    headers: { referer: "http://www.ok.example/page" },
  });
  await viewer.waitForFrames(10);
  const [client] = [...origin.server.registry.clients()].filter(({ type }) => type === "flv-play");
  assertEquals([client?.url.query, client?.url.key, client?.pageUrl], [
    "?token=1&vhost=a.com",
    "a.com/live/s",
    "http://www.ok.example/page",
  ]);
  await viewer[Symbol.asyncDispose]();
});

serverTest("follow_client: RTMP players make an edge pull over RTMP, HTTP viewers over HTTP-FLV", async () => {
  await using origin = webOrigin();
  // A port that is written is that of both: the server behind it answers one of them.
  await using edge = new WebServer({
    vhost: `${realTime} cluster { mode remote; follow_client on; linger 0;
              origin 127.0.0.1:${origin.port} 127.0.0.1:${origin.webPort}; }`,
  });
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(10);
  assertEquals(playersAt(origin), ["rtmp-play"]);
  assertEquals(edge.server.pulls.states()[0]?.upstream, `127.0.0.1:${origin.port}`);
  viewer[Symbol.dispose]();
  await until("the pull ends", () => playersAt(origin).length === 0);
  await using web = await FlvViewer.start(edge.url("/live/s.flv"));
  await web.waitForFrames(10);
  assertEquals(playersAt(origin), ["flv-play"]);
  assertEquals(edge.server.pulls.states()[0]?.upstream, `127.0.0.1:${origin.webPort}`);
  assertEquals(web.breaks, []);
});

serverTest("protocol flv: an edge follows an origin of a cluster to the owner", async () => {
  const [apiA, apiB] = [freePort(), freePort()];
  const mesh = (coworker: number) => `${realTime} cluster { origin_cluster on; coworkers 127.0.0.1:${coworker}; }`;
  await using a = new WebServer({ vhost: mesh(apiB), apiPort: apiA });
  await using b = new WebServer({ vhost: mesh(apiA), apiPort: apiB });
  await using edge = flvEdge([b.webPort]);
  using _publisher = await Publisher.start(a.port, "s");
  using viewer = await Viewer.start(edge.port, "s?token=secret");
  await viewer.waitForFrames(20);
  assertEquals(viewer.breaks, []);
  assertEquals(playersAt(b), []);
  assertEquals(playersAt(a), ["flv-play"]);
  assertEquals(edge.log.find("secret"), []);
});

serverTest("protocol flv: edges that list each other refuse instead of pulling in a circle", async () => {
  const [first, second] = [freePort(), freePort()];
  const edge = (own: number, other: number) =>
    new WebServer({
      vhost: `${realTime} cluster { mode remote; protocol flv; origin 127.0.0.1:${other};
                owner_timeout 1500; linger 100; }`,
      webPort: own,
    });
  await using a = edge(first, second);
  await using b = edge(second, first);
  using viewer = await Viewer.start(a.port, "s");
  await until("the player is refused", () => viewer.ended !== "", 5000);
  assertEquals(viewer.codes.at(-1), "NetStream.Play.StreamNotFound");
  assertGreater(b.log.find("HTTP 508").length, 0);
  await until("nothing goes on", () => a.server.pulls.states().length + b.server.pulls.states().length === 0, 6000);
});
