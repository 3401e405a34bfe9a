import { WatchedCoworker } from "../../../../src/cluster/health/watched_coworker.ts";
import { callCoworker } from "../../../../src/http/console/coworker_call.ts";
import { assertEquals, assertStringIncludes } from "../../../kit/assert.ts";
import { fakeServer, START_MS } from "../../../kit/peers/fake_server.ts";
import { worldAt } from "../../../kit/memory/world.ts";

const list = { method: "GET", path: "/console/api/list/streams?start=0" } as const;

/** A server that DNS has told of one coworker. */
function serverWith(answer: () => Response) {
  const server = fakeServer(
    "vhost v { cluster { origin_cluster on; coworkers dns+http://origins:1985; coworker_token t; } }",
  );
  const asked: [url: string, token: string | null][] = [];
  const world = {
    ...worldAt(server.timers),
    fetch: (url: string, init?: { headers?: HeadersInit }) => {
      asked.push([url, new Headers(init?.headers).get("x-coworker-token")]);
      return Promise.resolve(answer());
    },
  };
  const address = { host: "10.0.0.7", port: 1985, text: "10.0.0.7:1985", token: "t", proof: "token" as const };
  const watch = { all: () => [new WatchedCoworker(address, server.log, START_MS)] };
  return {
    asked,
    call: (name: string) => callCoworker({ config: server.config, world, health: { watch } }, name, list),
  };
}

Deno.test("callCoworker reaches those that DNS has found, with the token, and nobody else", async () => {
  const { asked, call } = serverWith(() => new Response('{"code":0}'));
  assertEquals(await (await call("10.0.0.7:1985")).json(), { code: 0 });
  assertEquals(asked, [["http://10.0.0.7:1985/console/api/list/streams?start=0", "t"]]);
  for (const name of ["10.0.0.8:1985", "origins:1985/x", "", "10.0.0.7"]) assertEquals((await call(name)).status, 404);
  assertEquals(asked.length, 1);
});

const failures: [what: string, answer: () => Response, text: string][] = [
  ["a password", () => new Response(null, { status: 401 }), "give both servers the same coworker_token"],
  ["SRS", () => new Response("Not Found", { status: 404 }), "HTTP status 404"],
  ["an endless answer", () => new Response("x".repeat(3 << 20)), "answer longer than"],
];

for (const [what, answer, text] of failures) {
  Deno.test(`callCoworker says why a coworker with ${what} is of no use`, async () => {
    const { call } = serverWith(answer);
    const refused = await call("10.0.0.7:1985");
    assertEquals(refused.status, 502);
    assertStringIncludes(await refused.text(), text);
  });
}
