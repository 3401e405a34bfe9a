import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { HttpServer } from "../../../src/http/server.ts";
import { Server } from "../../../src/server/server.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { type MemoryHost, MemoryNetwork } from "../../kit/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory_peers.ts";
import { TestLog } from "../../kit/test_log.ts";

/** A whole server on one machine of a simulated network. */
class MemoryServer {
  readonly log = new TestLog();
  readonly host: MemoryHost;
  readonly server: Server;
  readonly http: HttpServer;

  /** @param cluster Directives of `cluster { }` in the default vhost. */
  constructor(network: MemoryNetwork, ip: string, cluster: string) {
    const text = `listen 1935; http_api { enabled on; listen 1985; } vhost __defaultVhost__ { cluster { ${cluster} } }`;
    this.host = network.host(ip);
    this.server = new Server(requireConfig(loadConfig({ path: "t.conf", text })), this.log, { world: this.host });
    this.http = new HttpServer(this.server);
    this.server.start();
    this.http.start();
  }
}

Deno.test("two origins and an edge on a simulated network: the edge switches when the origin that has the stream is killed", async () => {
  const startedMs = performance.now();
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", "origin_cluster on; coworkers 10.0.0.2:1985;");
  const b = new MemoryServer(network, "10.0.0.2", "origin_cluster on; coworkers 10.0.0.1:1985;");
  const edge = new MemoryServer(network, "10.0.0.3", "mode remote; origin 10.0.0.1:1935 10.0.0.2:1935;");
  const encoder = network.host("10.0.1.1");
  using first = await MemoryPublisher.start(encoder, "10.0.0.1:1935", "s");
  await network.run(1000);
  using viewer = await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.3:1935", "s");
  await network.run(3000);
  assert(viewer.frames.length > 100, `${viewer.frames.length} frames came from A`);

  a.host.kill();
  await network.run(100);
  assert(first.ended !== "", "the encoder sees its connection break");
  using _second = await MemoryPublisher.start(encoder, "10.0.0.2:1935", "s", 1000);
  const before = viewer.frames.length;
  await network.run(3000);

  assertEquals(viewer.ended, "");
  assert(viewer.frames.length - before > 100, `${viewer.frames.length - before} frames came from B`);
  assertEquals(viewer.timestampsMs.toSorted((x, y) => x - y), viewer.timestampsMs);
  assertLess(viewer.worstGapMs, 1000);
  assert(edge.log.lines.some((line) => line.includes("pull live/s from 10.0.0.2:1935") || line.includes("10.0.0.2")));

  for (const server of [b, edge]) {
    const stopped = Promise.all([server.http.stop(), server.server.stop()]);
    await network.run(3000);
    await stopped;
  }
  assertLess(performance.now() - startedMs, 5000);
});
