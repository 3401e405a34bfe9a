import { worldAt } from "../../kit/memory/world.ts";
import type { Fetch, InterfaceAddress, World } from "../../../src/base/world.ts";
import { Heartbeat } from "../../../src/server/heartbeat.ts";
import { assertEquals, assertMatch } from "../../kit/assert.ts";
import { configOf } from "../../kit/peers/fake_server.ts";
import { ManualTimers, turn } from "../../kit/memory/manual_timers.ts";
import { TestLog } from "../../kit/test_log.ts";

const addresses: readonly InterfaceAddress[] = [
  { name: "lo", family: "IPv4", address: "127.0.0.1" },
  { name: "eth0", family: "IPv6", address: "2001:db8::1" },
  { name: "eth0", family: "IPv4", address: "10.0.0.1" },
  { name: "eth1", family: "IPv4", address: "10.0.0.2" },
];

/** A heartbeat whose reports go to `answer`. */
function rig(directives: string, answer: Fetch, more: Partial<World> = {}) {
  const timers = new ManualTimers();
  const log = new TestLog();
  const server = {
    config: configOf(directives),
    identity: { serverId: "vid-0server", serviceId: "service0", pid: 4711 },
    timers,
    world: worldAt(timers, { env: () => "", interfaces: () => addresses, ...more }),
    log,
  };
  const sent: { url: string; atMs: number; init: RequestInit }[] = [];
  const startMs = timers.nowMs();
  const heartbeat = new Heartbeat(server, (url, init) => {
    sent.push({ url, atMs: timers.nowMs() - startMs, init });
    return answer(url, init);
  });
  return { heartbeat, timers, log, sent, server, bodies: () => sent.map(({ init }) => JSON.parse(String(init.body))) };
}

const ok: Fetch = () => Promise.resolve(new Response("whatever"));

const common = { "device_id": "", ip: "10.0.0.1", server: "vid-0server", service: "service0", pid: "4711" };
const payloads: [name: string, directives: string, more: object][] = [
  ["what SRS reports", "heartbeat { enabled on; }", {}],
  ["device_id", "heartbeat { enabled on; device_id cam-7; }", { "device_id": "cam-7" }],
  ["stats.network", "heartbeat { enabled on; } stats { network 1; }", { ip: "10.0.0.2" }],
  ["IPv6 behind IPv4", "heartbeat { enabled on; } stats { network 2; }", { ip: "2001:db8::1" }],
  ["summaries", "heartbeat { enabled on; summaries on; }", { summaries: { data: { ok: true } } }],
  [
    "ports as written",
    "heartbeat { enabled on; ports on; } http_server { enabled on; listen 127.0.0.1:8081; }",
    { rtmp: ["1935"], http: ["127.0.0.1:8081"], api: ["1985"] },
  ],
  [
    "ports of what is on",
    "heartbeat { enabled on; ports on; } http_api { enabled off; }",
    { rtmp: ["1935"] },
  ],
];

for (const [name, directives, more] of payloads) {
  Deno.test(`Heartbeat reports ${name}`, async () => {
    const { heartbeat, timers, bodies, sent } = rig(directives, ok);
    heartbeat.summaries = () => ({ ok: true });
    heartbeat.start();
    await timers.run(10);
    heartbeat.stop();
    assertEquals(bodies(), [{ ...common, ...more }]);
    assertEquals([sent[0]?.url, sent[0]?.init.method], ["http://127.0.0.1:8085/api/v1/servers", "POST"]);
  });
}

Deno.test("Heartbeat reports SRS_DEVICE_IP instead of an address, and none where there is none", async () => {
  for (const [deviceIp, ip] of [["203.0.113.5", "203.0.113.5"], ["", ""]] as const) {
    const more = { env: () => deviceIp, interfaces: () => [] };
    const { heartbeat, timers, bodies } = rig("heartbeat { enabled on; }", ok, more);
    heartbeat.start();
    await timers.run(10);
    heartbeat.stop();
    assertEquals(bodies(), [{ ...common, ip }]);
  }
});

Deno.test("Heartbeat reports once in an interval, to the path alone, and stops", async () => {
  const url = "'http://127.0.0.1:9/x?token=1'";
  const { heartbeat, timers, sent, log } = rig(`heartbeat { enabled on; interval 3; url ${url}; }`, ok);
  heartbeat.start();
  await timers.run(7000);
  heartbeat.stop();
  await timers.run(7000);
  assertEquals(sent.map(({ atMs, url }) => [atMs, url]), [0, 3000, 6000].map((ms) => [ms, "http://127.0.0.1:9/x"]));
  assertEquals([timers.pendingCount, log.lines], [0, []]);
});

Deno.test("Heartbeat begins and ends with a reload", async () => {
  const { heartbeat, timers, sent, server } = rig("heartbeat { enabled off; interval 2; }", ok);
  heartbeat.start();
  await timers.run(5000);
  assertEquals(sent.length, 0);
  server.config = configOf("heartbeat { enabled on; interval 1; }");
  await timers.run(2500);
  assertEquals(sent.map(({ atMs }) => atMs), [6000, 7000]);
  server.config = configOf("heartbeat { enabled off; interval 1; }");
  await timers.run(5000);
  heartbeat.stop();
  assertEquals(sent.length, 2);
});

const hangs: [name: string, answer: Fetch][] = [
  ["that never answers and ignores the end of the call", () => new Promise(() => {})],
  ["that never ends its answer", () => Promise.resolve(new Response(new ReadableStream()))],
];

for (const [name, answer] of hangs) {
  Deno.test(`Heartbeat gives up a server ${name}, one report at a time`, async () => {
    const { heartbeat, timers, sent, log } = rig("heartbeat { enabled on; interval 8; }", answer);
    heartbeat.start();
    await timers.run(17_000);
    assertEquals(sent.map(({ atMs }) => atMs), [0, 8000, 16_000]);
    assertEquals(sent.map(({ init }) => init.signal?.aborted), [true, true, false]);
    heartbeat.stop();
    await turn();
    assertEquals(sent[2]?.init.signal?.aborted, true);
    await timers.run(20_000);
    assertEquals([sent.length, timers.pendingCount, log.lines.length], [3, 0, 1]);
    assertEquals(log.find("no complete answer within 5000 ms").length, 1);
  });
}

Deno.test("Heartbeat tells the log once that reports fail, and once that they get through", async () => {
  const answers: Fetch[] = [
    () => Promise.reject(new TypeError("connection refused")),
    () => Promise.resolve(new Response("no", { status: 500 })),
    ok,
    ok,
    () => {
      throw new TypeError("odd");
    },
  ];
  let count = 0;
  const url = "'http://user:secret@127.0.0.1:9/x?token=1'";
  const { heartbeat, timers, log } = rig(
    `heartbeat { enabled on; interval 1; url ${url}; }`,
    (url, init) => answers[count++]!(url, init),
  );
  heartbeat.start();
  await timers.run(4500);
  heartbeat.stop();
  const [fails, well, failsAgain, ...more] = log.lines;
  assertMatch(fails ?? "", /^warn heartbeat to http:\/\/127\.0\.0\.1:9\/x failed: .*connection refused$/);
  assertEquals(well, "info heartbeat to http://127.0.0.1:9/x works again");
  assertMatch(failsAgain ?? "", /^warn heartbeat to http:\/\/127\.0\.0\.1:9\/x failed: .*odd$/);
  assertEquals(more, []);
});

Deno.test("Heartbeat with an address that is none fails without a call", async () => {
  const { heartbeat, timers, log, sent } = rig("heartbeat { enabled on; url file:///etc/passwd; }", ok);
  heartbeat.start();
  await timers.run(10);
  heartbeat.stop();
  assertEquals([sent.length, log.find("not an http:// or https:// address").length], [0, 1]);
});
