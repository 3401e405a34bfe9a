import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "../../kit/assert.ts";
import { MemoryHttp } from "../../kit/memory/memory_http.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { type MemoryFile, MemoryServer } from "../../kit/memory/memory_server.ts";
import { HlsClient, HlsPublisher, listedSegments } from "../../kit/server/memory_hls.ts";

/** One origin with a publisher who has been there for a while. */
async function stage(rows: string, { seconds = 10, ...file }: MemoryFile & { seconds?: number } = {}) {
  const network = new MemoryNetwork();
  const vhost = `hls { enabled on; hls_fragment 2; ${rows.includes("hls_window") ? "" : "hls_window 10;"} ${rows} } ${
    file.vhost ?? ""
  }`;
  const server = new MemoryServer(network, "10.0.0.1", { ...file, vhost });
  const encoder = network.host("10.0.1.1");
  const publisher = await HlsPublisher.begin(encoder, "10.0.0.1:1935", "s");
  await network.run(seconds * 1000);
  const client = new HlsClient(network, "10.0.2.1", "10.0.0.1:8080");
  const head = async (target: string, headers: string[] = [], method = "GET") => {
    const asked = await MemoryHttp.ask(method, network.host("10.0.2.2"), "10.0.0.1:8080", target, headers);
    for (let i = 0; i < 50 && asked.status === 0; i++) {
      await network.run(100);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    asked[Symbol.dispose]();
    return asked.text;
  };
  const newest = async () => listedSegments((await client.get("/live/s.m3u8")).text).at(-1)!;
  const end = async () => {
    publisher[Symbol.dispose]();
    await server.stop();
  };
  return { network, server, encoder, publisher, client, head, newest, end };
}

const players = ({ server }: MemoryServer) => [...server.registry.clients()].filter(({ type }) => type === "hls-play");

Deno.test("hls_ctx: a viewer is a session, in the book of clients until 2 x window after its last request", async () => {
  const { network, server, client, end } = await stage("");
  const master = await client.get("/live/s.m3u8?token=a%20b");
  const [, ctx = ""] = /^s\.m3u8\?token=a%20b&hls_ctx=([0-9a-f]{32})$/m.exec(master.text) ?? [];
  assert(ctx !== "", master.text);
  const [entry] = players(server);
  assertEquals([entry?.url.key, entry?.ip, entry?.url.query], ["/live/s", "10.0.2.1", "?token=a%20b"]);
  assert(entry!.id !== ctx, "the API does not tell the id that lets in");
  const list = await client.get(`/live/s.m3u8?hls_ctx=${ctx}`);
  const segments = listedSegments(list.text);
  assert(segments.every(({ address }) => address.endsWith(`.ts?hls_ctx=${ctx}`)), list.text);
  const segment = await client.get(`/live/${segments[0]!.address}`);
  assertEquals(segment.bytes[0], 0x47);
  assertLess(segment.bytes.length, players(server)[0]!.bytesOut());

  await network.run(19_000);
  assertEquals(players(server).length, 1);
  await network.run(3000);
  assertEquals(players(server).length, 0);
  await end();
});

Deno.test("hls_ctx: who was kicked stays out; ids of other streams and made-up ones let nobody in", async () => {
  const { server, client, end } = await stage("");
  const [, ctx = ""] = /hls_ctx=(\w+)/.exec((await client.get("/live/s.m3u8")).text) ?? [];
  assertEquals((await client.get(`/live/other.m3u8?hls_ctx=${ctx}`)).status, 403);
  players(server)[0]!.kick();
  assertEquals((await client.get(`/live/s.m3u8?hls_ctx=${ctx}`)).status, 403);
  assertEquals(players(server).length, 0);
  for (const id of ["1", "a".repeat(31), "g".repeat(32), "%00", "a".repeat(4000)]) {
    assertEquals((await client.get(`/live/s.m3u8?hls_ctx=${id}`)).status, 403, id);
  }
  // As another server would have given it.
  assertEquals((await client.get(`/live/s.m3u8?hls_ctx=${"a".repeat(32)}`)).status, 200);
  assertEquals(players(server).length, 1);
  await end();
});

Deno.test("hls_ctx: one address has no more sessions than max_connections_per_ip says", async () => {
  const { client, server, end } = await stage("", { root: "max_connections_per_ip 3;" });
  for (let i = 0; i < 3; i++) assertEquals((await client.get("/live/s.m3u8")).status, 200);
  assertEquals((await client.get("/live/s.m3u8")).status, 503);
  assertEquals(players(server).length, 3);
  await end();
});

Deno.test("a stream that nobody has is a 404 within owner_timeout, and nothing of it is left", async () => {
  const { network, server, client, end } = await stage("", { vhost: "cluster { owner_timeout 3000; }" });
  const fromMs = network.timers.nowMs();
  assertEquals((await client.get("/live/nobody.m3u8")).status, 404);
  assertLess(network.timers.nowMs() - fromMs, 3200);
  assertEquals([server.server.hls.streamCount, server.server.hls.sessions.count], [1, 0]);
  assertEquals((await client.get("/live/nobody-5.ts")).status, 404);
  assertEquals(server.server.hls.streamCount, 1);
  await end();
});

Deno.test("security and signed addresses hold for each request", async () => {
  const shut = await stage("", {
    vhost: "security { enabled on; allow publish all; deny play 10.0.2.1; allow play 10.0.2.2; }",
  });
  assertEquals((await shut.client.get("/live/s.m3u8")).status, 403);
  assertEquals((await shut.client.get("/live/s-1.ts")).status, 403);
  await shut.end();
  const signed = await stage("hls_ctx off;", { vhost: "signed_url { play on; key secret; }" });
  assertEquals((await signed.client.get("/live/s.m3u8")).status, 403);
  assertEquals((await signed.client.get("/live/s.m3u8?expire=99999999999&sign=00")).status, 403);
  await signed.end();
});

Deno.test("what caches and browsers need: ranges, HEAD, ETag, gzip, other origins, and how long it is good", async () => {
  const { head, newest, end } = await stage("hls_ctx off;");
  const { address } = await newest();
  const whole = await head(`/live/${address}`);
  assertStringIncludes(whole, "cache-control: public, max-age=31536000, immutable");
  assertStringIncludes(whole, "content-type: video/MP2T");
  const [, length = ""] = /content-length: (\d+)/.exec(whole) ?? [];
  const [, etag = ""] = /etag: (\S+)/.exec(whole) ?? [];
  const part = await head(`/live/${address}`, ["Range: bytes=188-375"]);
  assertStringIncludes(part, "206 Partial Content");
  assertStringIncludes(part, `content-range: bytes 188-375/${length}`);
  assertStringIncludes(part, "content-length: 188");
  assertStringIncludes(await head(`/live/${address}`, ["Range: bytes=99999999-"]), "416");
  assertStringIncludes(await head(`/live/${address}`, [`If-None-Match: ${etag}`]), "304 Not Modified");
  const only = await head(`/live/${address}`, [], "HEAD");
  assertMatch(only, new RegExp(`content-length: ${length}[\\s\\S]*\\r\\n\\r\\n$`));
  assertStringIncludes(await head(`/live/${address}`, [], "POST"), "405");
  const list = await head("/live/s.m3u8", ["Origin: http://page", "Accept-Encoding: br, gzip;q=0.5"]);
  assertStringIncludes(list.toLowerCase(), "access-control-allow-origin: *");
  assertStringIncludes(list, "content-encoding: gzip");
  assertStringIncludes(list, "cache-control: max-age=1\r\n");
  assertStringIncludes(list, "vary: accept-encoding");
  assert(!(await head("/live/s.m3u8", ["Accept-Encoding: gzip;q=0"])).includes("content-encoding"));
  await end();
});

Deno.test("a playlist of one viewer's own is compressed where it is long; parameters mean nothing but themselves", async () => {
  const { head, client, end } = await stage("hls_window 70;", { seconds: 80 });
  const path = `/live/s.m3u8?hls_ctx=${"a".repeat(32)}`;
  const zipped = await head(path, ["Accept-Encoding: gzip"]);
  assertStringIncludes(zipped, "content-encoding: gzip");
  const plain = await client.get(path);
  assertLess(4096, plain.bytes.length);
  assertLess(Number(/content-length: (\d+)/.exec(zipped)?.[1]), plain.bytes.length / 3);
  // Of `$` with a backquote, replacements made all that stood before it, for each of the addresses.
  const odd = await client.get(`/live/s.m3u8?hls_ctx=${"a".repeat(32)}&vhost=${"$`$'$&".repeat(100)}`);
  assertEquals(odd.status, 200);
  assertLess(odd.bytes.length, plain.bytes.length + listedSegments(plain.text).length * 800);
  await end();
  const short = await stage("");
  const list = await short.head(path, ["Accept-Encoding: gzip"]);
  assertStringIncludes(list, "vary: accept-encoding");
  assert(!list.includes("content-encoding"), list);
  await short.end();
});

Deno.test("blocking reload: waits for the part, refuses nonsense, and gives up where the stream stands still", async () => {
  const { network, client, publisher, server, end } = await stage("hls_ctx off; hls_low_latency on;");
  const { text } = await client.get("/live/s.m3u8");
  const [, number = "", part = ""] = /HINT:.*s-(\d+)\.(\d+)\.m4s/.exec(text) ?? [];
  const next = await client.get(`/live/s.m3u8?_HLS_msn=${number}&_HLS_part=${part}`);
  assertStringIncludes(next.text, `s-${number}.${part}.m4s"`);
  const [, hint = ""] = /HINT:.*URI="([^"]+)"/.exec((await client.get("/live/s.m3u8")).text) ?? [];
  const hinted = await client.get(`/live/${hint}`);
  assertEquals([hinted.status, hinted.bytes.length > 0], [200, true]);
  const nonsense = [
    "_HLS_msn=1e18",
    "_HLS_msn=999999999999999999999",
    "_HLS_msn=-1",
    "_HLS_part=1",
    "_HLS_msn=5&_HLS_part=x",
    `_HLS_msn=${Number(number) + 3}`,
    "_HLS_msn=0x10",
    "_HLS_msn=%00",
  ];
  for (const query of nonsense) assertEquals((await client.get(`/live/s.m3u8?${query}`)).status, 400, query);
  const delta = await client.get("/live/s.m3u8?_HLS_skip=YES");
  assertEquals(delta.status, 200);

  publisher.fallSilent();
  publisher[Symbol.dispose]();
  await network.run(500);
  const fromMs = network.timers.nowMs();
  const stuck = await client.get(`/live/s.m3u8?_HLS_msn=${Number(number) + 2}`);
  assertEquals([stuck.status, network.timers.nowMs() - fromMs < 7000], [503, true]);
  assertEquals(server.server.hls.find("/live/s")!.waiters.count, 0);
  await end();
});

Deno.test("odd paths reach nothing", async () => {
  const { client, head, end } = await stage("hls_ctx off;", { vhost: "cluster { owner_timeout 1; }" });
  for (
    const path of [
      "/live/../s.m3u8",
      "/live/%2e%2e/s.m3u8",
      "/live/s-99999999999999999.ts",
      "/live/s-1.1.ts",
      "//s.m3u8",
      "/live/s-init-0.mp4",
      "/live/s/init.mp4",
      "/live/s-1.m4s",
      "/live/%00.m3u8",
      "/live/s%2f..%2fx.m3u8",
    ]
  ) {
    const status = Number(/ (\d+)/.exec(await head(path))?.[1]);
    assert(status === 404 || status === 400, `${path}: ${status}`);
  }
  assertEquals((await client.get("/live/s.m3u8")).status, 200);
  await end();
});

Deno.test("thousands of blocked reloads are bounded by max_connections, end with their clients, and others are served", async () => {
  const { network, server, client, publisher, end } = await stage("hls_ctx off; hls_low_latency on;", {
    root: "max_connections 300;",
  });
  const [, number = ""] = /HINT:.*s-(\d+)\./.exec((await client.get("/live/s.m3u8")).text) ?? [];
  publisher.fallSilent();
  const asked: MemoryHttp[] = [];
  for (let i = 0; i < 2000; i++) {
    const host = network.host(`10.1.${i >> 8}.${i & 255}`);
    asked.push(
      await MemoryHttp.get(host, "10.0.0.1:8080", `/live/s.m3u8?_HLS_msn=${Number(number) + 1}`).catch(() => null!),
    );
    if (i % 100 === 0) await network.run(1);
  }
  await network.run(10);
  const { waiters } = server.server.hls.find("/live/s")!;
  assert(waiters.count > 100 && waiters.count <= 300, `${waiters.count} wait`);
  for (const one of asked.slice(0, 1900)) one?.[Symbol.dispose]();
  await network.run(100);
  assertLess(waiters.count, 150);
  assertEquals((await client.get("/live/s.m3u8")).status, 200);
  for (const one of asked) one?.[Symbol.dispose]();
  await network.run(100);
  assertEquals(waiters.count, 0);
  await end();
});

Deno.test("the playlist goes on when the publisher comes back, and is gone hls_dispose after it has not", async () => {
  const { network, client, publisher, encoder, server, newest, end } = await stage(
    "hls_ctx off; hls_dispose 20; hls_window 40;",
  );
  const before = await newest();
  publisher[Symbol.dispose]();
  await network.run(5000);
  assertEquals((await client.get("/live/s.m3u8")).status, 200);
  const second = await HlsPublisher.begin(encoder, "10.0.0.1:1935", "s", 2);
  await network.run(7000);
  const { text } = await client.get("/live/s.m3u8");
  assert(listedSegments(text)[0]!.number <= before.number, "what was listed is still listed");
  assert(listedSegments(text).at(-1)!.number > before.number);
  assertEquals(text.match(/#EXT-X-DISCONTINUITY$/gm)?.length, 1, text);
  second[Symbol.dispose]();
  // However many there are who ask.
  for (let i = 0; i < 10; i++) {
    await network.run(1500);
    assertEquals((await client.get("/live/s.m3u8")).status, 200);
  }
  await network.run(6000);
  assertEquals(server.server.hls.streamCount, 0);
  await end();
});

Deno.test("an edge pulls from the first request on, and lets go 2 x window after the last", async () => {
  const { network, end } = await stage("hls_ctx off;");
  const edge = new MemoryServer(network, "10.0.0.3", {
    vhost:
      "cluster { mode remote; origin 10.0.0.1:1935; linger 0; } hls { enabled on; hls_fragment 2; hls_window 10; hls_ctx off; }",
  });
  await network.run(1000);
  assertEquals(edge.server.pulls.states().length, 0);
  const client = new HlsClient(network, "10.0.2.1", "10.0.0.3:8080");
  assertEquals((await client.get("/live/s.m3u8")).status, 200);
  assertEquals(edge.server.pulls.states().length, 1);
  await network.run(19_000);
  assertEquals(edge.server.pulls.states().length, 1);
  await network.run(5000);
  assertEquals([edge.server.pulls.states().length, edge.server.hls.streamCount], [0, 0]);
  await edge.stop();
  await end();
});

Deno.test("a server that drains takes no new sessions, and goes on with those it has", async () => {
  const { server, client, end } = await stage("");
  const [, ctx = ""] = /hls_ctx=(\w+)/.exec((await client.get("/live/s.m3u8")).text) ?? [];
  server.server.drain.begin();
  assertEquals((await client.get("/live/s.m3u8")).status, 503);
  assertEquals((await client.get(`/live/s.m3u8?hls_ctx=${ctx}`)).status, 200);
  await end();
});

Deno.test("segments of all streams together are bounded: what has least use ends first", async () => {
  const { network, server, client, encoder, publisher, end } = await stage("hls_ctx off; hls_window 60;");
  using _second = await HlsPublisher.begin(encoder, "10.0.0.1:1935", "t");
  await network.run(8000);
  assertEquals((await client.get("/live/t.m3u8")).status, 200);
  const { hls } = server.server;
  hls.maxBytes = Math.round(hls.bytes * 1.2);
  publisher[Symbol.dispose]();
  await network.run(12_000);
  assertEquals([hls.find("/live/s"), hls.find("/live/t") === undefined], [undefined, false]);
  assertEquals(server.log.find("HLS of /live/s ends").length, 1);
  assert(hls.bytes <= hls.maxBytes);
  await end();
});
