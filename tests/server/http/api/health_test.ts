import { HttpServer } from "../../../../src/http/server.ts";
import { Server } from "../../../../src/server/server.ts";
import { stopGracefully } from "../../../../src/cli/serve/stop.ts";
import { assertEquals, assertLess } from "../../../kit/assert.ts";
import { apiOf, configOf, fakeServer } from "../../../kit/peers/fake_server.ts";
import { freePort } from "../../../kit/launcher.ts";
import { WebServer } from "../../../kit/server/http_flv_rig.ts";
import { Publisher, serverTest, until, Viewer } from "../../../kit/server/rtmp_rig.ts";
import { TestLog } from "../../../kit/test_log.ts";

const password = "auth { enabled on; username admin; password secret; }";

/** Status and message of a path, without a password. */
async function ask(port: number, path: string, method = "GET"): Promise<[status: number, message: unknown]> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
  const text = await answer.text();
  return [answer.status, text === "" ? "" : JSON.parse(text).message];
}

serverTest(
  "/healthz and /readyz answer on both ports without the password, whoever asks, and nothing else does",
  async () => {
    await using server = new WebServer({ api: password });
    for (const port of [server.apiPort, server.webPort]) {
      for (const path of ["/healthz", "/readyz"]) {
        assertEquals(await ask(port, path), [200, undefined]);
        assertEquals(await ask(port, path, "HEAD"), [200, ""]);
        assertEquals(await ask(port, path, "POST"), [405, "allowed: GET"]);
        assertEquals((await ask(port, `${path}/x`))[0], 404);
      }
    }
    const refused = await fetch(`http://127.0.0.1:${server.apiPort}/api/v1/summaries`);
    assertEquals([refused.status, await refused.text()], [401, ""]);
  },
);

serverTest("/readyz answers where API and streams have one port", async () => {
  const port = freePort();
  await using _server = new WebServer({ api: password, apiPort: port, webPort: port });
  assertEquals([await ask(port, "/healthz"), await ask(port, "/readyz")], [[200, undefined], [200, undefined]]);
});

serverTest("/readyz is 503 before the RTMP port is open, and /healthz is 200 then", async () => {
  const free = { host: "127.0.0.1", port: 0, text: "0" };
  const config = configOf("http_api { enabled on; listen 1985; } vhost __defaultVhost__ {}");
  const server = new Server({ ...config, listen: [free], httpApi: { ...config.httpApi, listen: free } }, new TestLog());
  const http = new HttpServer(server);
  http.start();
  try {
    const why = "starting: the RTMP port is not open yet";
    assertEquals([await ask(http.port!, "/healthz"), await ask(http.port!, "/readyz")], [[200, undefined], [503, why]]);
    server.start();
    assertEquals(await ask(http.port!, "/readyz"), [200, undefined]);
  } finally {
    await http.stop();
    await server.stop();
  }
});

serverTest("/readyz is 503 from the moment that a drain begins, while clients are still taken and served", async () => {
  await using origin = new WebServer({
    vhost: "min_latency on;",
    root: "grace_start_wait 600; grace_final_wait 400;",
  });
  using _publisher = await Publisher.start(origin.port, "s");
  const stopped = stopGracefully({ server: origin.server, http: origin.http }, "SIGQUIT", new Promise(() => {}));
  const draining: [number, string] = [503, "draining: this server is about to stop"];
  assertEquals(await ask(origin.apiPort, "/readyz"), draining);
  assertEquals(await ask(origin.webPort, "/readyz"), draining);
  using viewer = await Viewer.start(origin.port, "s");
  await viewer.waitForFrames(2);
  await until("it takes no more clients", () => origin.server.drain.isOn);
  assertEquals([await ask(origin.apiPort, "/readyz"), await ask(origin.apiPort, "/healthz")], [draining, [
    200,
    undefined,
  ]]);
  await stopped;
});

Deno.test("/readyz does not look at coworkers, and asks nobody", async () => {
  const server = fakeServer("vhost __defaultVhost__ { cluster { origin_cluster on; coworkers 10.0.0.9:1985; } }");
  const nobody = () => {
    throw new Error("asked");
  };
  Object.assign(server, { coworkers: { table: nobody, findOwners: nobody, claim: nobody, confirm: nobody } });
  assertEquals((await apiOf(server)("/readyz")).status, 200);
});

serverTest("a thousand probes at once are answered in a moment", async () => {
  await using server = new WebServer();
  const startedMs = performance.now();
  const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(server.apiPort, "/readyz")));
  assertEquals(answers.filter(([status]) => status !== 200), []);
  assertLess(performance.now() - startedMs, 8000);
});
