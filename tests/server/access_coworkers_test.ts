import { systemTimers } from "../../src/base/clock.ts";
import { askCoworker } from "../../src/cluster/coworkers.ts";
import { assertEquals } from "../assert.ts";
import { apiOf, bodyOf, fakeServer, publishInto } from "../unit/http/fake_server.ts";

const PATH = "/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=livestream&ip=a.com&coworker=10.0.0.1:1985";

function origin(token: string) {
  const server = fakeServer(
    `vhost __defaultVhost__ { cluster { origin_cluster on; coworkers a:1; coworker_token ${token}; } } vhost open.com { }`,
  );
  const session = publishInto(server, "/live/livestream");
  return { server, ask: apiOf(server), [Symbol.dispose]: () => session[Symbol.dispose]() };
}

const cases: [what: string, headers: Record<string, string>, status: number][] = [
  ["no token", {}, 403],
  ["an empty token", { "x-coworker-token": "" }, 403],
  ["the beginning of the token", { "x-coworker-token": "s3cre" }, 403],
  ["more than the token", { "x-coworker-token": "s3crett" }, 403],
  ["the token in other letters", { "x-coworker-token": "S3cret" }, 403],
  ["the token of a password", { authorization: "Basic s3cret" }, 403],
  ["the token", { "x-coworker-token": "s3cret" }, 200],
];

for (const [what, headers, status] of cases) {
  Deno.test(`/api/v1/clusters answers ${status} to ${what}`, async () => {
    using stage = origin("s3cret");
    const response = await stage.ask(PATH, { headers });
    assertEquals(response.status, status);
    const body = await response.text();
    assertEquals(body.includes("10.0.0.1"), status === 200);
    assertEquals([...stage.server.logged, body].filter((text) => text.includes("s3cret")), []);
  });
}

Deno.test("/api/v1/clusters wants the token of the vhost that the question is about, however that is written", async () => {
  using stage = origin("s3cret");
  assertEquals((await bodyOf(stage.ask(PATH.replace("__defaultVhost__", "open.com")))).code, 0);
  for (const vhost of ["%5F_defaultVhost__", "unknown.com", ""]) {
    assertEquals((await stage.ask(PATH.replace("__defaultVhost__", vhost))).status, 403, vhost);
  }
});

Deno.test("askCoworker() shows the token that the vhosts of both sides share, and only then", async () => {
  for (const token of ["s3cret", "p%c3;=ü-€"]) {
    using stage = origin(`"${token}"`);
    const seen: (string | null)[] = [];
    const fetch = (url: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      seen.push(headers.get("x-coworker-token"));
      return stage.ask(url.slice(url.indexOf("/api")), { method: "POST", headers });
    };
    const query = { vhost: "__defaultVhost__", app: "live", stream: "livestream", ip: "a.com", timeoutMs: 1000 };
    const known = await askCoworker(fetch, systemTimers, "10.0.0.1:1985", { ...query, token });
    assertEquals([known.owner?.ip, known.error], ["10.0.0.1", null]);
    const stranger = await askCoworker(fetch, systemTimers, "10.0.0.1:1985", query);
    assertEquals([stranger.owner, stranger.error], [null, "HTTP status 403"]);
    assertEquals(seen, [encodeURIComponent(token), null]);
  }
});
