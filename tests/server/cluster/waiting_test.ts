/** What it costs a cluster to wait for streams, counted on a simulated network. */
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory_peers.ts";
import { MemoryServer } from "../../kit/memory_server.ts";

/** Origins that all know each other, and an edge. */
class Cluster {
  readonly network = new MemoryNetwork();
  readonly origins: MemoryServer[];
  readonly edge: MemoryServer;

  constructor(count: number, directives = "") {
    const ips = Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}`);
    // The same file everywhere: each finds itself in it.
    const coworkers = ips.map((ip) => `${ip}:1985`).join(" ");
    const vhost = `cluster { origin_cluster on; coworkers ${coworkers}; ${directives} }`;
    this.origins = ips.map((ip) => new MemoryServer(this.network, ip, { vhost }));
    const origin = ips.map((ip) => `${ip}:1935`).join(" ");
    this.edge = new MemoryServer(this.network, "10.0.0.100", { vhost: `cluster { mode remote; origin ${origin}; }` });
  }

  /** Questions that all origins have put so far. */
  get questions(): number {
    const tables = this.origins.flatMap(({ server }) => [...server.mesh.coworkers.table()]);
    return tables.reduce((sum, { questions }) => sum + questions, 0);
  }

  async stop(): Promise<void> {
    for (const server of [this.edge, ...this.origins]) await server.stop();
  }
}

Deno.test("a viewer of a stream that has ended costs next to no questions, and sees its return at once, wherever that is", async () => {
  const cluster = new Cluster(5);
  const { network, origins } = cluster;
  const encoder = network.host("10.0.1.1");
  const first = await MemoryPublisher.start(encoder, "10.0.0.1:1935", "s");
  await network.run(1000);
  using viewer = await MemoryViewer.start(network.host("10.0.2.1"), "10.0.0.100:1935", "s");
  await network.run(3000);
  assert(viewer.frames.length > 100);
  first[Symbol.dispose]();
  await network.run(30_000);
  const before = cluster.questions;
  await network.run(60_000);
  const perPair = (cluster.questions - before) / (5 * 4);
  assert(perPair <= 3, `${perPair} questions of each pair in 60 s`);

  const frames = viewer.frames.length;
  using _second = await MemoryPublisher.start(encoder, "10.0.0.4:1935", "s", 1000);
  await network.run(700);
  assert(viewer.frames.length > frames, "the first frames are there");
  assertEquals(viewer.ended, "");
  assertEquals(origins.flatMap(({ log }) => log.find("warn coworker")), []);
  await cluster.stop();
});

Deno.test("plays of names that nobody publishes cost a few questions each", async () => {
  const cluster = new Cluster(3);
  const { network } = cluster;
  const player = network.host("10.0.2.1");
  const viewers = [];
  for (let i = 0; i < 10; i++) viewers.push(await MemoryViewer.start(player, "10.0.0.1:1935", `made-up-${i}`));
  await network.run(5000);
  // A plain one and one that is kept, to each of two coworkers; the server itself was found by the first.
  assertLess(cluster.questions, 10 * 2 * 2 + 2);
  for (const viewer of viewers) viewer[Symbol.dispose]();
  await cluster.stop();
});

Deno.test("names that were made up and left occupy a bounded number of questions at the coworkers", async () => {
  const cluster = new Cluster(2);
  const { network, origins } = cluster;
  const player = network.host("10.0.2.1");
  for (let i = 0; i < 150; i++) {
    const viewer = await MemoryViewer.start(player, "10.0.0.1:1935", `made-up-${i}`);
    await network.run(50);
    viewer[Symbol.dispose]();
  }
  await network.run(500);
  const held = [...origins[0]!.server.mesh.coworkers.table()].reduce((sum, { held }) => sum + held, 0);
  assert(held >= 32 && held <= 64, `${held} questions are kept`);
  await network.run(25_000);
  assertEquals(origins[1]!.server.heldQuestions.count, 0);
  await cluster.stop();
});
