import { assertEquals, assertGreater, assertMatch } from "../../kit/assert.ts";
import { WebServer } from "../../kit/server/http_flv_rig.ts";
import { twoOrigins } from "../../kit/server/cluster_rig.ts";
import { freePort, Publisher, serverTest, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

/** What an edge says of the origins. */
async function origins(edge: WebServer): Promise<Record<string, unknown>[]> {
  return (await (await fetch(`http://127.0.0.1:${edge.apiPort}/api/v1/edges`)).json()).data.origins;
}

serverTest("after a 302 the serving origin is credited, not the one that was asked", async () => {
  const { a, b, stack } = twoOrigins("redirect auto;");
  await using _ = stack;
  await using edge = new WebServer({ vhost: `cluster { mode remote; origin 127.0.0.1:${b.port}; }` });
  using _publisher = await Publisher.start(a.port, "s");
  const credits = async () => (await origins(edge)).map(({ origin, pulls }) => `${origin} ${pulls}`);
  {
    using viewer = await Viewer.start(edge.port, "s");
    await viewer.waitForFrames(5);
    assertEquals(await credits(), [`127.0.0.1:${b.port} 0`, `127.0.0.1:${a.port} 1`]);
  }
  edge.server.pulls.stop();
  assertEquals(await credits(), [`127.0.0.1:${b.port} 0`], "the owner is no origin of the edge's own");
});

serverTest("the last error of an origin has a time, and is gone once the origin works again", async () => {
  const port = freePort();
  await using edge = new WebServer({ vhost: `cluster { mode remote; origin 127.0.0.1:${port}; }` });
  using viewer = await Viewer.start(edge.port, "s");
  await until("the origin is missed", () => [...edge.server.pulls.pool.table()].some(({ failures }) => failures > 0));
  const [missed] = await origins(edge);
  assertMatch(String(missed?.last_error), /refused/);
  assertGreater(Number(missed?.last_error_at), Date.now() - 10_000);
  await using _origin = new TestServer("min_latency on;", "", port);
  using _publisher = await Publisher.start(port, "s");
  await viewer.waitForFrames(5);
  // While it plays, not only after.
  assertEquals(await origins(edge), [
    { origin: `127.0.0.1:${port}`, pulls: 1, failures: 0, rest_ms: 0, last_error: "", last_error_at: null },
  ]);
});
