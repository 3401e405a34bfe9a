import { assert, assertEquals, assertGreater, assertMatch } from "../../../kit/assert.ts";
import { freePort } from "../../../kit/launcher.ts";
import { FlvViewer, RawHttp, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, until } from "../../../kit/server/rtmp_rig.ts";

const live = "/live/s.flv";
const browser = { headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64)" } };
const other = { headers: { "user-agent": "okhttp/4.9" } };

/** Two origins that know each other. */
class TwoOrigins implements AsyncDisposable {
  readonly a: WebServer;
  readonly b: WebServer;

  constructor({ cluster = "", remuxOfA = "", http = "" } = {}) {
    const [apiA, apiB] = [freePort(), freePort()];
    const vhost = (coworker: number) =>
      `cluster { origin_cluster on; coworkers 127.0.0.1:${coworker}; owner_timeout 2000; ${cluster} }`;
    this.a = new WebServer({ vhost: vhost(apiB), apiPort: apiA, remux: remuxOfA, http });
    this.b = new WebServer({ vhost: vhost(apiA), apiPort: apiB, http });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.a[Symbol.asyncDispose]();
    await this.b[Symbol.asyncDispose]();
  }
}

serverTest("an origin without the stream sends browsers to its owner, parameters and all", async () => {
  await using origins = new TwoOrigins();
  const { a, b } = origins;
  using _publisher = await Publisher.start(a.port, "s");
  const answer = await fetch(b.url(`${live}?token=a%20b&only-video`), {
    redirect: "manual",
    headers: { ...browser.headers, origin: "http://a.example" },
  });
  assertEquals([answer.status, answer.headers.get("location"), await answer.text()], [
    302,
    a.url(`${live}?token=a%20b&only-video`),
    "",
  ]);
  assertEquals(answer.headers.get("access-control-allow-origin"), "*");
  await until(
    "the log tells, but no parameters",
    () => b.log.find(`: redirected, to ${a.url(live)} `).length === 1,
  );
  assertEquals(b.log.find("token"), []);
  await using viewer = await FlvViewer.start(b.url(live), browser);
  await viewer.waitForFrames(20);
  assertEquals([viewer.status, viewer.breaks, a.http.viewerCount, b.http.viewerCount], [200, [], 1, 0]);
  assertEquals(b.server.pulls.states(), []);
  const question = "vhost=__defaultVhost__&app=live&stream=s&ip=127.0.0.1&coworker=127.0.0.1:1";
  const { data } = await (await fetch(`http://127.0.0.1:${a.apiPort}/api/v1/clusters?${question}`)).json();
  assertEquals(data.origin.http, `127.0.0.1:${a.webPort}`);
});

serverTest("an origin without the stream relays it to clients that may not follow a redirect", async () => {
  await using origins = new TwoOrigins();
  const { a, b } = origins;
  using _publisher = await Publisher.start(a.port, "s");
  await using viewer = await FlvViewer.start(b.url(live), other);
  await viewer.waitForFrames(30);
  assertEquals([viewer.status, viewer.breaks, a.http.viewerCount, b.http.viewerCount], [200, [], 0, 1]);
  assertMatch(viewer.labels.slice(0, 4).join(" "), /^meta1 AH3 VH2 K/);
  const socket = new WebSocket(b.url(live, "ws"));
  let bytes = 0;
  socket.onmessage = ({ data }) => bytes += data.size;
  await until("the WebSocket plays", () => bytes > 2000);
  socket.close();
  await until("it is closed", () => socket.readyState === WebSocket.CLOSED);
});

const relayed: [name: string, options: { cluster?: string; remuxOfA?: string }][] = [
  ["redirect never", { cluster: "redirect never;" }],
  ["an owner that serves no HTTP-FLV", { remuxOfA: "mount [vhost]/[app]/[stream].ts;" }],
];

for (const [name, options] of relayed) {
  serverTest(`browsers are served by way of the origin they asked with ${name}`, async () => {
    await using origins = new TwoOrigins(options);
    const { a, b } = origins;
    using _publisher = await Publisher.start(a.port, "s");
    await using viewer = await FlvViewer.start(b.url(live), browser);
    await viewer.waitForFrames(20);
    assertEquals([viewer.status, b.http.viewerCount], [200, 1]);
  });
}

serverTest("redirect always sends everybody", async () => {
  await using origins = new TwoOrigins({ cluster: "redirect always;" });
  const { a, b } = origins;
  using _publisher = await Publisher.start(a.port, "s");
  using client = await RawHttp.ask(b.webPort, `GET ${live} HTTP/1.1\r\nHost: h\r\n\r\n`);
  await client.waitForEnd();
  assertMatch(client.text, new RegExp(`^HTTP/1.1 302 Found\r\n.*\r\nlocation: ${a.url(live)}\r\n`, "s"));
});

serverTest("a viewer that comes before any publisher gets the stream from wherever it turns up, or a 404", async () => {
  await using origins = new TwoOrigins();
  const { a, b } = origins;
  await using early = new FlvViewer(b.url(live), browser);
  await using none = new FlvViewer(b.url("/live/none.flv"), browser);
  await until("they wait", () => b.holds.clients === 2);
  using _publisher = await Publisher.start(a.port, "s");
  await early.waitForFrames(10);
  assertEquals(early.breaks, []);
  await none.waitForEnd();
  assertEquals(none.status, 404);
});

serverTest("a stream that moves to another origin goes on for its viewers, one that has ended ends", async () => {
  await using origins = new TwoOrigins();
  const { a, b } = origins;
  await using viewer = new FlvViewer(a.url(live), browser);
  {
    using first = await Publisher.start(a.port, "s");
    // Past its first GOP: the second begins with the same one, which would count as a repetition.
    await viewer.waitForFrames(70);
    first.unpublish();
  }
  using second = await Publisher.start(b.port, "s");
  await viewer.waitForFrames(40);
  assertEquals([viewer.ended, viewer.status], ["", 200]);
  const seam = viewer.frames.findIndex((id, i) => i > 0 && id < viewer.frames[i - 1]!);
  assertGreater(seam, 10);
  second.unpublish();
  await viewer.waitForEnd();
  assertEquals(viewer.ended, "end");
});

serverTest("an edge pulls the stream for its first viewer, and lets go of it with the last", async () => {
  await using origin = new WebServer();
  await using edge = new WebServer({
    vhost: `cluster { mode remote; origin 127.0.0.1:${origin.port}; linger 100; owner_timeout 1500; }`,
  });
  await using missing = new FlvViewer(edge.url("/live/none.flv"));
  using publisher = await Publisher.start(origin.port, "s");
  await using viewer = await FlvViewer.start(edge.url(live));
  await using second = await FlvViewer.start(edge.url(live));
  await viewer.waitForFrames(30);
  await second.waitForFrames(10);
  assertEquals([viewer.status, viewer.breaks, second.breaks], [200, [], []]);
  assertMatch(second.labels.slice(0, 4).join(" "), /^meta1 AH3 VH2 K/);
  const pulls = () =>
    [...origin.server.registry.clients()].filter(({ type, url }) => type === "rtmp-play" && url.stream === "s");
  assertEquals(pulls().length, 1);
  await viewer[Symbol.asyncDispose]();
  await second.waitForFrames(10);
  await second[Symbol.asyncDispose]();
  await until("the pull ends", () => pulls().length === 0);
  await missing.waitForEnd();
  assertEquals(missing.status, 404);
  assertMatch(missing.text, /no server has \/live\/none \(waited 1500 ms\)/);
  assertEquals(publisher.ended, "");
});

serverTest("the answer of an edge is complete when the stream has ended at its origin", async () => {
  await using origin = new WebServer();
  await using edge = new WebServer({
    vhost: `cluster { mode remote; origin 127.0.0.1:${origin.port}; owner_timeout 500; }`,
  });
  using publisher = await Publisher.start(origin.port, "s");
  await using viewer = await FlvViewer.start(edge.url(live));
  await viewer.waitForFrames(20);
  publisher.unpublish();
  await viewer.waitForEnd(10_000);
  assertEquals(viewer.ended, "end");
  assert(viewer.labels.at(-1) === publisher.sent.at(-1));
});
