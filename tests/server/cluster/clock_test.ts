/** Origins whose clocks differ. */
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { SimulatedEngine } from "../../kit/engine/simulated_engine.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

const ORIGINS = ["10.0.0.1", "10.0.0.2"];
const ENGINE = "10.0.9.9";

for (const directory of ["mesh", "engine"]) {
  Deno.test(`an origin whose clock was ahead is replaced at once when it is killed: ${directory}`, async () => {
    const network = new MemoryNetwork();
    const hasEngine = directory === "engine";
    if (hasEngine) network.engines[`${ENGINE}:6379`] = new SimulatedEngine(network.timers);
    const root = hasEngine ? `directory { enabled on; url redis://${ENGINE}; node_ttl 6000; }` : "";
    const coworkers = `cluster { origin_cluster on; coworkers ${ORIGINS.map((ip) => `${ip}:1985`).join(" ")}; }`;
    const servers = ORIGINS.map((ip) =>
      new MemoryServer(network, ip, { root: `advertise ${ip}; ${root}`, vhost: coworkers })
    );
    const [first, second] = servers as [MemoryServer, MemoryServer];
    const origins = ORIGINS.map((ip) => `${ip}:1935`).join(" ");
    const edge = new MemoryServer(network, "10.0.1.1", { vhost: `cluster { mode remote; origin ${origins}; }` });
    first.host.clockAheadMs = 40_000;
    await network.run(5000);
    const starting = MemoryPublisher.start(network.host("10.0.8.1"), "10.0.0.1:1935", "s");
    await network.run(500);
    using _publisher = await starting;
    const playing = MemoryViewer.start(network.host("10.0.8.2"), "10.0.1.1:1935", "s");
    await network.run(3000);
    using player = await playing;
    const before = player.arrivedMs.length;
    assert(before > 50);

    first.host.kill();
    first.server.engine?.[Symbol.dispose]();
    const restarting = MemoryPublisher.start(network.host("10.0.8.3"), "10.0.0.2:1935", "s");
    await network.run(3000);
    using again = await restarting;
    assertEquals([again.ended, player.ended], ["", ""]);
    assert(player.arrivedMs.length > before + 50, `${player.arrivedMs.length - before} frames after the change`);
    for (const server of [second, edge]) await server.stop();
  });
}

Deno.test("an origin that comes back with its clock behind feeds its edge again within 8 s, though nothing else has the stream", async () => {
  const network = new MemoryNetwork();
  const alone = { root: "advertise 10.0.0.1;", vhost: "cluster { origin_cluster on; coworkers 10.0.0.2:1985; }" };
  const other = { root: "advertise 10.0.0.2;", vhost: "cluster { origin_cluster on; coworkers 10.0.0.1:1985; }" };
  const first = new MemoryServer(network, "10.0.0.1", alone);
  const second = new MemoryServer(network, "10.0.0.2", other);
  const origins = ORIGINS.map((ip) => `${ip}:1935`).join(" ");
  const edge = new MemoryServer(network, "10.0.1.1", { vhost: `cluster { mode remote; origin ${origins}; }` });
  await network.run(1000);
  const starting = MemoryPublisher.start(network.host("10.0.8.1"), "10.0.0.1:1935", "s");
  await network.run(500);
  using _publisher = await starting;
  const playing = MemoryViewer.start(network.host("10.0.8.2"), "10.0.1.1:1935", "s");
  await network.run(2000);
  using player = await playing;
  const before = player.arrivedMs.length;
  assert(before > 50);

  first.host.kill();
  await network.run(200);
  const back = new MemoryServer(network, "10.0.0.1", alone);
  back.host.clockAheadMs = -42_000;
  const restarting = MemoryPublisher.start(network.host("10.0.8.3"), "10.0.0.1:1935", "s", 1000);
  await network.run(8000);
  using again = await restarting;
  assertEquals([again.ended, player.ended], ["", ""]);
  assert(player.arrivedMs.length > before + 20, `${player.arrivedMs.length - before} frames since its return`);
  for (const server of [back, second, edge]) await server.stop();
});
