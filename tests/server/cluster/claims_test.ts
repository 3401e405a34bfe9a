import { systemWorld } from "../../../src/net/system_world.ts";
import { VhostHandle } from "../../../src/config/mod.ts";
import { HostAddresses } from "../../../src/server/access/host_addresses.ts";
import { assertEquals } from "../../kit/assert.ts";
import { apiOf, bodyOf, type FakeServer, fakeServer, publishInto, START_MS } from "../../kit/peers/fake_server.ts";

const cluster = (directives: string, more = "") =>
  `vhost __defaultVhost__ { cluster { origin_cluster on; ${directives} } ${more} }`;
const member = cluster("coworkers 10.0.0.1:1985;", "publish { on_conflict takeover; }");
const question = "vhost=__defaultVhost__&ip=127.0.0.1&app=live&stream=s&coworker=10.0.0.2:1985";

/** A publisher on a server that a coworker claims the stream from; `sinceMs` is what the claimant says when asked back. */
async function stage(config: string, { sinceMs, silentMs = 0 }: { sinceMs?: number; silentMs?: number } = {}) {
  const server = fakeServer(config);
  publishInto(server, "/live/s", 0);
  const lost: string[] = [];
  const vhost = new VhostHandle(server, server.config.vhosts[0]!);
  const url = { key: "/live/s", app: "live", stream: "s", host: "127.0.0.1" };
  const outcome = await server.mesh.claim({ vhost, url }, {
    mode: () => vhost.now.publish.onConflict === "takeover" ? "takeover" : "first",
    sinceMs: START_MS - 10_000,
    silentMs: () => silentMs,
    onLost: (reason) => lost.push(reason),
  });
  if ("claim" in outcome) outcome.claim.announce();
  const asked: string[] = [];
  server.coworkerAnswer = ({ searchParams }) => {
    asked.push(searchParams.get("stream") ?? "");
    const origin = sinceMs === undefined ? null : { ip: "10.0.0.1", port: 1935, since_ms: sinceMs };
    return Response.json({ code: 0, data: { origin, instance: "other123" } });
  };
  return { server, lost, asked };
}

async function claim(server: FakeServer, init: RequestInit = {}, what = "claim=other123"): Promise<number> {
  const response = await apiOf(server)(`/api/v1/clusters?${question}&${what}`, { method: "POST", ...init });
  await response.body?.cancel();
  return response.status;
}

Deno.test("a claim of a member that confirms a newer publisher ends the one here", async () => {
  const { server, lost, asked } = await stage(member, { sinceMs: START_MS });
  assertEquals(await claim(server), 200);
  assertEquals([lost.length, asked], [1, ["s"]]);
});

const powerless: {
  name: string;
  config?: string;
  sinceMs?: number;
  init?: RequestInit;
  what?: string;
  status: number;
}[] = [
  { name: "by GET", init: { method: "GET" }, status: 200 },
  { name: "of a member that does not confirm it", status: 200 },
  { name: "whose publisher is older", sinceMs: START_MS - 20_000, status: 200 },
  { name: "from the future", sinceMs: START_MS + 61_000, status: 200 },
  { name: "by a time, as old versions wrote it", sinceMs: START_MS, what: "claim=-1e300", status: 200 },
  {
    name: "in a vhost without a cluster",
    config: "vhost __defaultVhost__ { publish { on_conflict takeover; } }",
    status: 403,
  },
  { name: "from an address that no coworker has", config: member.replace("10.0.0.1", "10.0.0.9"), status: 403 },
  { name: "without the token", config: member.replace("coworkers", "coworker_token s3; coworkers"), status: 403 },
  {
    name: "with a wrong token",
    config: member.replace("coworkers", "coworker_token s3; coworkers"),
    init: { headers: { "x-coworker-token": "s4" } },
    status: 403,
  },
];

for (const { name, config = member, sinceMs = START_MS, init, what, status } of powerless) {
  Deno.test(`a claim ${name} ends nobody`, async () => {
    const { server, lost } = await stage(config, name.includes("not confirm") ? {} : { sinceMs });
    assertEquals(await claim(server, init, what), status);
    assertEquals(lost, []);
  });
}

Deno.test("a claim with the right token counts from any address", async () => {
  const config = cluster("coworkers 10.0.0.9:1985; coworker_token s3;", "publish { on_conflict takeover; }");
  const { server, lost } = await stage(config, { sinceMs: START_MS });
  assertEquals(await claim(server, { headers: { "x-coworker-token": "s3" } }), 200);
  assertEquals(lost.length, 1);
});

Deno.test("a claim under reject ends a publisher that is silent, and no other that came first", async () => {
  const config = cluster("coworkers 10.0.0.1:1985;");
  for (const [silentMs, count] of [[999, 0], [1000, 1]] as const) {
    const { server, lost } = await stage(config, { sinceMs: START_MS, silentMs });
    assertEquals(await claim(server), 200);
    assertEquals(lost.length, count);
  }
});

Deno.test("a question of a member is kept, one of a page or a stranger is answered at once", async () => {
  const config = cluster("coworkers 10.0.0.1:1985;");
  const ask = (init: RequestInit, remoteIp = "10.0.0.1") => {
    const server = fakeServer(config);
    const answer = apiOf(server, { remoteIp })(`/api/v1/clusters?${question}&wait_ms=1000`, {
      method: "POST",
      ...init,
    });
    return { server, answer };
  };
  const kept = ask({});
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(kept.server.heldQuestions.count, 1);
  kept.server.heldQuestions[Symbol.dispose]();
  assertEquals((await kept.answer).status, 200);
  const others = [
    ask({ method: "GET" }),
    ask({ headers: { origin: "http://evil.example" } }),
    ask({ headers: { "sec-fetch-site": "cross-site" } }),
    ask({}, "10.0.0.7"),
  ];
  for (const { answer } of others) assertEquals((await answer).status, 200);
});

Deno.test("the refusal of a stranger's claim says what a member needs, and the log who it was", async () => {
  const { server } = await stage(member.replace("10.0.0.1", "10.0.0.9"));
  const response = apiOf(server)(`/api/v1/clusters?${question}&claim=a`, { method: "POST" });
  const { message } = await bodyOf(response);
  assertEquals(
    message,
    "not a member of the cluster: no coworker of vhost __defaultVhost__ has the address 10.0.0.1; " +
      "give all origins the same coworker_token",
  );
  assertEquals(server.logged.filter((line) => line.includes("10.0.0.1 claims a stream")).length, 1);
});

Deno.test("HostAddresses.anyIsAt() resolves names, keeps what it found for a while, and knows IPv4 in IPv6", async () => {
  const clock = { ms: 0 };
  const asked: string[] = [];
  const resolve = (host: string) => {
    asked.push(host);
    return Promise.resolve(host === "b.lan" ? ["10.0.0.2", "fd00::2"] : []);
  };
  const hosts = new HostAddresses({ nowMs: () => clock.ms, resolve });
  assertEquals(await hosts.anyIsAt(["10.0.0.1"], "::ffff:10.0.0.1"), true);
  assertEquals(await hosts.anyIsAt(["10.0.0.1"], "not an address"), false);
  assertEquals(asked, []);
  assertEquals(await hosts.anyIsAt(["a.lan", "b.lan"], "fd00:0::2"), true);
  assertEquals(await hosts.anyIsAt(["a.lan", "b.lan"], "10.0.0.3"), false);
  assertEquals(asked, ["a.lan", "b.lan"]);
  clock.ms = 5000;
  await hosts.anyIsAt(["b.lan"], "10.0.0.2");
  assertEquals(asked, ["a.lan", "b.lan", "b.lan"]);
});

Deno.test("HostAddresses finds this machine by its name", async () => {
  assertEquals(await new HostAddresses(systemWorld).anyIsAt(["localhost"], "127.0.0.1"), true);
});
