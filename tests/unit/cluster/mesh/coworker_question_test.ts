import type { Owner } from "../../../../src/cluster/directory.ts";
import { askCoworker } from "../../../../src/cluster/mesh/coworker_question.ts";
import type { Fetch } from "../../../../src/base/world.ts";
import { assert, assertEquals, assertLess, assertStringIncludes } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { type Behaviour, hangs, hangsForGood, owns, refuses } from "../../../kit/peers/coworker_behaviours.ts";

/** How a question ends, and when, at a server that does nothing at some times. */
async function askWhileBusy(
  answersMs: number,
  busy: (ms: number) => number,
): Promise<{ error: string | null; ms: number }> {
  const clock = new ManualTimers(0);
  const timers = {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: (ms: number, fn: () => void) => {
      const dueMs = clock.nowMs() + ms;
      return clock.after(ms + busy(dueMs), fn);
    },
  };
  const answer = Promise.withResolvers<Response>();
  clock.after(answersMs + busy(answersMs), () => answer.resolve(Response.json({ code: 0, data: {} })));
  let result: { error: string | null; ms: number } | null = null;
  askCoworker(() => answer.promise, timers, "a:1985", question).then(({ error, latencyMs }) => {
    result = { error, ms: latencyMs };
  });
  await clock.run(10_000);
  return result!;
}

Deno.test("askCoworker() does not blame a coworker for the time that this server was busy, in all the wait", async () => {
  /** Busy between two moments. */
  const spell = (fromMs: number, untilMs: number) => (ms: number) => ms > fromMs && ms < untilMs ? untilMs - ms : 0;
  assertEquals((await askWhileBusy(900, () => 0)).error, null);
  assertEquals(await askWhileBusy(1300, () => 0), { error: "no answer within 1000 ms", ms: 1000 });
  assertEquals(await askWhileBusy(1300, spell(110, 690)), { error: null, ms: 1300 });
  const late = await askWhileBusy(5000, spell(110, 690));
  assertEquals(late, { error: "no answer within 1000 ms", ms: 1590 });
  const always = await askWhileBusy(9000, () => 300);
  assertEquals(always.error, "no answer within 1000 ms");
  assertLess(always.ms, 4500);
});

const endless = () =>
  new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1000).fill(32)) });
const neverEnding = () =>
  new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(9)) });

const uselessAnswers: { name: string; answer: Behaviour; error: string }[] = [
  {
    name: "ip is a number",
    answer: () => Response.json({ code: 0, data: { origin: { ip: 1, port: 1935 } } }),
    error: "ip",
  },
  { name: "ip is missing", answer: () => Response.json({ code: 0, data: { origin: { port: 1935 } } }), error: "ip" },
  { name: "ip is empty", answer: owns("", 1935), error: "ip" },
  { name: "ip is no host", answer: owns("10.0.0.1/x?y=\r\nz", 1935), error: "ip" },
  { name: "ip is 10,000 characters", answer: owns("1".repeat(10_000), 1935), error: "ip" },
  { name: "port is 0", answer: owns("10.0.0.1", 0), error: "port" },
  { name: "port is 65536", answer: owns("10.0.0.1", 65536), error: "port" },
  { name: "port is a fraction", answer: owns("10.0.0.1", 19.35), error: "port" },
  {
    name: "port is a string",
    answer: () => Response.json({ code: 0, data: { origin: { ip: "10.0.0.1", port: "1935" } } }),
    error: "port",
  },
  { name: "code is not 0", answer: () => Response.json({ code: 100, data: { origin: null } }), error: "unexpected" },
  { name: "code is a string", answer: () => Response.json({ code: "0", data: { origin: null } }), error: "unexpected" },
  { name: "no data", answer: () => Response.json({ code: 0 }), error: "unexpected" },
  { name: "a number", answer: () => Response.json(7), error: "unexpected" },
  { name: "null", answer: () => Response.json(null), error: "unexpected" },
  {
    name: "everything below __proto__",
    answer: () => new Response('{"__proto__":{"code":0,"data":{"origin":{"ip":"10.0.0.1","port":1935}}}}'),
    error: "unexpected",
  },
  {
    name: "an address below __proto__",
    answer: () => new Response('{"code":0,"data":{"origin":{"__proto__":{"ip":"10.0.0.1","port":1935}}}}'),
    error: "ip",
  },
  { name: "an empty body", answer: () => new Response(""), error: "not JSON" },
  { name: "no body", answer: () => new Response(null), error: "not JSON" },
  { name: "HTML", answer: () => new Response("<html><body>nginx</body></html>"), error: "not JSON" },
  {
    name: "status 500",
    answer: () => Response.json({ code: 0, data: { origin: null } }, { status: 500 }),
    error: "500",
  },
  { name: "status 404", answer: () => new Response("not found", { status: 404 }), error: "404" },
  { name: "2 MB", answer: () => new Response(new Uint8Array(2 * 1024 * 1024)), error: "longer than 65536" },
  { name: "a body without end", answer: () => new Response(endless()), error: "longer than 65536" },
  { name: "a body that stalls", answer: () => new Response(neverEnding()), error: "no answer within 1000 ms" },
  { name: "nothing at all", answer: hangsForGood, error: "no answer within 1000 ms" },
  { name: "nothing until the signal", answer: hangs, error: "no answer within 1000 ms" },
  { name: "a refused connection", answer: refuses, error: "connection refused" },
];

const question = { timeoutMs: 1000, vhost: "v", app: "live", stream: "s", ip: "127.0.0.1" };

for (const { name, answer, error } of uselessAnswers) {
  Deno.test(`askCoworker() calls it useless: ${name}`, async () => {
    const timers = new ManualTimers();
    let result: Awaited<ReturnType<typeof askCoworker>> | null = null;
    askCoworker(async (url, init) => await answer(new URL(url), init), timers, "a:1985", question)
      .then((value) => result = value);
    for (let i = 0; i < 150 && result === null; i++) await timers.run(10);
    assert(result !== null, "no result within the budget");
    const { owner, error: found } = result as Awaited<ReturnType<typeof askCoworker>>;
    assertEquals(owner, null);
    assertStringIncludes(found ?? "", error);
    assert((found ?? "").length < 400, "an error quotes only the beginning");
    assertEquals(timers.pendingCount, 0);
  });
}

const usableAnswers: { name: string; answer: Behaviour; owner: Owner | null }[] = [
  { name: "status 201", answer: () => Response.json({ code: 0, data: {} }, { status: 201 }), owner: null },
  { name: "origin false", answer: () => Response.json({ code: 0, data: { origin: false } }), owner: null },
  {
    name: "an IPv6 owner",
    answer: owns("fd00::2", 1935),
    owner: { ip: "fd00::2", port: 1935, coworker: "a:1985", silentMs: 0, isDraining: false },
  },
  {
    name: "an owner whose HTTP address would forge a redirect, without that",
    answer: () =>
      Response.json({
        code: 0,
        data: { origin: { ip: "10.0.0.2", port: 1, http: "10.0.0.2:80/x?\r\nSet-Cookie: a=b", https: "http://evil/" } },
      }),
    owner: { ip: "10.0.0.2", port: 1, coworker: "a:1985", silentMs: 0, isDraining: false },
  },
  {
    name: "a host name",
    answer: owns("origin-b.lan", 1),
    owner: { ip: "origin-b.lan", port: 1, coworker: "a:1985", silentMs: 0, isDraining: false },
  },
];

for (const { name, answer, owner } of usableAnswers) {
  Deno.test(`askCoworker() takes ${name}`, async () => {
    const fetch: Fetch = async (url, init) => await answer(new URL(url), init);
    const result = await askCoworker(fetch, new ManualTimers(), "a:1985", question);
    assertEquals({ owner: result.owner, error: result.error }, { owner, error: null });
  });
}

Deno.test("askCoworker() asks as SRS does: POST, parameters in its order, colons as they are, no redirects", async () => {
  let seen: { url: string; init: RequestInit } | null = null;
  const fetch: Fetch = (url, init) => {
    seen = { url, init };
    return Promise.resolve(Response.json({ code: 0, data: { origin: null } }));
  };
  await askCoworker(fetch, new ManualTimers(), "10.0.0.2:1985", {
    ...question,
    vhost: "__defaultVhost__",
    stream: "a b&app=x#é?y=%2f",
  });
  const { url, init } = seen! as { url: string; init: RequestInit };
  assertEquals(
    url,
    "http://10.0.0.2:1985/api/v1/clusters?vhost=__defaultVhost__&ip=127.0.0.1&app=live&" +
      "stream=a%20b%26app%3Dx%23%C3%A9%3Fy%3D%252f&coworker=10.0.0.2:1985",
  );
  assertEquals([init.method, init.redirect], ["POST", "error"]);
});
