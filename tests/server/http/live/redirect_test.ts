import type { TcpConn } from "../../../../src/net/tcp_conn.ts";
import { serveAt } from "../../../kit/memory/memory_origin.ts";
import { assertEquals, assertGreater, assertLess } from "../../../kit/assert.ts";
import { MemoryHttp } from "../../../kit/memory/memory_http.ts";
import { MemoryNetwork } from "../../../kit/memory/memory_network.ts";
import { MemoryPublisher } from "../../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../../kit/memory/memory_server.ts";

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

Deno.test("a viewer that has left before the coworkers were asked costs them no question", async () => {
  const network = new MemoryNetwork();
  const asked = new MemoryServer(network, "10.0.0.2", {
    vhost: "cluster { origin_cluster on; coworkers 10.0.0.1:1985; coworker_timeout 3000; redirect always; }",
    remux: "mount [vhost]/[app]/[stream].flv;",
  });
  const questions: TcpConn[] = [];
  using _coworker = serveAt(network, "10.0.0.1:1985", (conn) => {
    const onBytes = (view: Uint8Array) => {
      if (new TextDecoder().decode(view).includes("/api/v1/clusters")) questions.push(conn);
    };
    conn.readLoop(onBytes, { bufferBytes: 4096 }).catch(() => {});
  });
  await network.run(100);
  const client = network.host("10.0.2.1");
  const viewers = await Promise.all(
    Array.from({ length: 60 }, (_, i) => MemoryHttp.get(client, "10.0.0.2:8080", `/live/s${i}.flv`)),
  );
  await network.run(100);
  const atOnce = questions.length;
  assertLess(atOnce, 60);
  assertGreater(atOnce, 0);
  for (const viewer of viewers) viewer[Symbol.dispose]();
  await network.run(500);
  for (const conn of [...questions]) conn.close();
  await network.run(1000);
  assertEquals(questions.length, atOnce);
  await asked.stop();
});
