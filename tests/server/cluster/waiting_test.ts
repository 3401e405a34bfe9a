/** What it costs a cluster to wait for streams, counted on a simulated network. */
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

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

/** Two origins; whoever waits at the first one sees it when the second one publishes. */
async function waitAtFirst(): Promise<{ cluster: Cluster; viewer: MemoryViewer }> {
  const cluster = new Cluster(2, "owner_timeout 60000;");
  const viewer = await MemoryViewer.start(cluster.network.host("10.0.2.1"), "10.0.0.1:1935", "s");
  // The question is with the second one.
  await cluster.network.run(3000);
  assertEquals(cluster.origins[1]!.server.heldQuestions.count, 1);
  return { cluster, viewer };
}

for (const awayMs of [500, 8000]) {
  Deno.test(`a stream at a coworker that lost its power, and is back after ${awayMs} ms, is seen at once by those that wait`, async () => {
    const { cluster, viewer } = await waitAtFirst();
    const { network, origins } = cluster;
    const [first, old] = origins as [MemoryServer, MemoryServer];
    old.host.kill(() => "vanish");
    await network.run(awayMs);
    const vhost = "cluster { origin_cluster on; coworkers 10.0.0.1:1985 10.0.0.2:1985; }";
    const second = new MemoryServer(network, old.host.ip, { vhost });
    using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.2:1935", "s");
    const seen = /info coworker 10\.0\.0\.2:1985 (?:has restarted|is back)/;
    for (let ms = 0; ms < 5000 && first.log.find("coworker").every((line) => !seen.test(line)); ms += 50) {
      await network.run(50);
    }
    assert(first.log.find("coworker").some((line) => seen.test(line)), first.log.lines.join("\n"));
    await network.run(1000);
    assert(viewer.frames.length > 10, `${viewer.frames.length} frames, ${viewer.ended}`);
    viewer[Symbol.dispose]();
    cluster.origins[1] = second;
    await cluster.stop();
  });
}

Deno.test("questions that were with a coworker that is gone are asked again one after the other, and not while it is down", async () => {
  const cluster = new Cluster(2, "owner_timeout 60000;");
  const { network, origins } = cluster;
  const [first, old] = origins as [MemoryServer, MemoryServer];
  const player = network.host("10.0.2.1");
  const viewers = [];
  for (let i = 0; i < 200; i++) viewers.push(await MemoryViewer.start(player, "10.0.0.1:1935", `s${i}`));
  await network.run(3000);
  assertEquals(old.server.heldQuestions.count, 200);
  old.host.kill(() => "vanish");
  await network.run(8000);
  assertEquals([...first.server.mesh.coworkers.table()].find(({ coworker }) => coworker === "10.0.0.2:1985")?.held, 0);
  const dialled = () => network.dialled.filter((to) => to === "10.0.0.2:1985").length;
  const before = dialled();
  await network.run(10_000);
  // Health asks every 2 s, and one of those that wait does.
  assertLess(dialled() - before, 15);
  const vhost = "cluster { origin_cluster on; coworkers 10.0.0.1:1985 10.0.0.2:1985; }";
  const second = cluster.origins[1] = new MemoryServer(network, old.host.ip, { vhost });
  let most = 0;
  for (let ms = 0; ms < 5000; ms += 20) {
    const from = dialled();
    await network.run(20);
    most = Math.max(most, dialled() - from);
  }
  // Two for each: a plain one, and one that is kept.
  assert(most <= 32, `${most} questions within 20 ms`);
  assertEquals(second.server.heldQuestions.count, 200);
  for (const viewer of viewers) viewer[Symbol.dispose]();
  await cluster.stop();
});

Deno.test("an address that waits for a thousand made-up names does not push others out of the questions that are kept", async () => {
  const cluster = new Cluster(2, "owner_timeout 60000;");
  const { network, origins } = cluster;
  const crowd = network.host("10.0.2.1");
  const viewers = [];
  for (let i = 0; i < 900; i++) {
    viewers.push(await MemoryViewer.start(crowd, "10.0.0.1:1935", `made-up-${i}`));
    if (i % 50 === 0) await network.run(50);
  }
  await network.run(3000);
  const table = () =>
    [...origins[0]!.server.mesh.coworkers.table()].find(({ coworker }) => coworker === "10.0.0.2:1985");
  assertEquals(table()?.held, 256);
  const viewer = await MemoryViewer.start(network.host("10.0.2.2"), "10.0.0.1:1935", "s");
  // Others go on asking in turn.
  await network.run(15_000);
  using _publisher = await MemoryPublisher.start(network.host("10.0.1.1"), "10.0.0.2:1935", "s");
  await network.run(1000);
  assert(viewer.frames.length > 0, "the first frames are there");
  for (const one of [viewer, ...viewers]) one[Symbol.dispose]();
  await cluster.stop();
});
