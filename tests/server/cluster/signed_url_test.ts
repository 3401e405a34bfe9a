import { loadConfig, requireConfig } from "../../../src/config/mod.ts";
import { Server } from "../../../src/server/server.ts";
import { signUrl } from "../../../src/server/access/signed_url.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { TestLog } from "../../kit/test_log.ts";

const VALID_MS = 5000;

/** Signatures are computed outside of the simulation: short steps give them the time. */
async function run(network: MemoryNetwork, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 50) {
    await network.run(50);
    await crypto.subtle.digest("SHA-256", new Uint8Array(1));
  }
}

Deno.test("an edge's pull and publish come back after the clients' signatures have expired", async () => {
  const network = new MemoryNetwork();
  const start = (ip: string, cluster: string) => {
    const signedUrl = "signed_url { publish on; play on; key s3cret; }";
    const text = `listen 1935; vhost __defaultVhost__ { ${signedUrl} cluster { ${cluster} } }`;
    const config = requireConfig(loadConfig({ path: "t.conf", text }));
    const server = new Server(config, new TestLog(), { world: network.host(ip) });
    server.start();
    return server;
  };
  const origin = start("10.0.0.1", "mode local;");
  const edge = start("10.0.0.2", "mode remote; origin 10.0.0.1:1935;");
  const encoder = network.host("10.0.1.1");
  const expire = String(Math.ceil((encoder.wallMs() + VALID_MS) / 1000));
  const name = async (kind: "play" | "publish") =>
    `s?expire=${expire}&sign=${await signUrl("s3cret", "/live/s", expire, kind)}`;
  const playName = await name("play");
  const publishName = await name("publish");
  const publishing = MemoryPublisher.start(encoder, "10.0.0.2:1935", publishName);
  await run(network, 1000);
  using publisher = await publishing;
  const viewing = MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.2:1935", playName);
  const second = start("10.0.0.3", "mode remote; origin 10.0.0.1:1935;");
  const watching = MemoryViewer.start(network.host("10.0.2.2"), "10.0.0.3:1935", playName);
  await run(network, VALID_MS);
  using _viewer = await viewing;
  using viewer = await watching;
  assert(viewer.frames.length > 50, `${viewer.frames.length} frames came`);

  for (const { kick } of [...origin.registry.clients()]) kick();
  await run(network, 1000);
  const before = viewer.frames.length;
  await run(network, 3000);

  assertEquals([publisher.ended, viewer.ended], ["", ""]);
  assert(viewer.frames.length - before > 100, `${viewer.frames.length - before} frames came after the break`);
  const stopped = Promise.all([origin.stop(), edge.stop(), second.stop()]);
  await run(network, 3000);
  await stopped;
});
