/** The same name published in two regions, with an engine each. On a simulated network. */
import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { SimulatedEngine } from "../../kit/engine/simulated_engine.ts";

const EU = "10.1.0.9";
const US = "10.2.0.9";

Deno.test("an edge of the region that took a stream over does not play the older publish of the other region while the newer one counts", async () => {
  const network = new MemoryNetwork();
  for (const ip of [EU, US]) network.engines[`${ip}:6379`] = new SimulatedEngine(network.timers);
  const server = (ip: string, [own, peer]: readonly string[], vhost: string) =>
    new MemoryServer(network, ip, {
      root: `advertise ${ip}; directory { enabled on; url redis://${own}; peers redis://${peer}; node_ttl 3000; }`,
      vhost: `publish { on_conflict takeover; } ${vhost}`,
    });
  const eu = server("10.1.0.1", [EU, US], "");
  const us = server("10.2.0.1", [US, EU], "");
  const edges = [
    server("10.1.0.2", [EU, US], "cluster { mode remote; }"),
    server("10.2.0.2", [US, EU], "cluster { mode remote; }"),
  ];
  await network.run(1000);
  const publish = (at: MemoryServer, ip: string, firstId: number) =>
    MemoryPublisher.start(network.host(ip), `${at.host.ip}:1935`, "s", firstId, { hasMetadata: false });
  const older = await publish(eu, "10.1.1.1", 1000);
  await network.run(1000);
  const newer = await publish(us, "10.2.1.1", 20_000);
  await network.run(1000);
  // Neither knows of the other.
  assertEquals([older.ended, newer.ended], ["", ""]);
  const viewers: MemoryViewer[] = [];
  for (const [i, { host }] of edges.entries()) {
    viewers.push(await MemoryViewer.start(network.host(`10.${i + 1}.2.1`), `${host.ip}:1935`, "s"));
  }
  await network.run(2000);
  const isOlder = (frame: string) => Number(frame.slice(1)) < 20_000;
  const [inEu, inUs] = viewers.map(({ frames }) => frames);
  assertGreater(inEu!.length, 20);
  assertGreater(inUs!.length, 20);
  assertEquals([inEu!.every(isOlder), inUs!.some(isOlder)], [true, false], "each region plays its own");

  // The newer one breaks off without a word: by the engine of the other region, the older one is all there is.
  us.host.kill(() => "vanish");
  us.server.engine?.[Symbol.dispose]();
  inUs!.length = 0;
  await network.run(25_000);
  assertEquals(inUs, []);
  assert(edges[1]!.log.lines.some((line) => line.includes("older publish")), edges[1]!.log.lines.slice(-9).join("\n"));
  // It is given up after 30 s of silence, and counts for 30 s more.
  await network.run(45_000);
  using late = await MemoryViewer.start(network.host("10.2.2.2"), "10.2.0.2:1935", "s");
  await network.run(5000);
  assertGreater(late.frames.filter(isOlder).length, 20);
  for (const peer of [older, newer, ...viewers]) peer[Symbol.dispose]();
  for (const one of [...edges, eu]) await one.stop();
});
