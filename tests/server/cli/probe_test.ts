import { assertEquals, assertLess, assertMatch, assertRejects, assertStringIncludes } from "../../kit/assert.ts";
import { UsageError } from "../../../src/cli/parse_args.ts";
import { probeCommand } from "../../../src/cli/probe/probe.ts";
import type { RtmpMessage } from "../../../src/rtmp/message.ts";
import { acceptAll } from "../../kit/peers/peers.ts";
import { tags } from "../../kit/media/flv_tags.ts";
import type { FlvTag } from "../../../src/flv/tag.ts";
import { probe, redirecting } from "../../kit/server/probe_rig.ts";
import { closedPort, FakeServer, RawServer, run, until } from "../../kit/server/push_rig.ts";

function messageOf({ type, timestampMs, payload }: FlvTag): RtmpMessage {
  return { csid: 6, typeId: type, msid: 1, timestampMs, payload };
}

Deno.test("probe takes the headers of a publisher that left for no stream", async () => {
  using server = new FakeServer((request, session, self) => {
    acceptAll(request, session);
    if (request.kind === "play") setTimeout(() => self.send(messageOf(tags.videoHeader(0))), 20);
  });
  const report = await probe("--timeout", "300", server.url());
  assertEquals([report.found, report.status, report.servers[0]?.result], [false, 1, "silent"]);
});

Deno.test("probe reports what it measured when the publisher leaves", async () => {
  using server = new FakeServer((request, session, self) => {
    acceptAll(request, session);
    if (request.kind !== "play") return;
    setTimeout(async () => {
      for (const tag of [tags.keyframe(0), tags.frame(40), tags.keyframe(80)]) await self.send(messageOf(tag));
      self.hangUp();
    }, 20);
  });
  const report = await probe(server.url());
  assertEquals([report.status, report.video?.frames, report.video?.frameRate], [0, 3, 25]);
  assertMatch(report.servers[0]!.error!, /^the (server closed the connection|connection was reset)$/);
  assertLess(report.measuredMs, 2000);
});

/** Servers that are none, the step at which that shows, and words of the message and of the advice. */
const oddities: [
  what: string,
  serve: (conn: Deno.TcpConn) => Promise<unknown> | void,
  step: string,
  words: RegExp,
  hint: RegExp,
][] = [
  ["is silent", () => {}, "handshake", /no answer to the handshake within/, /no RTMP server listens there/],
  [
    "hangs up at once",
    (conn) => conn.close(),
    "handshake",
    /closed the connection|was reset/,
    /no RTMP server listens there/,
  ],
  ["sends garbage", (conn) => conn.write(new Uint8Array(4000).fill(0xaa)), "handshake", /S0 is 0xaa/, /check the port/],
  [
    "speaks HTTP",
    (conn) => conn.write(new TextEncoder().encode("HTTP/1.1 400\r\n\r\n")),
    "handshake",
    /HTTP/,
    /HTTP port/,
  ],
  [
    "speaks TLS",
    (conn) => conn.write(Uint8Array.of(0x15, 3, 1, 0, 2, 2, 70)),
    "handshake",
    /S0 is 0x15/,
    /TLS port/,
  ],
  ["stops within the handshake", (conn) => conn.write(new Uint8Array(1000).fill(3)), "handshake", /no answer/, /RTMP/],
  [
    "hangs up within the handshake",
    async (conn) => {
      await conn.write(new Uint8Array(1000).fill(3));
      conn.close();
    },
    "handshake",
    /closed the connection|was reset/,
    /RTMP/,
  ],
];

for (const [what, serve, step, words, hint] of oddities) {
  Deno.test(`probe ends with a reason when the server ${what}`, async () => {
    using server = new RawServer(serve);
    const report = await probe("--timeout", "300", server.url());
    assertEquals([report.status, report.error?.step], [3, step]);
    assertMatch(report.error!.message, words);
    assertMatch(report.error!.hint, hint);
  });
}

Deno.test("probe ends with a reason when a server shakes hands and then says nothing, or no", async () => {
  using silent = new FakeServer(() => {});
  const quiet = await probe("--timeout", "300", silent.url());
  assertEquals([quiet.status, quiet.error?.step], [1, "connect"]);
  assertMatch(quiet.error!.message, /no answer to the connect within/);
  using strict = new FakeServer((request, session) => session.reject(request.id, "connectRejected", "no such app"));
  const rejected = await probe(strict.url());
  assertEquals([rejected.status, rejected.error?.step], [1, "connect"]);
  assertEquals(rejected.error?.message, "NetConnection.Connect.Rejected: no such app");
});

Deno.test("probe tells when nobody listens", async () => {
  const report = await probe(`rtmp://127.0.0.1:${closedPort()}/live/s`);
  assertEquals([report.status, report.error?.step, report.servers.length], [3, "tcp", 1]);
  assertMatch(report.error!.message, /connection refused/);
  assertMatch(report.error!.hint, /is the server running/);
});

Deno.test("probe stops at a redirect that leads nowhere", async () => {
  const cases: [what: string, url: (own: FakeServer) => string, servers: number, message: RegExp][] = [
    ["to itself", (own) => own.url(), 1, /that server was already asked/],
    ["to a dead server", () => `rtmp://127.0.0.1:${closedPort()}/live/s`, 2, /connection refused/],
    ["to no address", () => "http://x/", 1, /it is not an RTMP address/],
  ];
  for (const [what, url, servers, message] of cases) {
    using server: FakeServer = redirecting(() => url(server));
    const report = await probe(server.url());
    assertEquals([report.status, report.servers.length], [1, servers], what);
    assertMatch(report.error!.message, message);
  }
});

Deno.test("probe --api asks every coworker and tells each answer", async () => {
  using silent = new RawServer(() => {});
  using rtmp = new FakeServer();
  const answers: Record<string, unknown> = {
    has: { code: 0, data: { origin: { ip: "10.0.0.7", port: 19350 } } },
    not: { code: 0, data: { origin: null } },
    odd: { code: 0, data: { origin: { ip: "10.0.0.7; rm", port: "x" } } },
  };
  const seen: string[] = [];
  await using http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { searchParams, pathname } = new URL(request.url);
    const [host = ""] = (searchParams.get("coworker") ?? "").split(".");
    seen.push(`${request.method} ${pathname} ${searchParams.get("app")}/${searchParams.get("stream")}`);
    return Response.json(answers[host] ?? answers.has);
  });
  const port = http.addr.port;
  const apis = [`127.0.0.1:${port}`, `127.0.0.1:${closedPort()}`, `127.0.0.1:${rtmp.port}`, `127.0.0.1:${silent.port}`];
  const report = await probe("--timeout", "400", "--api", apis.join(","), `rtmp://127.0.0.1:${closedPort()}/live/s`);
  assertEquals(report.status, 3);
  // The server's own line names the address.
  assertEquals(report.servers.map(({ error }) => error), ["connection refused, nothing listens there"]);
  assertEquals(report.api.map(({ api }) => api), apis);
  assertEquals(report.api.map(({ owner }) => owner), ["10.0.0.7:19350", null, null, null]);
  const [, refused, foreign, slow] = report.api.map(({ error }) => error ?? "");
  assertEquals(refused, "connection refused, nothing listens there");
  assertEquals(foreign, "no HTTP server listens there");
  assertEquals(slow, "no answer within 400 ms");
  assertEquals(seen, ["POST /api/v1/clusters live/s", "GET /api/v1/edges null/null"]);

  const running = run(probeCommand, "--api", apis[1]!, "--api", apis[0]!, `rtmp://127.0.0.1:${closedPort()}/live/s`);
  assertEquals(await running.status, 3);
  assertStringIncludes(running.out, `API ${apis[1]} `);
  assertMatch(running.out, new RegExp(`API ${apis[0]} \\d+ ms, has it on 10.0.0.7:19350\n`));
});

Deno.test("probe --user shows name and password to each API, and says where one lacks", async () => {
  const seen: (string | null)[] = [];
  await using http = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const proof = request.headers.get("authorization");
    seen.push(proof);
    return proof === `Basic ${btoa("admin:a:b")}`
      ? Response.json({ code: 0, data: { origin: null } })
      : new Response("", { status: 401 });
  });
  const words = ["--api", `127.0.0.1:${http.addr.port}`, `rtmp://127.0.0.1:${closedPort()}/live/s`];
  assertEquals((await probe(...words)).api[0]?.error, "asks for a password: give it with --user NAME:PASSWORD");
  assertEquals((await probe("--user", "admin:x", ...words)).api[0]?.error, "refuses --user");
  assertEquals((await probe("--user", "admin:a:b", ...words)).api[0]?.error, null);
  assertEquals(seen.length, 4);
});

Deno.test("probe --watch comes back when it loses the stream, and tells the gap", async () => {
  let plays = 0;
  using server = new FakeServer((request, session, self) => {
    acceptAll(request, session);
    if (request.kind !== "play") return;
    const isFirst = ++plays === 1;
    setTimeout(async () => {
      for (let i = 0; i < 10; i++) {
        await self.send(messageOf(i % 5 === 0 ? tags.keyframe(i * 40) : tags.frame(i * 40)));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      if (isFirst) setTimeout(() => self.hangUp(), 400);
    }, 20);
  });
  const running = run(probeCommand, "--watch", "--json", server.url());
  await until(() => running.out.includes('"gap"'), "the gap is told");
  await until(() => running.out.includes('"second"'), "a second has gone");
  running.stop();
  assertEquals(await running.status, 0);
  const events = running.out.trim().split("\n").map((line) => JSON.parse(line));
  const of = (kind: string) => events.find(({ event }) => event === kind);
  assertMatch(of("lost").text, /^127.0.0.1:\d+: the (server closed the connection|connection was reset)$/);
  assertMatch(of("gap").text, /^viewers saw a gap of \d+ ms$/);
  assertEquals(of("end").longestGapMs >= 500, true);
  assertMatch(of("end").text, /: \d+ frames, longest gap \d+ ms, lost once$/);
});

Deno.test("probe --watch of a server that is not there has the status of one", async () => {
  const running = run(probeCommand, "--watch", `rtmp://127.0.0.1:${closedPort()}/live/s`);
  await until(() => running.out.includes("connection refused"), "it says why");
  running.stop();
  assertEquals(await running.status, 3);
  assertMatch(running.out, /^00:00:00 {2}127.0.0.1:\d+: connection refused, nothing listens there\n/);
});

Deno.test("probe ends at once on Ctrl-C", async () => {
  using server = new FakeServer();
  const running = run(probeCommand, server.url());
  await until(() => server.log.includes("play live/s"), "it plays");
  const startMs = performance.now();
  running.stop();
  assertEquals(await running.status, 1);
  assertLess(performance.now() - startMs, 300);
  assertStringIncludes(running.out, "stopped");
});

const misuses: [words: string[], message: string][] = [
  [[], "the stream address is missing"],
  [["rtmp://a/live"], "has no stream name"],
  [["--timeout", "soon", "rtmp://a/live/s"], "--timeout must be a number"],
  [["--seconds", "0", "rtmp://a/live/s"], "--seconds must be a number"],
  [["--api", "127.0.0.1", "rtmp://a/live/s"], '--api must be HOST:PORT, not "127.0.0.1"'],
  [["--api", "a:1,,b:2", "rtmp://a/live/s"], '--api must be HOST:PORT, not ""'],
];

for (const [words, message] of misuses) {
  Deno.test(`probe refuses ${words.join(" ") || "no arguments"}`, async () => {
    await assertRejects(() => run(probeCommand, ...words).status, UsageError, message);
  });
}
