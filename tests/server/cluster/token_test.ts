import { systemTimers } from "../../../src/base/clock.ts";
import { proofHeaders, type ProofKind } from "../../../src/cluster/coworker_proof.ts";
import { askCoworker } from "../../../src/cluster/mesh/coworker_question.ts";
import { assertEquals } from "../../kit/assert.ts";
import { apiOf, bodyOf, fakeServer, publishInto, START_MS } from "../../kit/peers/fake_server.ts";

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
  ["the second token", { "x-coworker-token": "old" }, 200],
  ["an empty proof", { "x-coworker-proof": "" }, 403],
  ["a proof of nothing", { "x-coworker-proof": `${START_MS / 1000} ${"0".repeat(64)}` }, 403],
];

for (const [what, headers, status] of cases) {
  Deno.test(`/api/v1/clusters answers ${status} to ${what}`, async () => {
    using stage = origin("s3cret old");
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
    assertEquals([stranger.owner, stranger.error], [null, "rejected our request (HTTP 403)"]);
    assertEquals(seen, [encodeURIComponent(token), null]);
  }
});

/** Headers that prove a token for a question, as its sender makes them. */
function prove(kind: ProofKind, { path = PATH, token = "s3cret", wallMs = START_MS } = {}) {
  return proofHeaders(token, { method: "POST", url: `http://10.0.0.1:1985${path}` }, { kind, wallMs });
}

Deno.test("proofHeaders() of kind hmac do not bear the token, and are good for a minute, for one question", async () => {
  using stage = origin("s3cret");
  const status = async (headers: Record<string, string>, path = PATH, method = "POST") => {
    const response = await stage.ask(path, { method, headers });
    await response.body?.cancel();
    return response.status;
  };
  const proof = await prove("hmac");
  assertEquals(Object.keys(proof), ["x-coworker-proof"]);
  assertEquals(JSON.stringify(proof).includes("s3cret"), false);
  assertEquals(await status(proof), 200);
  assertEquals(await status(proof, `${PATH}&claim=other123`), 403, "another question");
  assertEquals(await status(proof, PATH, "GET"), 403, "another method");
  assertEquals(await status(await prove("hmac", { token: "other" })), 403);
  assertEquals(await status(await prove("hmac", { wallMs: START_MS - 59_000 })), 200);
  assertEquals(await status(await prove("hmac", { wallMs: START_MS - 61_000 })), 403);
  assertEquals(await status(await prove("hmac", { wallMs: START_MS + 61_000 })), 403);
});

Deno.test("a proof is good for a minute of the time of day, also where a clock was corrected since the start", async () => {
  using stage = origin("s3cret");
  const wallMs = START_MS + 300_000;
  Object.assign(stage.server.world, { wallMs: () => wallMs });
  const status = async (headers: Record<string, string>) => {
    const response = await stage.ask(PATH, { method: "POST", headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status(await prove("hmac", { wallMs })), 200);
  assertEquals(await status(await prove("hmac", { wallMs: START_MS })), 403);
  const asked = (url: string, { headers }: RequestInit) =>
    stage.ask(url.slice(url.indexOf("/api")), { method: "POST", headers: new Headers(headers) });
  const query = { vhost: "__defaultVhost__", app: "live", stream: "livestream", ip: "a.com", timeoutMs: 1000 };
  const clock = { ...systemTimers, nowMs: () => START_MS, wallMs: () => wallMs };
  const { error } = await askCoworker(asked, clock, "10.0.0.1:1985", { ...query, token: "s3cret", proof: "hmac" });
  assertEquals(error, null);
});

Deno.test("proofHeaders() prove a question whatever is in its names, and nothing without a token", async () => {
  const path = PATH.replace("stream=livestream", "stream=it's%20a%2520~!é");
  using stage = origin("p%c3");
  const fetch = (url: string, init: RequestInit) => {
    // As a socket brings it: `fetch` has made it a tidy one.
    const { pathname, search } = new URL(url);
    return stage.ask(pathname + search, init);
  };
  const query = { vhost: "__defaultVhost__", app: "live", stream: "it's a%20~!é", ip: "a.com", timeoutMs: 1000 };
  const clock = { ...systemTimers, wallMs: () => START_MS };
  const { error } = await askCoworker(fetch, clock, "10.0.0.1:1985", { ...query, token: "p%c3", proof: "hmac" });
  assertEquals(error, null);
  assertEquals(await prove("hmac", { path, token: "" }), {});
});

Deno.test("a password on the API lets coworkers in by their token, to their question alone", async () => {
  const server = fakeServer(
    `http_api { enabled on; listen 1985; auth { enabled on; username u; password p; } }
     vhost __defaultVhost__ { cluster { origin_cluster on; coworkers a:1; coworker_token s3cret; } }
     vhost open.com { }`,
  );
  const ask = apiOf(server);
  const status = async (path: string, headers: Record<string, string>) => {
    const response = await ask(path, { method: "POST", headers });
    await response.body?.cancel();
    return response.status;
  };
  for (const kind of ["token", "hmac"] as const) {
    assertEquals(await status(PATH, await prove(kind)), 200);
    assertEquals(await status(PATH, await prove(kind, { token: "wrong" })), 401);
    for (const path of ["/api/v1/clients", "/api/v1/clusters/", PATH.replace("__defaultVhost__", "open.com")]) {
      assertEquals(await status(path, await prove(kind, { path })), 401, path);
    }
  }
  assertEquals(await status(PATH, {}), 401);
});
