import { openPolicy } from "../../../../src/http/access/policy.ts";
import { worldAt } from "../../../kit/memory/world.ts";
import { assert, assertEquals, assertLess, assertMatch } from "../../../kit/assert.ts";
import { jsonResponse } from "../../../../src/http/envelope.ts";
import { HttpListener } from "../../../../src/http/listener.ts";
import { systemWorld } from "../../../../src/net/system_world.ts";
import { Router } from "../../../../src/http/router.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { TestLog } from "../../../kit/test_log.ts";
import { FlvViewer, RawHttp, WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, sleep, until } from "../../../kit/server/rtmp_rig.ts";

/** A listener that answers with the path, and its clock. */
class Echo implements AsyncDisposable {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  readonly listener: HttpListener;
  /** Ends the wait of those who ask for `/slow`. */
  readonly slow = Promise.withResolvers<void>();
  /** Requests so far. */
  asked = 0;

  constructor(maxConnections = 10, host = "127.0.0.1") {
    const policy = openPolicy;
    const router = new Router(
      [async ({ path }) => {
        this.asked++;
        if (path === "/slow") await this.slow.promise;
        if (path === "/broken") throw new Error("a fault in a handler");
        if (path === "/nothing") return new Response(null, { status: 204 });
        return jsonResponse({ path });
      }],
      () => policy,
      this.log,
    );
    const { timers, log } = this;
    this.listener = new HttpListener({
      name: "test",
      router,
      world: worldAt(timers),
      log,
      ports: systemWorld,
      maxConnections: () => maxConnections,
    });
    this.listener.start({ host, port: 0 });
  }

  get port(): number {
    return this.listener.port!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.listener.stop();
  }
}

/** Paths that were answered, in order. */
function pathsIn(text: string): string[] {
  return Array.from(text.matchAll(/\{"path":"([^"]*)"\}/g), (match) => match[1]!);
}

Deno.test("a connection serves one request after the other, sent at once or byte by byte", async () => {
  await using echo = new Echo();
  using client = await RawHttp.ask(echo.port, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  await client.has(/"\/1"/);
  await client.send(
    "GET /2 HTTP/1.1\r\nHost: h\r\n\r\nHEAD /3 HTTP/1.1\r\nHost: h\r\n\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n",
  );
  await client.has(/"\/4"/);
  for (const char of "\r\nGET /5 HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n") await client.send(char);
  await client.has(/"\/5"/);
  await client.send(
    "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\nGET /6 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\nGET /7",
  );
  await client.waitForEnd();
  assertEquals(pathsIn(client.text), ["/1", "/2", "/4", "/5", "/6"]);
  assertEquals(client.text.match(/HTTP\/1\.1 20[04]/g)?.length, 7);
  assertEquals(client.text.match(/content-length: 13\r/g)?.length, 6);
  assertEquals(client.text.match(/connection: close/g)?.length, 1);
  assertEquals(client.text.match(/\r\ndate: Thu, 01 Jan 1970 00:16:40 GMT\r\n/g)?.length, 7);
});

Deno.test("HTTP/1.0 keeps its connection only when it says so", async () => {
  await using echo = new Echo();
  using client = await RawHttp.ask(
    echo.port,
    "GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
  );
  await client.waitForEnd();
  assertEquals(pathsIn(client.text), ["/1", "/2"]);
  assertEquals(client.text.match(/connection: (?:close|keep-alive)/g), ["connection: keep-alive", "connection: close"]);
});

const bodies: [name: string, request: string][] = [
  ["announced and never sent", "Content-Length: 999999999\r\n\r\nabc"],
  ["of 3 MB", `Content-Length: 3000000\r\n\r\n${"z".repeat(3_000_000)}`],
  ["that looks like a request", "Content-Length: 27\r\n\r\nGET /hidden HTTP/1.0\r\n\r\n\r\n\r\n"],
  ["in chunks", "Transfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\n\r\n"],
];

for (const [name, rest] of bodies) {
  Deno.test(`a body ${name} is not read: the answer comes, then the end`, async () => {
    await using echo = new Echo();
    using client = await RawHttp.ask(echo.port, `POST /1 HTTP/1.1\r\nHost: h\r\n${rest}`);
    await client.waitForEnd();
    assertEquals(pathsIn(client.text), ["/1"]);
  });
}

Deno.test("what is no request is answered as that, and closed", async () => {
  await using echo = new Echo();
  const cases: [string | Uint8Array, RegExp][] = [
    [new Uint8Array(1537).fill(3), /^HTTP\/1\.1 400 /],
    [Uint8Array.of(22, 3, 1, 2, 0, 1), /^HTTP\/1\.1 400 /],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", /^HTTP\/1\.1 505 /],
    [`GET /${"a".repeat(40_000)} HTTP/1.1\r\nHost: h\r\n\r\n`, /^HTTP\/1\.1 431 /],
    [`GET / HTTP/1.1\r\nHost: h\r\n${"X: y\r\n".repeat(200)}\r\n`, /^HTTP\/1\.1 431 /],
    ["GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", /^HTTP\/1\.1 400 .*one valid Host/s],
  ];
  for (const [request, pattern] of cases) {
    using client = await RawHttp.ask(echo.port, request);
    await client.waitForEnd();
    assertMatch(client.text, pattern);
    assertMatch(client.text, /\r\nconnection: close\r\n/);
  }
});

Deno.test("a fault in a handler is an answer and a line in the log; the connection lives", async () => {
  await using echo = new Echo();
  using client = await RawHttp.ask(
    echo.port,
    "GET /broken HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n",
  );
  await client.has(/"\/2"/);
  assertMatch(client.text, /^HTTP\/1\.1 500 /);
  assertEquals(echo.log.find("a fault in a handler").length, 1);
});

Deno.test("a request must be whole in time, whatever trickles in; connections without one are closed", async () => {
  await using echo = new Echo();
  using idle = await RawHttp.ask(echo.port, "");
  using slow = await RawHttp.ask(echo.port, "GET /1 HTTP/1.1\r\nHost: h\r\nX: ");
  using blank = await RawHttp.ask(echo.port, "\r\n");
  using served = await RawHttp.ask(echo.port, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  await served.has(/"\/1"/);
  for (let i = 0; i < 15; i++) {
    echo.timers.advance(900);
    await slow.send("a");
    await blank.send("\r\n");
    if (i === 10) {
      await served.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
      await served.has(/"\/2"/);
    }
  }
  assertEquals([idle.closed, slow.closed, blank.closed, served.closed], [false, false, false, false]);
  echo.timers.advance(3000);
  await until("they are closed", () => idle.closed && slow.closed && blank.closed);
  assertEquals([slow.text, served.closed], ["", false]);
});

Deno.test("connections beyond the bound are closed, and the next is served when one has its answer", async () => {
  await using echo = new Echo(3);
  const ask = (path: string) => RawHttp.ask(echo.port, `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  const clients = await Promise.all([1, 2, 3].map(() => ask("/slow")));
  await sleep(50);
  using refused = await ask("/4");
  await refused.waitForEnd();
  assertEquals(refused.text, "");
  echo.slow.resolve();
  await clients[2]!.has(/"\/slow"/);
  using served = await ask("/5");
  await served.has(/"\/5"/);
  await until("the oldest without a request gave way", () => clients.filter(({ closed }) => closed).length === 1);
  echo.timers.advance(1000);
  await until("it is logged", () => echo.log.find("1 connections refused: max_connections").length === 1);
  for (const client of clients) client[Symbol.dispose]();
});

Deno.test("an address whose answers do not get on keeps nobody else out: its oldest connection gives way", async () => {
  await using echo = new Echo(3, "::");
  using stack = new DisposableStack();
  const ask = async (hostname: string, path: string) => {
    const request = `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
    return stack.use(await RawHttp.ask(echo.port, request, hostname));
  };
  const greedy = await Promise.all([1, 2, 3].map(() => ask("127.0.0.1", "/slow")));
  await until("all three are asked", () => echo.asked === 3);
  const own = await ask("127.0.0.1", "/own");
  await until("one more of the address is refused", () => own.closed);
  const other = await ask("::1", "/other");
  await until("another one is served", () => other.text.includes('"/other"'));
  assertEquals(greedy.filter(({ closed }) => closed).length, 1);
  echo.slow.resolve();
  await until("those that stayed are served", () => greedy.filter(({ text }) => text.includes('"/slow"')).length === 2);
});

const outside = [
  "/../secret.txt",
  "/..%2fsecret.txt",
  "/%2e%2e/secret.txt",
  "/%2e%2e%2fsecret.txt",
  "/..%5csecret.txt",
  "/..\\secret.txt",
  "/%2e%2e%5csecret.txt",
  "/sub/../../secret.txt",
  "/sub/%2e%2e/%2e%2e/secret.txt",
  "/....//secret.txt",
  "/%252e%252e/secret.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/link.txt",
  "/up/secret.txt",
  "//secret.txt",
  "/page.html%00.txt",
  "/page.html\\",
  "/.hidden",
  "http://h/../secret.txt",
  "file:///etc/passwd",
  "/etc/passwd",
  "//etc/passwd",
  "*",
];

serverTest("no path leads out of http_server.dir", async () => {
  const top = await Deno.makeTempDir();
  await Deno.mkdir(`${top}/www/sub`, { recursive: true });
  await Deno.writeTextFile(`${top}/secret.txt`, "top secret");
  await Deno.writeTextFile(`${top}/www/.hidden`, "top secret");
  await Deno.writeTextFile(`${top}/www/page.html`, "page");
  await Deno.symlink(`${top}/secret.txt`, `${top}/www/link.txt`);
  await Deno.symlink(top, `${top}/www/up`);
  await using server = new WebServer({ dir: `${top}/www` });
  for (const path of outside) {
    using client = await RawHttp.ask(server.webPort, `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    await client.waitForEnd();
    assertMatch(client.text, /^HTTP\/1\.1 40[04] /, path);
    assert(!client.text.includes("top secret"), path);
  }
  using page = await RawHttp.ask(server.webPort, "GET /page.html HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  await page.waitForEnd();
  assertMatch(page.text, /^HTTP\/1\.1 200 .*\r\n\r\npage$/s);
  assertEquals(server.log.lines.filter((line) => /^(warn|error)/.test(line)), []);
  await Deno.remove(top, { recursive: true });
});

serverTest("a name cannot bring headers into a redirect, nor lines into the log", async () => {
  await using server = new WebServer({
    vhost: "cluster { origin_cluster on; coworkers 127.0.0.1:1; owner_timeout 100; }",
  });
  const odd = "/live/a%0d%0aSet-Cookie:%20x=1%0d%0a%1b%5b2J.flv";
  const folder = "/x%0d%0aSet-Cookie:%20x=1";
  for (const path of [odd, folder, `/live/s.flv?x=%0d%0aSet-Cookie:%20y=1`]) {
    using client = await RawHttp.ask(server.webPort, `GET ${path} HTTP/1.1\r\nHost: h\r\nUser-Agent: curl\r\n\r\n`);
    await client.has(/\r\n\r\n/);
    assert(!/^set-cookie/im.test(client.text), client.text);
  }
  assert(server.log.lines.every((line) => !/\p{Cc}/u.test(line)));
});

serverTest("hostile clients on the port of the streams leave viewers alone", async () => {
  await using server = new WebServer();
  using _publisher = await Publisher.start(server.port, "s");
  await using viewer = await FlvViewer.start(server.url("/live/s.flv"));
  await viewer.waitForFrames(10);
  for (let round = 0; round < 30; round++) {
    const noise = crypto.getRandomValues(new Uint8Array(3000));
    noise[0] = 65 + round % 26;
    using client = await RawHttp.ask(server.webPort, noise);
    if (round % 3 === 0) await client.send("\r\n\r\n");
  }
  // Half a request each, and they stay.
  const half = await Promise.all(Array.from({ length: 100 }, () => RawHttp.ask(server.webPort, "GET /live/s.flv HT")));
  const startMs = performance.now();
  await viewer.waitForFrames(20);
  assertLess(performance.now() - startMs, 2000);
  assertEquals([viewer.breaks, viewer.ended], [[], ""]);
  for (const client of half) client[Symbol.dispose]();
  assertEquals(server.log.lines.filter((line) => /internalError|^error/.test(line)), []);
});
