import { assertEquals } from "../kit/assert.ts";
import { WebServer } from "../kit/server/http_flv_rig.ts";
import { promtool } from "../kit/promtool.ts";
import { freePort, Publisher, until, Viewer } from "../kit/server/rtmp_rig.ts";
import { interopTest } from "../kit/tools.ts";

interopTest("promtool finds nothing wrong with the metrics of a server that is used", ["promtool"], async () => {
  const root = `exporter { enabled on; listen 127.0.0.1:${freePort()}; }`;
  await using origin = new WebServer({ root });
  const cluster = `cluster { mode remote; origin 127.0.0.1:${origin.port} 127.0.0.1:1; }`;
  await using edge = new WebServer({ root: root.replace(/:\d+;/, `:${freePort()};`), vhost: cluster });
  using _publisher = await Publisher.start(origin.port, "s");
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(5);
  await until(
    "its first frame is counted",
    () => [...edge.server.registry.firstFrames.rows()].some(([, { sumSeconds }]) => sumSeconds > 0),
  );
  for (const { apiPort } of [origin, edge]) {
    const text = await (await fetch(`http://127.0.0.1:${apiPort}/metrics`)).text();
    assertEquals(await promtool(["check", "metrics"], text), { code: 0, said: "" });
    // It does look.
    const broken = await promtool(["check", "metrics"], text.replaceAll("srs_ts_stream_send_bytes_total", "sent"));
    assertEquals([broken.code, broken.said.includes("sent counter metrics should have")], [3, true]);
  }
});
