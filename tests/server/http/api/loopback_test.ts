import { assert, assertEquals, assertMatch, assertThrows } from "../../../kit/assert.ts";
import { systemTimers } from "../../../../src/base/clock.ts";
import { networkOf } from "../../../../src/net/network.ts";
import { systemWorld } from "../../../../src/net/system_world.ts";
import { SrsError, type UpstreamError } from "../../../../src/base/errors.ts";
import { RtmpClient } from "../../../../src/upstream/client/rtmp_client.ts";
import { HttpServer } from "../../../../src/http/server.ts";
import { TcpConn } from "../../../../src/net/tcp_conn.ts";
import { MessageType } from "../../../../src/rtmp/message.ts";
import { Server } from "../../../../src/server/server.ts";
import { configOf, listLogger, mediaTags } from "../../../kit/peers/fake_server.ts";
import { WebServer } from "../../../kit/server/http_flv_rig.ts";
import { serverTest } from "../../../kit/server/rtmp_rig.ts";

type Body = Record<string, unknown>;

const freePort = { host: "127.0.0.1", port: 0, text: "0" };

/** An origin with its API on free ports, stopped at the end of the test. */
class Origin implements AsyncDisposable {
  readonly logged: string[] = [];
  readonly server: Server;
  readonly http: HttpServer;

  constructor(httpApi = "", vhost = "") {
    const config = configOf(`listen 1935; http_api { enabled on; ${httpApi} } vhost __defaultVhost__ { ${vhost} }`);
    const ports = { listen: [freePort], httpApi: { ...config.httpApi, listen: freePort } };
    this.server = new Server({ ...config, ...ports }, listLogger(this.logged, ""));
    this.server.start();
    this.http = new HttpServer(this.server);
    this.http.start();
  }

  get api(): string {
    return `http://127.0.0.1:${this.http.port}/api/v1`;
  }

  async get(path: string, init?: RequestInit): Promise<Body> {
    return await (await fetch(`${this.api}${path}`, init)).json();
  }

  /** Sends bytes to the API's port; the answer, or what of it came within 300 ms. */
  async raw(request: string | Uint8Array): Promise<string> {
    const { host, port } = { host: "127.0.0.1", port: this.http.port! };
    using tcp = await TcpConn.connect(systemWorld, { host, port, timeoutMs: 1000 });
    const timer = setTimeout(() => tcp.close(), 300);
    const bytes = typeof request === "string" ? new TextEncoder().encode(request) : request;
    const sent = (async () => {
      for (let at = 0; at < bytes.length;) at += await tcp.write(bytes.subarray(at));
    })().catch(() => {});
    let text = "";
    await tcp.readLoop((view) => {
      text += new TextDecoder().decode(view);
      if (isWhole(text)) tcp.close();
    }, { bufferBytes: 8192 });
    clearTimeout(timer);
    await sent;
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.http.stop();
    await this.server.stop();
  }
}

function isWhole(answer: string): boolean {
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1] ?? 0);
  const head = answer.indexOf("\r\n\r\n");
  return head >= 0 && answer.length >= head + 4 + length;
}

/** An RTMP client of the origin, by the driver that edges and push use. */
async function connect(origin: Origin, role: "play" | "publish") {
  const ready = Promise.withResolvers<void>();
  const media = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<UpstreamError>();
  const client = await RtmpClient.connect({
    host: "127.0.0.1",
    port: origin.server.rtmp.ports[0]!,
    connectTimeoutMs: 1000,
    handshakeTimeoutMs: 1000,
    timers: systemTimers,
    network: networkOf(systemWorld),
    session: {
      role,
      tcUrl: "rtmp://127.0.0.1/live",
      app: "live",
      name: "livestream",
      chunkSizeBytes: 60_000,
      handshake: "simple",
    },
  }, {
    // Not the first data message: that one says no more than that playing is allowed.
    onMedia: ({ typeId }) => typeId === MessageType.Video ? media.resolve() : undefined,
    onEvent: ({ kind }) => kind === "ready" ? ready.resolve() : undefined,
    onEnd: (error) => ended.resolve(error),
  });
  await ready.promise;
  return { client, media: media.promise, ended: ended.promise };
}

// Sources linger for some seconds after their last client; their timers outlive a test.

Deno.test("the API shows a real publisher and player, and kicks one after the other", async () => {
  await using origin = new Origin();
  const publisher = await connect(origin, "publish");
  using _publisher = publisher.client;
  for (const { type, timestampMs, payload } of mediaTags(40)) publisher.client.publish(type, timestampMs, payload);
  const player = await connect(origin, "play");
  using _player = player.client;
  await player.media;

  const clients = (await origin.get("/clients/")).clients as Body[];
  assertEquals(clients.map(({ type, publish, ip, name }) => [type, publish, ip, name]), [
    ["fmle-publish", true, "127.0.0.1", "livestream"],
    ["rtmp-play", false, "127.0.0.1", "livestream"],
  ]);
  const [stream] = (await origin.get("/streams/")).streams as Body[];
  assertEquals([stream?.clients, stream?.publish], [2, { active: true, cid: clients[0]?.id }]);
  assertEquals((stream?.video as Body).width, 768);
  assert(Number(stream?.recv_bytes) > 10_000 && Number(stream?.send_bytes) > 10_000);
  const summaries = (await origin.get("/summaries")).data as { system: Body };
  assertEquals(summaries.system.conn_srs, 2);

  assertEquals((await origin.get(`/clients/${clients[1]?.id}`, { method: "DELETE" })).code, 0);
  assertMatch((await player.ended).message, /closed the connection|reset/);
  const left = (await origin.get("/clients/")).clients as Body[];
  assertEquals(left.map(({ type }) => type), ["fmle-publish"]);

  assertEquals((await origin.get(`/clients/${clients[0]?.id}`, { method: "DELETE" })).code, 0);
  await publisher.ended;
  assertEquals((await origin.get("/streams/")).streams as Body[], []);
  assertEquals(origin.logged.filter((line) => /DELETE .* by 127\.0\.0\.1 \(this machine\)$/.test(line)).length, 2);
});

Deno.test("the API of an edge shows what it pulls, from where, and how much", async () => {
  await using origin = new Origin();
  const from = `127.0.0.1:${origin.server.rtmp.ports[0]}`;
  await using edge = new Origin("", `cluster { mode remote; origin ${from}; }`);
  const publisher = await connect(origin, "publish");
  using _publisher = publisher.client;
  for (const { type, timestampMs, payload } of mediaTags(40)) publisher.client.publish(type, timestampMs, payload);
  const player = await connect(edge, "play");
  using _player = player.client;
  await player.media;

  const { pulls, origins } = (await edge.get("/edges")).data as { pulls: Body[]; origins: Body[] };
  assertEquals(pulls, [
    { url: "/live/livestream", upstream: from, state: "playing", last_error: "", switches: 0, last_gap_ms: 0 },
  ]);
  assertEquals(origins, [{ origin: from, pulls: 1, failures: 0, rest_ms: 0, last_error: "", last_error_at: null }]);
  const [stream] = (await edge.get("/streams/")).streams as Body[];
  const { cid } = edge.server.pulls.states()[0]!;
  assertEquals([stream?.publish, stream?.clients], [{ active: true, cid }, 1]);
  assert(Number(stream?.frames) > 0 && Number(stream?.recv_bytes) > 10_000, JSON.stringify(stream));
  const [vhost] = (await edge.get("/vhosts/")).vhosts as Body[];
  assert(Number(vhost?.recv_bytes) >= Number(stream?.recv_bytes));
  const question = "vhost=__defaultVhost__&app=live&stream=livestream&coworker=127.0.0.1:1985";
  assert(((await edge.get(`/clusters?${question}`)).data as Body).origin !== null);
});

Deno.test("SRS's unencoded question for an owner is understood", async () => {
  await using origin = new Origin();
  const query = "vhost=__defaultVhost__&ip=127.0.0.1&app=live&stream=livestream.flv&coworker=127.0.0.1:9090";
  const ask = async (query: string) => {
    const answer = await origin.raw(
      `POST /api/v1/clusters?${query} HTTP/1.1\r\nHost: 127.0.0.1:9090\r\nConnection: Keep-Alive\r\n` +
        "Content-Type: application/json\r\nContent-Length: 0\r\nUser-Agent: SRS/7.0.18(Hang)\r\n\r\n",
    );
    assertMatch(answer, /^HTTP\/1\.1 200 /);
    assertMatch(answer, /\r\ncontent-length: \d/i);
    return JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4)).data;
  };
  assertEquals((await ask(query)).origin, null);
  const publisher = await connect(origin, "publish");
  using _publisher = publisher.client;
  const { origin: owner, instance } = await ask(query);
  assertEquals([owner.ip, owner.vhost, instance], ["127.0.0.1", "__defaultVhost__", origin.server.identity.serviceId]);
  // Deno 2.4 refuses quotes, angle brackets and unencoded UTF-8 before anybody sees them; 2.9 does not.
  const odd = "app=live&stream=a|{}\\^`[b+c&ip=[::1]";
  assertEquals((await ask(odd)).query, { ip: "[::1]", vhost: "", app: "live", stream: "a|{}\\^`[b+c" });
});

Deno.test("HEAD, OPTIONS and CORS work over a socket; unknown paths are 404 in JSON", async () => {
  await using origin = new Origin();
  const headers = { origin: "http://console.example" };
  const head = await fetch(`${origin.api}/versions`, { method: "HEAD", headers });
  assertEquals([head.status, await head.text(), head.headers.get("access-control-allow-origin")], [200, "", "*"]);
  const options = await fetch(`${origin.api}/clients/x`, { method: "OPTIONS", headers });
  assertEquals([options.status, await options.text()], [200, ""]);
  const unknown = await fetch(`${origin.api}/nothing`);
  assertEquals([unknown.status, unknown.headers.get("content-type")], [404, "application/json"]);
  assertEquals((await unknown.json()).code, 404);
  const followed = await fetch(`${origin.api}/clients?start=0`);
  assertEquals([followed.redirected, followed.url], [true, `${origin.api}/clients/?start=0`]);
  await followed.body?.cancel();
});

Deno.test("the API asks for the password that is configured", async () => {
  await using origin = new Origin("auth { enabled on; username admin; password se:cret; }");
  const refused = await fetch(`${origin.api}/versions`);
  assertEquals([refused.status, await refused.text()], [401, ""]);
  const authorization = `Basic ${btoa("admin:se:cret")}`;
  assertEquals((await origin.get("/versions", { headers: { authorization } })).code, 0);
});

const wrongInputs: [name: string, request: string | Uint8Array][] = [
  ["random bytes", crypto.getRandomValues(new Uint8Array(5000))],
  ["an RTMP handshake", new Uint8Array(1537).fill(3)],
  ["a header of 1 MB", `GET /api/v1/versions HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(1 << 20)}\r\n\r\n`],
  ["5000 headers", `GET /api/v1/versions HTTP/1.1\r\nHost: a\r\n${"X: y\r\n".repeat(5000)}\r\n`],
  ["an address of 100 KB", `GET /api/v1/clusters?${"a=b&".repeat(25_000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["an odd method", "BREW /api/v1/clients/ HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["CONNECT", "CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["an odd host", 'GET /api/v1/raw HTTP/1.1\r\nHost: a/api"<>?#\r\n\r\n'],
  [
    "bytes that are not UTF-8",
    Uint8Array.from("GET /api/v1/clusters?stream=\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n", (c) => c.charCodeAt(0)),
  ],
  [
    "a body announced and never sent",
    "POST /api/v1/clusters HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\nabc",
  ],
  [
    "a body of 3 MB",
    `POST /api/v1/clusters HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n${"z".repeat(3_000_000)}`,
  ],
  ["two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"],
  ["nothing at all", ""],
];

Deno.test("whatever comes to the API's port, others do not notice", async (t) => {
  await using origin = new Origin();
  const publisher = await connect(origin, "publish");
  using _publisher = publisher.client;
  for (const [name, request] of wrongInputs) {
    await t.step(name, async () => {
      const answer = await origin.raw(request);
      assert(answer === "" || /^HTTP\/1\.1 [2-4]\d\d /.test(answer), answer.slice(0, 200));
      assertEquals(((await origin.get("/clients/")).clients as Body[]).length, 1);
    });
  }
  assertEquals(origin.logged.filter((line) => /^(warn|error)/.test(line)), []);
});

Deno.test(
  "HttpServer stops at once though a client has sent half a request, and can start again",
  async () => {
    await using origin = new Origin();
    const port = origin.http.port!;
    using half = await Deno.connect({ hostname: "127.0.0.1", port });
    await half.write(new TextEncoder().encode("GET /api/v1/ver"));
    assertEquals((await origin.get("/versions")).code, 0);
    const startMs = performance.now();
    await origin.http.stop();
    assert(performance.now() - startMs < 1000);
    assertEquals(origin.http.port, null);
    assertEquals(await half.read(new Uint8Array(1)).catch(() => null), null);
    await origin.http.stop();
    origin.http.start();
    assertEquals((await origin.get("/versions")).code, 0);
  },
);

Deno.test(
  "HttpServer.start names an address that is taken, and does nothing when the API is off",
  async () => {
    await using origin = new Origin();
    const { config } = origin.server;
    const listen = { host: "127.0.0.1", port: origin.http.port!, text: String(origin.http.port) };
    const withApi = (httpApi: typeof config.httpApi) =>
      Object.create(origin.server, { config: { value: { ...config, httpApi } } });
    const taken = new HttpServer(withApi({ ...config.httpApi, listen }));
    const error = assertThrows(
      () => taken.start(),
      SrsError,
      `127.0.0.1:${listen.port} for the HTTP API: the address is in use`,
    );
    assertEquals([error.codeName, taken.port], ["SocketListen", null]);
    await taken.stop();
    const off = new HttpServer(withApi({ ...config.httpApi, listen, enabled: false }));
    off.start();
    assertEquals(off.port, null);
    await off.stop();
  },
);

serverTest("the HTTP server tells its version too, with JSONP, and none of the rest of the API", async () => {
  await using server = new WebServer();
  const version = await (await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/versions`)).text();
  assertEquals(await (await fetch(server.url("/api/v1/versions"))).text(), version);
  assertEquals(await (await fetch(server.url("/api/v1/versions?callback=f"))).text(), `f(${version})`);
  const other = await fetch(server.url("/api/v1/clients/"));
  await other.body?.cancel();
  assertEquals(other.status, 404);
});
