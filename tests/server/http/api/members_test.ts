import { proofHeaders } from "../../../../src/cluster/coworker_proof.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { apiOf, bodyOf, fakeClient, fakeServer, publishInto, START_MS } from "../../../kit/peers/fake_server.ts";

const cluster = "origin_cluster on; coworkers 10.0.0.2:1985;";

Deno.test("/api/v1/node tells who the server is, what it does, its clock and its coworkers", async () => {
  const server = fakeServer(`vhost __defaultVhost__ { cluster { ${cluster} } }`);
  using _publish = publishInto(server, "/live/livestream");
  server.registry.add(fakeClient("p", "fmle-publish"));
  server.registry.add(fakeClient("v1", "rtmp-play"));
  server.registry.add(fakeClient("v2", "flv-play"));
  server.registry.add(Object.assign(fakeClient("edge", "rtmp-play"), { server: { instance: "edge0000" } }));
  const { data } = await bodyOf(apiOf(server)("/api/v1/node"));
  assertEquals(data, {
    instance: "service0",
    server: "vid-0server",
    role: "origin",
    software: (data as { software: string }).software,
    api: "",
    started_ms: START_MS,
    draining: false,
    load: { streams: 1, published: 1, viewers: 2, recv_kbps: 0, send_kbps: 0, cpu_percent: 0, memory_bytes: 0 },
    now_ms: START_MS,
    coworkers: [],
  });
  assertMatch((data as { software: string }).software, /^srs-ts\/\d/);
});

Deno.test("/api/v1/node with a coworker_token answers those who show or prove it, and the operator", async (t) => {
  const token = "coworker_token t0123456789;";
  const password = "auth { enabled on; username u; password p; }";
  const open = () => apiOf(fakeServer(`vhost __defaultVhost__ { cluster { ${cluster} ${token} } }`));
  const locked = () =>
    apiOf(fakeServer(
      `listen 1935; http_api { enabled on; listen 1985; ${password} } vhost __defaultVhost__ { cluster { ${cluster} ${token} } }`,
    ));
  const proof = (kind: "token" | "hmac", secret: string, url = "http://127.0.0.1:1985/api/v1/node?from=x") =>
    proofHeaders(secret, { method: "GET", url }, { kind, wallMs: START_MS });
  const operator = { authorization: `Basic ${btoa("u:p")}` };
  const cases: [string, ReturnType<typeof apiOf>, Record<string, string>, number][] = [
    ["no token", open(), {}, 403],
    ["the token", open(), await proof("token", "t0123456789"), 200],
    ["a proof", open(), await proof("hmac", "t0123456789"), 200],
    ["a proof for another question", open(), await proof("hmac", "t0123456789", "http://127.0.0.1:1985/x"), 403],
    ["a wrong token", open(), await proof("token", "t9999999999"), 403],
    ["a wrong proof", open(), await proof("hmac", "t9999999999"), 403],
    ["a password wanted, no token", locked(), {}, 401],
    ["a password wanted, a wrong token", locked(), await proof("token", "t9999999999"), 401],
    ["a password wanted, the token instead", locked(), await proof("token", "t0123456789"), 200],
    ["a password wanted, a proof instead", locked(), await proof("hmac", "t0123456789"), 200],
    ["the operator", locked(), operator, 200],
  ];
  for (const [name, ask, headers, status] of cases) {
    await t.step(name, async () => {
      const answer = await ask("/api/v1/node?from=x", { headers });
      await answer.body?.cancel();
      assertEquals(answer.status, status);
    });
  }
  await t.step("the token opens nothing else that has a password", async () => {
    const answer = await locked()("/api/v1/cluster", { headers: await proof("token", "t0123456789") });
    await answer.body?.cancel();
    assertEquals(answer.status, 401);
  });
});

Deno.test("/api/v1/cluster shows the server that is asked, with its load, and is one answer for all who ask at once", async () => {
  const server = fakeServer();
  server.registry.add(fakeClient("v1", "rtmp-play"));
  const { state, totals, members, problems } = await bodyOf(apiOf(server)("/api/v1/cluster"));
  assertEquals([state, problems], ["healthy", []]);
  assertEquals((members as { link: string }[]).map(({ link }) => link), ["self"]);
  assertEquals(totals, {
    members: 1,
    up: 1,
    down: 0,
    draining: 0,
    origins: 1,
    edges: 0,
    streams: 0,
    viewers: 1,
    recv_kbps: 0,
    send_kbps: 0,
  });
  server.drain.isOn = true;
  const draining = await bodyOf(apiOf(server)("/api/v1/cluster"));
  assertEquals((draining.members as { state: string }[])[0]?.state, "draining");
  // It is a matter of course, and no fault.
  assertEquals(draining.state, "healthy");
});
