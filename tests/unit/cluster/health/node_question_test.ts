import type { CoworkerApi } from "../../../../src/cluster/health/coworker_apis.ts";
import { askNode, type QuestionWorld } from "../../../../src/cluster/health/node_question.ts";
import { assert, assertEquals } from "../../../kit/assert.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";

const coworker: CoworkerApi = { host: "10.0.0.2", port: 1985, text: "10.0.0.2:1985", token: "", proof: "token" };
const node = { instance: "b", server: "vid-b", software: "srs-ts/0.1.0", role: "origin" };

type Fetched = (path: string, signal: AbortSignal) => Response | Promise<Response>;

function ask(fetched: Fetched, { token = "", isForeign = false, withDownstream = false } = {}) {
  const timers = new ManualTimers();
  const clock = { skippedMs: 0 };
  const asked: string[] = [];
  const world: QuestionWorld = {
    nowMs: () => timers.nowMs() + clock.skippedMs,
    wallMs: () => timers.nowMs() + clock.skippedMs,
    after: (delayMs, fn) => timers.after(delayMs, fn),
    fetch: async (url, { signal }) => {
      const { pathname, search } = new URL(url);
      asked.push(`${pathname}${search}`);
      const { promise: gone, reject } = Promise.withResolvers<never>();
      signal!.addEventListener("abort", () => reject(signal!.reason));
      return await Promise.race([fetched(pathname, signal!), gone]);
    },
  };
  const stop = new AbortController();
  const options = { instance: "me", isForeign, withDownstream, timeoutMs: 2000, signal: stop.signal };
  const ended = askNode(world, { ...coworker, token }, options);
  return { timers, clock, asked, stop, ended };
}

const json = (body: unknown, headers: Record<string, string> = {}) => () => Response.json(body, { headers });
const versions = { code: 0, server: "vid-srs", service: "srs-1", data: { version: "6.0.134" } };

const ends: [name: string, fetched: Fetched, outcome: string][] = [
  ["a server of ours", json({ code: 0, data: node }), "up srs-ts/0.1.0"],
  [
    "an SRS",
    (path) => path.endsWith("node") ? new Response("", { status: 404 }) : Response.json(versions),
    "up SRS/6.0.134",
  ],
  [
    "a refusal",
    () => Promise.reject(new TypeError("Connection refused")),
    "refused: connection refused: nothing listens there",
  ],
  [
    "a refusal that hides in the cause",
    () => Promise.reject(new TypeError("fetch failed", { cause: new Error("tcp connect error: Connection refused") })),
    "refused: connection refused: nothing listens there",
  ],
  [
    "a host whose name speaks of DNS",
    () => Promise.reject(new TypeError("error sending request for url (http://dns.lookup:1/): connection closed")),
    "garbled: no answer: it ended the connection",
  ],
  ["an unknown name", () => Promise.reject(new TypeError("dns error: failed to lookup")), "garbled: unknown host name"],
  [
    "no HTTP",
    () => Promise.reject(new TypeError("invalid HTTP version")),
    "garbled: no answer: it ended the connection",
  ],
  ["no JSON", () => new Response("<html>"), "clear: speaks HTTP, but is neither srs-ts nor SRS"],
  ["JSON of another kind", json([1]), "clear: speaks HTTP, but is neither srs-ts nor SRS"],
  [
    "our http_server",
    (path) =>
      new Response(path.endsWith("node") ? "" : "{}", {
        status: path.endsWith("node") ? 404 : 200,
        headers: { server: "srs-ts/0.1.0" },
      }),
    "clear: is a server of ours, but not its HTTP API: is it the port of http_server?",
  ],
  ["a redirect", () => new Response(null, { status: 302 }), "clear: answers with HTTP status 302"],
  ["an answer without end", endless, "clear: speaks HTTP, but is neither srs-ts nor SRS"],
];

function endless(): Response {
  const piece = new Uint8Array(10_000).fill(32);
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(piece) }));
}

for (const [name, fetched, outcome] of ends) {
  Deno.test(`askNode(): ${name}`, async () => {
    const answer = await ask(fetched).ended;
    assertEquals(
      "trouble" in answer ? `${answer.kind}: ${answer.trouble.what}` : `up ${answer.facts.software}`,
      outcome,
    );
  });
}

Deno.test("askNode() asks a known SRS for its version alone, and says who asks in the question of ours", async () => {
  const srs = ask(json(versions), { isForeign: true });
  await srs.ended;
  const ours = ask(json({ code: 0, data: node }));
  await ours.ended;
  assertEquals([srs.asked, ours.asked], [["/api/v1/versions"], ["/api/v1/node?from=me"]]);
});

Deno.test("askNode() asks for servers downstream where that is wanted, and believes no more than 200", async () => {
  const many = Array.from({ length: 1000 }, (_, at) => ({ instance: `e${at}`, role: "edge" }));
  const asking = ask(json({ code: 0, data: { ...node, downstream: [{ role: "edge" }, null, ...many] } }), {
    withDownstream: true,
  });
  const answer = await asking.ended;
  assertEquals(asking.asked, ["/api/v1/node?from=me&downstream=1"]);
  assertEquals("facts" in answer && [answer.downstream?.length, answer.downstream?.[0]?.facts.instance], [198, "e0"]);
  const none = await ask(json({ code: 0, data: { ...node, downstream: "x" } })).ended;
  assertEquals("facts" in none && none.downstream, null);
});

Deno.test("askNode() gives up after 2 s, and when the server ends", async () => {
  const hung = () => new Promise<Response>(() => {});
  const silent = ask(hung);
  silent.timers.advance(1999);
  await turn();
  silent.timers.advance(1);
  const answer = await silent.ended;
  assertEquals("trouble" in answer && [answer.kind, answer.trouble.what], ["silent", "no answer within 2000 ms"]);
  assertEquals(silent.timers.pendingCount, 0);
  const stopped = ask(hung);
  stopped.stop.abort();
  assert("trouble" in await stopped.ended);
  assertEquals(stopped.timers.pendingCount, 0);
});

Deno.test("askNode() does not take its own server's pause for the silence of another, within bounds", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const asking = ask(() => promise);
  asking.timers.advance(1900);
  // This process stood still for 3 s: the answer has been there all the time.
  asking.clock.skippedMs = 3000;
  asking.timers.advance(200);
  resolve(Response.json({ code: 0, data: node }));
  assert(!("trouble" in await asking.ended));

  const hung = ask(() => new Promise(() => {}));
  for (let i = 0; i < 10; i++) {
    hung.clock.skippedMs += 1000;
    hung.timers.advance(600);
  }
  assert("trouble" in await hung.ended);
});

Deno.test("askNode() measures the other clock against half the way there and back", async () => {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const asking = ask(() => promise);
  const sentMs = asking.timers.nowMs();
  await turn();
  asking.timers.advance(400);
  resolve(Response.json({ code: 0, data: { ...node, now_ms: sentMs + 200 + 5000 } }));
  const answer = await asking.ended;
  assertEquals("skewMs" in answer && [answer.skewMs, answer.skewErrorMs], [5000, 200]);
});
