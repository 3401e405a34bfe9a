/** An edge whose vhost is another one at the origins, in a cluster with an engine. On a simulated network. */
import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { SimulatedEngine } from "../../kit/engine/simulated_engine.ts";

const root = (ip: string) => `advertise ${ip}; directory { enabled on; url redis://10.0.9.9; node_ttl 6000; }`;

for (const order of ["before", "after"] as const) {
  Deno.test(`an edge finds the stream of the vhost that its own stands for, published ${order} it was asked for`, async () => {
    const network = new MemoryNetwork();
    const engine = network.engines["10.0.9.9:6379"] = new SimulatedEngine(network.timers);
    const origin = new MemoryServer(network, "10.0.0.1", { root: root("10.0.0.1"), vhosts: "vhost studio { }" });
    const edge = new MemoryServer(network, "10.0.0.2", {
      root: root("10.0.0.2"),
      vhosts: "vhost viewers { cluster { mode remote; vhost studio; } }",
    });
    await network.run(1000);
    const play = () => MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.2:1935", "s?vhost=viewers");
    const publish = () => MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s?vhost=studio");
    const peers = order === "before" ? [await publish()] : [];
    const viewer = await play();
    await network.run(2000);
    if (order === "after") peers.push(await publish());
    await network.run(2000);
    assertEquals(engine.keys.filter((key) => key.startsWith("srs:s:")), ["srs:s:studio/live/s"]);
    assertGreater(viewer.frames.length, 20);
    for (const peer of [viewer, ...peers]) peer[Symbol.dispose]();
    for (const server of [edge, origin]) await server.stop();
  });
}
