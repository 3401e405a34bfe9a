import { systemTimers } from "../../../../src/base/clock.ts";
import { UpstreamError } from "../../../../src/base/errors.ts";
import { postHook, shownUrl } from "../../../../src/server/hooks/request.ts";
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "../../../kit/assert.ts";
import { endless, HookServer } from "../../../kit/server/hooks_server.ts";

function post(url: string, timeoutMs = 2000, signal = new AbortController().signal) {
  return postHook(url, { action: "on_play" }, { fetch, timers: systemTimers, timeoutMs, signal });
}

/** A test whose connections end a moment after it. */
function hookTest(name: string, fn: (hooks: HookServer) => Promise<void>): void {
  Deno.test({
    name,
    async fn() {
      await using hooks = new HookServer();
      await fn(hooks);
    },
  });
}

hookTest("postHook() posts JSON and hands back status and body as they are", async (hooks) => {
  hooks.on("/a", () => new Response('{"code": 0}\n', { status: 201 }));
  assertEquals(await post(hooks.url("/a?token=t")), { status: 201, body: '{"code": 0}\n' });
  const [call] = hooks.calls;
  assertEquals([call?.method, call?.headers.get("content-type"), call?.body], [
    "POST",
    "application/json",
    { action: "on_play" },
  ]);
});

hookTest("postHook() follows no redirect: the target is never asked", async (hooks) => {
  await using inner = new HookServer();
  hooks.on("/a", () => new Response(null, { status: 302, headers: { location: inner.url("/secret") } }));
  assertEquals((await post(hooks.url("/a"))).status, 302);
  hooks.on("/b", () => new Response(null, { status: 307, headers: { location: inner.url("/secret") } }));
  assertEquals((await post(hooks.url("/b"))).status, 307);
  assertEquals(inner.calls, []);
});

hookTest("postHook() reads an answer up to a bound", async (hooks) => {
  hooks.on("/fits", () => new Response("x".repeat(65_536)));
  assertEquals((await post(hooks.url("/fits"))).body.length, 65_536);
  hooks.on("/long", () => new Response("x".repeat(65_537)));
  const error = await assertRejects(() => post(hooks.url("/long")), UpstreamError);
  assertEquals([error.codeName, error.message], ["HttpResponseData", "the answer is longer than 65536 bytes"]);
  hooks.on("/endless", () => endless("0".repeat(10_000), 1));
  const startedMs = performance.now();
  await assertRejects(() => post(hooks.url("/endless"), 10_000), UpstreamError, "longer than");
  assertLess(performance.now() - startedMs, 5000);
});

hookTest("postHook() bounds the time to the last byte of the answer", async (hooks) => {
  hooks.on("/silent", () => new Promise(() => {}));
  hooks.on("/dripping", () => endless("0", 20));
  for (const path of ["/silent", "/dripping"]) {
    const startedMs = performance.now();
    const error = await assertRejects(() => post(hooks.url(path), 150), UpstreamError);
    assertEquals([error.codeName, error.message], ["SocketTimeout", "no complete answer within 150 ms"]);
    assertLess(performance.now() - startedMs, 1500);
  }
});

hookTest("postHook() ends with its signal", async (hooks) => {
  hooks.on("/silent", () => new Promise(() => {}));
  const abort = new AbortController();
  const calling = assertRejects(() => post(hooks.url("/silent"), 10_000, abort.signal), UpstreamError);
  while (hooks.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort();
  await calling;
  await assertRejects(() => post(hooks.url("/silent"), 10_000, abort.signal), UpstreamError);
  assertEquals(hooks.calls.length, 1);
});

Deno.test("postHook() calls nothing but HTTP servers", async () => {
  const answersItself = "data:text/plain,0";
  const file = new URL("../../../fixtures/README.md", import.meta.url).href;
  for (const url of [answersItself, file, "blob:null/0", "ftp://a/", "//127.0.0.1/", "a", ""]) {
    const error = await assertRejects(() => post(url), UpstreamError);
    assertEquals(error.message, "not an http:// or https:// address");
  }
});

Deno.test("postHook() tells of a failure without the secrets of the address", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://user:pass@127.0.0.1:${port}/hook?token=s3cret`;
  const error = await assertRejects(() => post(url), UpstreamError);
  for (const secret of ["pass", "s3cret"]) assert(!error.message.includes(secret), error.message);
  assertEquals(error.codeName, "StConnect");
  assertStringIncludes(error.message, "refused");
});

const shown: [url: string, text: string][] = [
  ["http://a/b", "http://a/b"],
  ["http://a/b?c=d&e=http://f/", "http://a/b"],
  ["https://u:p@a:8/b#c", "https://a:8/b"],
  ["http://u:p@a?x=/@y", "http://a"],
  ["http://a/@b", "http://a/@b"],
];

for (const [url, text] of shown) {
  Deno.test(`shownUrl() shows ${url} as ${text}`, () => assertEquals(shownUrl(url), text));
}
