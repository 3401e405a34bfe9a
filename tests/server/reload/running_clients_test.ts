import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryHttp } from "../../kit/memory_http.ts";
import { MemoryNetwork } from "../../kit/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory_peers.ts";
import { MemoryServer } from "../../kit/memory_server.ts";

Deno.test("a publisher that runs is read as a reloaded mr_latency says", async () => {
  const network = new MemoryNetwork();
  const server = new MemoryServer(network, "10.0.0.1", { vhost: "publish { mr on; mr_latency 100; }" });
  using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
  const worstGapMs = async () => {
    using viewer = await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.1:1935", "s");
    await network.run(4000);
    return viewer.worstGapMs;
  };
  await network.run(1000);
  assertLess(await worstGapMs(), 600);
  const vhost = "publish { mr on; mr_latency 900; }";
  assertEquals(await server.reload({ vhost }), ["applied: vhost __defaultVhost__: publish.mr_latency"]);
  assertGreater(await worstGapMs(), 800);
  await server.stop();
});

Deno.test("players and viewers that run are sent to as a reloaded min_latency says", async () => {
  const network = new MemoryNetwork();
  const server = new MemoryServer(network, "10.0.0.1", { vhost: "min_latency on;" });
  using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
  const client = network.host("10.0.2.1");
  using _player = await MemoryViewer.start(client, "10.0.0.1:1935", "s");
  using _viewer = await MemoryHttp.get(client, "10.0.0.1:8080", "/live/s.flv");
  const atOnce = () => client.dialled.map(({ peerSendsAtOnce }) => peerSendsAtOnce);
  await network.run(3000);
  assertEquals(atOnce(), [true, true]);
  assertEquals((await server.reload({}))[0], "applied: vhost __defaultVhost__: min_latency");
  await network.run(3000);
  assertEquals(atOnce(), [false, false]);
  await server.stop();
});
