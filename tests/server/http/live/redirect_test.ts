import { assertEquals, assertGreater } from "../../../kit/assert.ts";
import { MemoryHttp } from "../../../kit/memory_http.ts";
import { MemoryNetwork } from "../../../kit/memory_network.ts";
import { MemoryPublisher } from "../../../kit/memory_peers.ts";
import { MemoryServer } from "../../../kit/memory_server.ts";

for (const redirect of ["auto", "always", "never"]) {
  Deno.test(`redirect ${redirect}: viewers that HTTP sends nowhere get the stream at the origin that they asked`, async () => {
    const network = new MemoryNetwork();
    const cluster = (coworker: string) => `cluster { origin_cluster on; coworkers ${coworker}; redirect ${redirect}; }`;
    // The owner serves no HTTP-FLV: there is no address to send a viewer to.
    const owner = new MemoryServer(network, "10.0.0.1", {
      vhost: cluster("10.0.0.2:1985"),
      remux: "mount [vhost]/[app]/[stream].ts;",
    });
    const asked = new MemoryServer(network, "10.0.0.2", { vhost: cluster("10.0.0.1:1985") });
    using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
    await network.run(1000);
    const client = network.host("10.0.2.1");
    using webSocket = await MemoryHttp.webSocket(client, "10.0.0.2:8080", "/live/s.flv");
    using flv = await MemoryHttp.get(client, "10.0.0.2:8080", "/live/s.flv", ["User-Agent: Mozilla/5.0"]);
    await network.run(3000);
    assertEquals([webSocket.status, flv.status], [101, 200]);
    for (const { bytes } of [webSocket, flv]) assertGreater(bytes, 2000);
    await owner.stop();
    await asked.stop();
  });
}
