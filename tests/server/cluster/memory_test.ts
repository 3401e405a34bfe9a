import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

Deno.test("two origins and an edge on a simulated network: the edge switches when the origin that has the stream is killed", async () => {
  const startedMs = performance.now();
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", { vhost: "cluster { origin_cluster on; coworkers 10.0.0.2:1985; }" });
  const b = new MemoryServer(network, "10.0.0.2", { vhost: "cluster { origin_cluster on; coworkers 10.0.0.1:1985; }" });
  const edge = new MemoryServer(network, "10.0.0.3", {
    vhost: "cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; }",
  });
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
  assertEquals(edge.log.find("pull /live/s from 10.0.0.2:1935").length, 1);

  await b.stop();
  await edge.stop();
  assertLess(performance.now() - startedMs, 5000);
});
