import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertMatch,
  assertStringIncludes,
} from "../../../kit/assert.ts";
import { freePort } from "../../../kit/launcher.ts";
import { FlvReading, FlvViewer, RawHttp, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, sleep, until, Viewer } from "../../../kit/server/rtmp_rig.ts";

const live = "/live/s.flv";

serverTest("a viewer who comes late gets headers and the GOP, then what RTMP players get, byte for byte", async () => {
  await using server = new WebServer();
  using player = await Viewer.start(server.port, "s");
  using publisher = await Publisher.start(server.port, "s");
  await player.waitForFrames(70);
  await using viewer = await FlvViewer.start(server.url(live));
  assertEquals([viewer.status, viewer.headers.get("content-type")], [200, "video/x-flv"]);
  assertEquals(viewer.headers.get("cache-control"), "no-cache, no-transform");
  await viewer.waitForFrames(60);
  await player.waitForFrames(20);
  assertEquals(viewer.announced, "av");
  assertEquals(viewer.labels.slice(0, 3), ["meta1", "AH3", "VH2"]);
  assertMatch(viewer.labels[3]!, /^K60$/);
  assertEquals(viewer.breaks, []);
  const played = player.labels.filter((text) => !text.startsWith("meta")).map((text, i) =>
    `${text}@${player.timestampsMs[i]}`
  );
  const from = played.indexOf(viewer.media[2]!);
  assertGreater(from, 0);
  const common = viewer.media.slice(2).slice(0, played.length - from);
  assertGreater(common.length, 50);
  assertEquals(common, played.slice(from, from + common.length));
  assertEquals(publisher.ended, "");
});

serverTest("viewers who come before their publisher are answered with its first frames", async () => {
  await using server = new WebServer();
  await using viewer = new FlvViewer(server.url(live));
  await sleep(200);
  assertEquals(viewer.status, 0);
  using _publisher = await Publisher.start(server.port, "s");
  await viewer.waitForFrames(10);
  assertEquals(viewer.labels.slice(0, 4), ["meta1", "VH2", "AH3", "K10"]);
  assertEquals([viewer.announced, viewer.breaks], ["av", []]);
});

serverTest("a stream that does not come is a 404 in JSON after owner_timeout", async () => {
  await using server = new WebServer({ vhost: "cluster { owner_timeout 300; }" });
  const startMs = performance.now();
  await using viewer = await FlvViewer.start(server.url(live), { headers: { origin: "http://a.example" } });
  await viewer.waitForEnd();
  assertGreater(performance.now() - startMs, 290);
  assertEquals([viewer.status, viewer.headers.get("content-type")], [404, "application/json"]);
  assertEquals(JSON.parse(viewer.text), { code: 404, message: "no server publishes /live/s (waited 300 ms)" });
  assertEquals(viewer.headers.get("access-control-allow-origin"), "*");
  assertEquals(server.holds, { connections: 0, clients: 0, streams: 0 });
});

serverTest("the answer is complete when the stream ends, and cut when the viewer is kicked", async () => {
  await using server = new WebServer();
  using publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live));
  await using kicked = await FlvViewer.start(server.url(live));
  await viewer.waitForFrames(20);
  const clients = [...server.server.registry.clients()];
  const entries = clients.filter(({ type }) => type === "flv-play");
  assertEquals(entries.map(({ ip, tcUrl, url }) => [ip, tcUrl, url.key]), [
    ["127.0.0.1", "rtmp://127.0.0.1/live", "/live/s"],
    ["127.0.0.1", "rtmp://127.0.0.1/live", "/live/s"],
  ]);
  assertGreater(entries[1]!.bytesOut(), 2000);
  const answer = await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/clients/${entries[1]!.id}`);
  const { client } = await answer.json();
  assertEquals([client.type, client.publish, client.name], ["flv-play", false, "s"]);
  entries[1]!.kick();
  await kicked.waitForEnd();
  assertEquals([kicked.ended, viewer.ended], ["cut", ""]);
  const last = publisher.sent.at(-1)!;
  publisher.unpublish();
  await viewer.waitForEnd();
  assertEquals([viewer.ended, viewer.labels.at(-1)], ["end", last]);
  viewer.end();
  await until("everybody is gone", () => server.holds.clients === 0);
  assertEquals(server.server.sources.find("/live/s")?.playerCount, 0);
});

serverTest("a viewer stays when another publisher takes the stream over", async () => {
  await using server = new WebServer({ vhost: "publish { on_conflict takeover; }" });
  using first = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live));
  await viewer.waitForFrames(20);
  // Other frames: the same ones again would count as a repetition.
  using _second = await Publisher.start(server.port, "s", 400);
  await until("the first is sent away", () => first.ended !== "");
  await viewer.waitForFrames(60);
  assertEquals(viewer.ended, "");
  const seam = viewer.frames.lastIndexOf(10);
  assertGreater(seam, 10);
  assertEquals(viewer.breaks, [10]);
});

serverTest("a viewer waits on when the publisher leaves before it has sent anything", async () => {
  await using server = new WebServer();
  await using viewer = new FlvViewer(server.url(live));
  {
    using silent = await Publisher.start(server.port, "s");
    silent.pause();
  }
  await until("the publisher is gone", () => server.holds.connections === 0);
  await sleep(100);
  assertEquals([viewer.status, viewer.ended], [0, ""]);
  using _publisher = await Publisher.start(server.port, "s");
  await viewer.waitForFrames(10);
});

serverTest("?only-audio and ?only-video leave the other out", async () => {
  await using server = new WebServer();
  using _publisher = await Publisher.start(server.port, "s");
  const kinds: Record<string, [announced: string, labels: RegExp]> = {
    "?only-audio": ["a", /^(meta1|AH3|A\d+)$/],
    "?x=y&only-audio=1": ["a", /^(meta1|AH3|A\d+)$/],
    "?only-video": ["v", /^(meta1|VH2|[KI]\d+)$/],
    "?only-video=off": ["av", /^(meta1|VH2|AH3|[KIA]\d+)$/],
    "?only-audio&only-video": ["av", /^(meta1|VH2|AH3|[KIA]\d+)$/],
  };
  for (const [query, [announced, labels]] of Object.entries(kinds)) {
    await using viewer = await FlvViewer.start(server.url(live + query));
    await viewer.waitForFrames(20);
    assertEquals(viewer.announced, announced, query);
    assertEquals(viewer.labels.filter((text) => !labels.test(text)), [], query);
  }
});

serverTest("has_audio and drop_if_not_match decide what the header says and what comes", async () => {
  const cases: [remux: string, announced: string, hasAudio: boolean][] = [
    ["guess_has_av on; has_audio off;", "av", true],
    ["guess_has_av off; has_audio off;", "v", false],
    ["guess_has_av off; has_audio off; drop_if_not_match off;", "v", true],
    ["guess_has_av off;", "av", true],
  ];
  for (const [remux, announced, hasAudio] of cases) {
    await using server = new WebServer({ remux });
    using _publisher = await Publisher.start(server.port, "s");
    await using viewer = await FlvViewer.start(server.url(live));
    await viewer.waitForFrames(20);
    assertEquals([viewer.announced, viewer.labels.some((text) => text.startsWith("A"))], [announced, hasAudio], remux);
  }
});

serverTest("a stream without media for a format is answered at once all the same", async () => {
  await using server = new WebServer({ remux: "mount [vhost]/[app]/[stream].mp3;" });
  using _publisher = await Publisher.start(server.port, "s");
  await until("the stream is there", () => server.server.sources.find("/live/s")?.hasAudio === true);
  const answer = await fetch(server.url("/live/s.mp3"), { signal: AbortSignal.timeout(3000) });
  assertEquals([answer.status, answer.headers.get("content-type")], [200, "audio/mpeg"]);
  await answer.body?.cancel();
});

serverTest("HEAD is answered as GET would be, without a body; other methods are not", async () => {
  await using server = new WebServer({ vhost: "cluster { owner_timeout 200; }" });
  const missing = await fetch(server.url(live), { method: "HEAD" });
  assertEquals([missing.status, await missing.text()], [404, ""]);
  using _publisher = await Publisher.start(server.port, "s");
  const head = await fetch(server.url(live), { method: "HEAD", headers: { origin: "http://a.example" } });
  assertEquals([head.status, head.headers.get("content-type"), await head.text()], [200, "video/x-flv", ""]);
  assertEquals(head.headers.get("access-control-allow-origin"), "*");
  const post = await fetch(server.url(live), { method: "POST" });
  assertEquals([post.status, post.headers.get("allow"), (await post.json()).code], [405, "GET", 405]);
  const options = await fetch(server.url(live), { method: "OPTIONS", headers: { origin: "http://a.example" } });
  assertEquals([options.status, options.headers.get("access-control-allow-methods")], [200, "*"]);
  await options.body?.cancel();
  await until("nobody is left", () => server.holds.clients === 1);
});

serverTest("pages of other hosts may play, unless crossdomain is off", async () => {
  for (const [http, allowed] of [["", "*"], ["crossdomain off;", null]] as const) {
    await using server = new WebServer({ http });
    using _publisher = await Publisher.start(server.port, "s");
    await using viewer = await FlvViewer.start(server.url(live), { headers: { origin: "http://a.example" } });
    assertEquals(viewer.headers.get("access-control-allow-origin"), allowed);
  }
});

serverTest("HTTP/1.0 gets the stream without chunks, up to the end of the connection", async () => {
  await using server = new WebServer();
  using publisher = await Publisher.start(server.port, "s");
  using client = await RawHttp.ask(server.webPort, `GET ${live} HTTP/1.0\r\n\r\n`);
  await client.has(/\r\n\r\nFLV/);
  assert(!/transfer-encoding/i.test(client.text));
  await sleep(400);
  publisher.unpublish();
  await client.waitForEnd();
  const reading = new FlvReading();
  reading.push(client.body);
  reading.end();
  assertEquals(reading.breaks, []);
  assertGreater(reading.frames.length, 10);
});

serverTest("a viewer that leaves is forgotten at once, and so is the log that it alone had", async () => {
  await using server = new WebServer();
  using _publisher = await Publisher.start(server.port, "s");
  const source = server.server.sources.find("/live/s")!;
  for (let i = 0; i < 10; i++) {
    const viewers = await Promise.all(
      ["", "", "?only-audio"].map((query) => FlvViewer.start(server.url(live + query))),
    );
    assertEquals(source.playerCount, 3);
    for (const viewer of viewers) await viewer[Symbol.asyncDispose]();
    await until("they are gone", () => source.playerCount === 0);
  }
  // Those who leave while they wait, too.
  const waiting = Array.from({ length: 20 }, () => new FlvViewer(server.url("/live/other.flv")));
  await until("they wait", () => server.server.sources.find("/live/other")?.playerCount === 20);
  for (const viewer of waiting) await viewer[Symbol.asyncDispose]();
  await until("nobody waits", () => server.server.sources.find("/live/other")?.playerCount === 0);
  assertEquals([server.holds.clients, server.http.viewerCount], [1, 0]);
  assertEquals(server.log.find("internalError"), []);
});

serverTest("a viewer that does not read jumps to the newest keyframe, others do not notice", async () => {
  await using server = new WebServer({ vhost: "play { queue_length 2; }" });
  using _publisher = await Publisher.start(server.port, "s", 200_000);
  await using healthy = await FlvViewer.start(server.url(live));
  using stalled = await RawHttp.dial(server.webPort);
  await stalled.send(`GET ${live} HTTP/1.1\r\nHost: h\r\n\r\n`);
  const entry = () => [...server.server.registry.clients()].find(({ dropped }) => dropped() > 0);
  await until("frames are dropped", () => entry() !== undefined, 15_000);
  assertMatch(server.log.find(" ms behind: dropped ")[0]!, /^warn player is \d+ ms behind: dropped \d+ packets/);
  stalled.listen();
  await until("it catches up", () => stalled.bytes.length > 8_000_000);
  const { labels, breaks } = readChunks(stalled.body);
  const gap = labels.findIndex((text, i) => i > 10 && text === "meta1");
  // Headers again, then a keyframe.
  assertEquals([labels[gap], labels[gap + 1], labels[gap + 2]], ["meta1", "AH3", "VH2"]);
  assertMatch(labels[gap + 3]!, /^K/);
  assertGreater(breaks.length, 0);
  assertEquals([healthy.breaks, healthy.ended], [[], ""]);
});

serverTest("max_connections bounds viewers; the API stays within reach", async () => {
  await using server = new WebServer({ root: "max_connections 3;" });
  using _publisher = await Publisher.start(server.port, "s");
  await using _first = await FlvViewer.start(server.url(live));
  await using _second = await FlvViewer.start(server.url(live));
  await using third = await FlvViewer.start(server.url(live));
  await third.waitForEnd();
  assertEquals([third.status, JSON.parse(third.text).code], [503, 503]);
  assertEquals(
    (await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/versions`).then((answer) => answer.json())).code,
    0,
  );
});

serverTest("a viewer is refused by the rules of the vhost, with a reason", async () => {
  await using server = new WebServer({ vhost: "security { enabled on; deny play 127.0.0.1; }" });
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live));
  await viewer.waitForEnd();
  assertEquals([viewer.status, JSON.parse(viewer.text).message], [
    403,
    "127.0.0.1 may not play: a deny rule forbids it (security)",
  ]);
  await using odd = await FlvViewer.start(server.url("/live/a%5Cb.flv"));
  await odd.waitForEnd();
  assertEquals(odd.status, 400);
});

serverTest("on_play is asked before a viewer is answered, on_stop told when it has left", async () => {
  const told: string[] = [];
  await using hook = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { action, stream, ip, pageUrl } = await request.json();
    told.push(`${action} ${stream} ${ip} ${pageUrl}`);
    return Response.json({ code: stream === "s" ? 0 : 1 });
  });
  const url = `http://127.0.0.1:${hook.addr.port}/`;
  await using server = new WebServer({ vhost: `http_hooks { enabled on; on_play ${url}; on_stop ${url}; }` });
  using _publisher = await Publisher.start(server.port, "s");
  await using refused = await FlvViewer.start(server.url("/live/other.flv"));
  await refused.waitForEnd();
  assertEquals([refused.status, JSON.parse(refused.text).message], [403, "refused by on_play"]);
  const viewer = await FlvViewer.start(server.url(live), { headers: { referer: "http://page.example/" } });
  await viewer.waitForFrames(5);
  await viewer[Symbol.asyncDispose]();
  await until("on_stop", () => told.length === 3);
  assertEquals(told, [
    "on_play other 127.0.0.1 ",
    "on_play s 127.0.0.1 http://page.example/",
    "on_stop s 127.0.0.1 undefined",
  ]);
});

serverTest("one port serves API, streams and files; the API's paths stay its own", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.mkdir(`${dir}/api`);
  await Deno.mkdir(`${dir}/live`);
  await Deno.writeTextFile(`${dir}/api/own.html`, "own");
  await Deno.writeTextFile(`${dir}/page.html`, "page");
  await Deno.writeTextFile(`${dir}/live/recorded.flv`, "a recording");
  const port = freePort();
  await using server = new WebServer({ dir, apiPort: port, webPort: port });
  using _publisher = await Publisher.start(server.port, "s");
  const get = async (path: string) => {
    const answer = await fetch(server.url(path));
    return [answer.status, await answer.text()] as const;
  };
  assertEquals(await get("/page.html"), [200, "page"]);
  assertEquals(await get("/api/own.html"), [200, "own"]);
  assertEquals(await get("/live/recorded.flv"), [200, "a recording"]);
  assertStringIncludes((await get("/api/v1/versions"))[1], '"code":0');
  assertStringIncludes((await get("/"))[1], '"urls"');
  await Deno.writeTextFile(`${dir}/index.html`, "front");
  assertEquals(await get("/"), [200, "front"]);
  assertEquals((await get("/none.html"))[0], 404);
  await using viewer = await FlvViewer.start(server.url(live));
  await viewer.waitForFrames(10);
  assertEquals(server.http.port, server.http.webPort);
  await Deno.remove(dir, { recursive: true });
});

serverTest("a stop cuts viewers at once; stopAccepting lets them stay", async () => {
  await using server = new WebServer();
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url(live));
  server.http.stopAccepting();
  await viewer.waitForFrames(20);
  const refused = await fetch(server.url(live)).then(() => "", (error) => error.constructor.name);
  assertEquals(refused, "TypeError");
  const startMs = performance.now();
  await server.http.stop();
  assertLess(performance.now() - startMs, 1000);
  await viewer.waitForEnd();
  assertEquals([viewer.ended, server.holds.clients], ["cut", 1]);
});

/** Takes a body apart that may still go on. */
function readChunks(body: Uint8Array): FlvReading {
  const reading = new FlvReading();
  for (let at = 0; at + 9 < body.length;) {
    const length = parseInt(new TextDecoder().decode(body.subarray(at, at + 7)), 16);
    if (at + 9 + length > body.length) break;
    reading.push(body.subarray(at + 9, at + 9 + length));
    at += 9 + length + 2;
  }
  return reading;
}
