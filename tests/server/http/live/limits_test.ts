import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { FlvViewer, RawHttp, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, RawPeer, serverTest, sleep, until, Viewer } from "../../../kit/server/rtmp_rig.ts";

const vhost = "min_latency on;";
const live = "/live/s.flv";

/** Status of one more viewer, which leaves at once. */
async function statusOf(server: WebServer): Promise<number> {
  await using viewer = await FlvViewer.start(server.url(live));
  return viewer.status;
}

serverTest("max_connections counts publishers, RTMP players and viewers over HTTP together", async () => {
  await using server = new WebServer({ vhost, root: "max_connections 4;" });
  using _publisher = await Publisher.start(server.port, "s");
  using player = await Viewer.start(server.port, "s");
  const viewers = [await FlvViewer.start(server.url(live)), await FlvViewer.start(server.url(live))];
  await viewers[1]!.waitForFrames(1);
  assertEquals(await statusOf(server), 503);
  using refused = await RawPeer.dial(server.port);
  await refused.waitForEnd();
  await until("the log tells", () => server.log.find("2 connections refused: max_connections 4 reached").length === 1);
  assertEquals((await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/versions`).then((a) => a.json())).code, 0);
  assertEquals(server.server.limits.count, 4);

  player[Symbol.dispose]();
  await until("there is room", () => server.server.limits.count === 3);
  assertEquals(await statusOf(server), 200);
  for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
  await until("places are given back", () => server.server.limits.count === 1);
});

serverTest("max_connections_per_ip counts RTMP connections and viewers over HTTP and WebSockets together", async () => {
  await using server = new WebServer({ vhost, root: "max_connections_per_ip 3;" });
  using _publisher = await Publisher.start(server.port, "s");
  const viewer = await FlvViewer.start(server.url(live));
  const socket = new WebSocket(server.url(live, "ws"));
  const { promise: opened, resolve } = Promise.withResolvers<void>();
  socket.onopen = () => resolve();
  await opened;
  assertEquals(await statusOf(server), 429);
  using refused = await RawPeer.dial(server.port);
  await refused.waitForEnd();
  // Questions to the API and files are no clients.
  for (let i = 0; i < 5; i++) assertEquals((await fetch(server.url("/no/file")).then((a) => a.json())).code, 404);
  socket.close();
  await until("its place is free", () => server.server.limits.count === 2);
  assertEquals(await statusOf(server), 200);
  await viewer[Symbol.asyncDispose]();
});

serverTest("connect_rate_per_ip counts viewers over HTTP", async () => {
  await using server = new WebServer({ vhost, root: "connect_rate_per_ip 1;" });
  using _publisher = await Publisher.start(server.port, "s");
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) statuses.push(await statusOf(server));
  // Ten in ten seconds, and one of them is the publisher.
  assertEquals(statuses.map((status) => status === 200 ? "." : status).join(" "), ". . . . . . . . . 429 429 429");
});

serverTest("a viewer that is refused, or finds no stream, gives its place back", async () => {
  await using server = new WebServer({
    vhost: `${vhost} security { enabled on; deny play all; allow publish all; } cluster { owner_timeout 100; }`,
  });
  assertEquals(await statusOf(server), 403);
  await until("it is gone", () => server.server.limits.count === 0);
  await using open = new WebServer({ vhost: `${vhost} cluster { owner_timeout 100; }` });
  assertEquals(await statusOf(open), 404);
  await until("it is gone", () => open.server.limits.count === 0);
  using half = await RawHttp.ask(open.webPort, `GET ${live} HTTP/1.1\r\nHost: a\r\n\r\n`);
  half[Symbol.dispose]();
  await until("it is gone", () => open.server.limits.count === 0);
});

serverTest("HTTP connections that ask for nothing give way to those that do", async () => {
  await using server = new WebServer({ vhost, root: "max_connections 20;" });
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live));
  const idle = await Promise.all(Array.from({ length: 40 }, () => RawHttp.dial(server.webPort)));
  for (const client of idle) {
    client.listen();
    await client.send("GET /live/s.flv HT");
  }
  await sleep(50);
  await until("the oldest are gone", () => idle.filter(({ closed }) => closed).length >= 20);
  for (let i = 0; i < 5; i++) assertEquals((await fetch(server.url("/no/file")).then((a) => a.json())).code, 404);
  await viewer.waitForFrames(10);
  assertEquals(viewer.breaks, []);
  for (const client of idle) client[Symbol.dispose]();
});

serverTest("refer and security judge viewers over HTTP in the order of RTMP", async () => {
  const rules = "security { enabled on; deny play 127.0.0.1; }";
  const [page, address] = [/page|refer/i, /127\.0\.0\.1 may not play/];
  const cases: [directives: string, referer: string, refused: RegExp | null][] = [
    ["refer { enabled on; all a.com; }", "", page],
    ["refer { enabled on; all a.com; }", "http://evil.example/a.com", page],
    ["refer { enabled on; all a.com; }", "http://www.a.com/x", null],
    ["refer { enabled on; play a.com; }", "http://b.com/", page],
    ["refer { enabled on; publish a.com; }", "http://b.com/", null],
    [rules, "", address],
    // `all` comes first, then the address, then `play`.
    [`${rules} refer { enabled on; all a.com; }`, "http://b.com/", page],
    [`${rules} refer { enabled on; play a.com; }`, "http://b.com/", address],
  ];
  await Promise.all(cases.map(async ([directives, referer, refused]) => {
    await using server = new WebServer({ vhost: `${vhost} ${directives} cluster { owner_timeout 50; }` });
    const headers: Record<string, string> = referer === "" ? {} : { referer };
    const answer = await fetch(server.url(live), { headers });
    const text = await answer.text();
    // Who is let in finds that nobody publishes.
    assertEquals(answer.status, refused === null ? 404 : 403, `${directives} ${referer}: ${text}`);
    if (refused !== null) assertMatch(text, refused);
  }));
});
