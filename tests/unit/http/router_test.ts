import { requestOf } from "../../kit/peers/http_request.ts";
import { assertEquals, assertMatch } from "../../kit/assert.ts";
import type { RouterPolicy } from "../../../src/http/access/policy.ts";
import { jsonResponse } from "../../../src/http/envelope.ts";
import { type Mount, Router } from "../../../src/http/router.ts";
import { listLogger, responseOf } from "../../kit/peers/fake_server.ts";

const noAuth = { enabled: false, username: "", password: "" };
const auth = { enabled: true, username: "admin", password: "admin" };
const rightPassword = { authorization: `Basic ${btoa("admin:admin")}` };

function routerOf(mounts: Mount[], policy: Partial<RouterPolicy> = {}) {
  const logged: string[] = [];
  const whole = { crossdomain: true, auth: noAuth, allowOrigin: [], isMember: () => Promise.resolve(false), ...policy };
  const router = new Router(mounts, () => whole, listLogger(logged, ""));
  const ask = (path: string, { method = "GET", headers }: RequestInit = {}) =>
    responseOf(router.handle(requestOf(path, { method, headers: new Headers(headers) }), "10.0.0.1"));
  return { ask, logged };
}

const answering = (path: string, name: string): Mount => (call) => call.path === path ? jsonResponse({ name }) : null;

Deno.test("Router lets the first mount answer that knows the path", async () => {
  const { ask } = routerOf([answering("/a", "first"), answering("/a", "second"), answering("/b", "second")]);
  assertEquals(await (await ask("/a")).json(), { name: "first" });
  assertEquals(await (await ask("/b?x=1")).json(), { name: "second" });
});

Deno.test("Router answers a path that nobody knows with 404 in JSON", async () => {
  const answer = await routerOf([]).ask("/console/<script>");
  assertEquals([answer.status, answer.headers.get("content-type")], [404, "application/json"]);
  assertEquals(await answer.json(), { code: 404, message: "not found, see /api/v1/" });
});

for (
  const [how, mount] of [["throws", () => {
    throw new Error("boom");
  }], ["rejects", () => Promise.reject(new Error("boom"))]] as [string, Mount][]
) {
  Deno.test(`Router answers 500 in JSON and logs one line when a handler ${how}`, async () => {
    const { ask, logged } = routerOf([mount]);
    const answer = await ask("/a", { headers: { origin: "http://o" } });
    assertEquals(answer.status, 500);
    assertEquals(await answer.json(), { code: 500, message: "internal error, see the server's log" });
    assertEquals(answer.headers.get("access-control-allow-origin"), "*");
    assertEquals(logged.length, 1);
    assertMatch(logged[0] ?? "", /^error \[\] HTTP GET \/a from 10\.0\.0\.1 failed: Error: boom/);
  });
}

Deno.test("Router is no proxy, whatever the path", async () => {
  const { ask } = routerOf([answering("/a", "a")]);
  for (const method of ["CONNECT", "TRACE"]) {
    const answer = await ask("/a", { method });
    await answer.body?.cancel();
    assertEquals([method, answer.status], [method, 405]);
  }
});

Deno.test("Router names the server and forbids guessing the type, on every answer", async () => {
  const { ask } = routerOf([answering("/api/a", "a")], { auth });
  for (const answer of [await ask("/api/a"), await ask("/x"), await ask("/api/a", { headers: rightPassword })]) {
    assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
    assertMatch(answer.headers.get("server") ?? "", /^srs-ts\/\d/);
  }
});

Deno.test("Router allows other web sites as SRS does, where a request has an Origin", async () => {
  const { ask } = routerOf([answering("/a", "a")]);
  const { headers } = await ask("/a", { headers: { origin: "http://other" } });
  for (const what of ["allow-origin", "allow-headers", "allow-methods", "expose-headers"]) {
    assertEquals(headers.get(`access-control-${what}`), "*");
  }
  assertEquals(headers.get("access-control-allow-credentials"), "false");
  assertEquals([...headers.keys()].filter((name) => name.includes("private-network")), []);
  assertEquals((await ask("/a")).headers.get("access-control-allow-origin"), null);
});

Deno.test("Router answers OPTIONS of any path with an empty 200, or 405 with crossdomain off", async () => {
  const open = await routerOf([]).ask("/api/v1/x", { method: "OPTIONS", headers: { origin: "http://other" } });
  assertEquals([open.status, await open.text(), open.headers.get("access-control-allow-origin")], [200, "", "*"]);
  const closed = await routerOf([], { crossdomain: false }).ask("/a", {
    method: "OPTIONS",
    headers: { origin: "http://other" },
  });
  assertEquals([closed.status, closed.headers.get("access-control-allow-origin")], [405, null]);
});

Deno.test("Router asks for the password wherever /api/ stands in the path, and nowhere else", async () => {
  const { ask, logged } = routerOf([answering("/api/a", "a"), answering("/x/api/b", "b"), answering("/", "root")], {
    auth,
  });
  const refused = await ask("/api/a");
  assertEquals([refused.status, await refused.text()], [401, ""]);
  assertMatch(refused.headers.get("www-authenticate") ?? "", /^Basic\b/);
  assertEquals((await ask("/x/api/b")).status, 401);
  assertEquals((await ask("/api/a", { headers: rightPassword })).status, 200);
  assertEquals((await ask("/")).status, 200);
  // A browser asks by OPTIONS before it may send the password.
  assertEquals((await ask("/api/a", { method: "OPTIONS" })).status, 200);
  assertEquals(logged, [
    "warn [] HTTP GET /api/a from 10.0.0.1 refused: wrong or missing password",
    "warn [] HTTP GET /x/api/b from 10.0.0.1 refused: wrong or missing password",
  ]);
});
