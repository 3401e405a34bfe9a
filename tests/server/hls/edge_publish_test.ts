import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import { compareHashes, HlsWatch } from "../../kit/hls/hls_watch.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { HlsClient, HlsPublisher, listedSegments } from "../../kit/server/memory_hls.ts";

const hls = (more: string) => `hls { enabled on; hls_ctx off; hls_fragment 2; hls_window 60; ${more} }`;

/** Two origins and two edges, whose stream is published at the first edge. */
function stage(more: string, ofEdges = "") {
  const network = new MemoryNetwork();
  const origin = (coworker: string) => `cluster { origin_cluster on; coworkers ${coworker}:1985; } ${hls(more)}`;
  const ofEdge = `cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; ${ofEdges} } ${hls(more)}`;
  const a = new MemoryServer(network, "10.0.0.1", { vhost: origin("10.0.0.2") });
  const b = new MemoryServer(network, "10.0.0.2", { vhost: origin("10.0.0.1") });
  const edge = new MemoryServer(network, "10.0.0.3", { vhost: ofEdge });
  const other = new MemoryServer(network, "10.0.0.4", { vhost: ofEdge });
  const watchOf = (name: string, n: number) => {
    const client = new HlsClient(network, `10.0.2.${n}`, `10.0.0.${n}:8080`);
    return new HlsWatch(name, (target) => client.get(target), "/live/s.m3u8");
  };
  const watches = { a: watchOf("A", 1), b: watchOf("B", 2), edge: watchOf("edge", 3), other: watchOf("other edge", 4) };
  const look = async (times: number, of: readonly HlsWatch[]) => {
    for (let i = 0; i < times; i++) {
      for (const watch of of) await watch.look();
      await network.run(700);
    }
  };
  return { network, a, b, edge, other, watches, look };
}

/** The server that an edge hands its publisher on to. */
function takerOf({ log }: MemoryServer): string {
  const line = log.lines.findLast((line) => line.includes("sent to origin"));
  return /origin ([\d.]+):/.exec(line ?? "")?.[1] ?? "";
}

function assertSame(watches: readonly HlsWatch[], atLeast: number): void {
  for (const watch of watches) {
    assertEquals(watch.troubles, [], watch.name);
    assertEquals(watch.rules.breaches, [], `${watch.name}\n${watch.lastText}`);
  }
  const { shared, differing } = compareHashes(watches);
  assertEquals(differing, []);
  assertGreater(shared, atLeast);
}

for (
  const [name, more] of [["MPEG-TS", ""], ["CMAF", "hls_use_fmp4 on;"], ["low latency", "hls_low_latency on;"]] as const
) {
  Deno.test(`HLS as ${name}: what is published at an edge is cut there as everywhere, also after its origin has died`, async () => {
    const { network, a, b, edge, other, watches, look } = stage(more);
    using _publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.3:1935", "s", 1);
    await network.run(1000);
    await look(15, [watches.a, watches.b, watches.edge, watches.other]);
    assertSame(Object.values(watches), 4);
    const dying = takerOf(edge) === "10.0.0.1" ? a : b;
    const left = dying === a ? watches.b : watches.a;
    dying.host.kill();
    await look(20, [left, watches.edge, watches.other]);
    assertEquals(takerOf(edge), dying === a ? "10.0.0.2" : "10.0.0.1");
    assertSame(Object.values(watches), 11);
    const lines = (watch: HlsWatch) =>
      listedSegments(watch.lastText).map(({ address, isGap }) => `${address} ${isGap}`);
    const [mine, theirs] = [lines(watches.edge), lines(watches.other)];
    assertEquals(mine.slice(0, theirs.length), theirs.slice(0, mine.length));
    assert(!listedSegments(watches.edge.lastText).at(-1)!.isGap);
    for (const server of [edge, other, dying === a ? b : a]) await server.stop();
  });
}

Deno.test("HLS: a publisher comes to an edge whose viewers are there already, leaves, and comes to an origin", async () => {
  const { network, a, b, edge, other, watches, look } = stage("hls_low_latency on;");
  const { a: ofA, edge: ofEdge, other: ofOther } = watches;
  const encoder = network.host("10.0.1.1");
  for (const [seed, address] of [[1, "10.0.0.1"], [2, "10.0.0.3"], [3, "10.0.0.1"]] as const) {
    await network.run(500);
    using publisher = await HlsPublisher.begin(encoder, `${address}:1935`, "s", seed);
    await network.run(3000);
    await look(6, [ofA, ofEdge, ofOther]);
    assertEquals(publisher.ended, "");
  }
  await look(2, [ofA, ofEdge, ofOther]);
  assertSame([ofA, ofEdge, ofOther], 60);
  // The stream is pulled once again, and for nobody else.
  assertEquals(edge.server.pulls.states().map(({ key }) => key), ["/live/s"]);
  for (const server of [edge, other, a, b]) await server.stop();
});

Deno.test("HLS: behind servers that tell no time, as SRS, no address means other bytes at another edge", async () => {
  // To whom they do not say what they are, nothing of our kind is told.
  const { network, a, b, edge, other, watches, look } = stage("hls_low_latency on;", "debug_srs_upnode off;");
  using _publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.3:1935", "s", 1);
  await network.run(1000);
  await look(4, [watches.edge]);
  await network.run(310);
  await look(12, [watches.edge, watches.other]);
  for (const watch of [watches.edge, watches.other]) {
    assertEquals([watch.troubles, watch.rules.breaches], [[], []], watch.name);
    assertGreater(watch.addresses("segment").length, 3);
  }
  const { differing } = compareHashes([watches.edge, watches.other]);
  assertEquals(differing, []);
  const [{ address } = { address: "" }] = listedSegments(watches.edge.lastText);
  assertEquals(address.replace(/\d+_[\da-f]{8}/, "N"), "s-N.m4s");
  const elsewhere = new HlsClient(network, "10.0.2.9", "10.0.0.4:8080");
  for (const wrong of [address, address.replace(/_[\da-f]+/, "")]) {
    assertEquals((await elsewhere.get(`/live/${wrong}`)).status, 404);
  }
  for (const server of [edge, other, a, b]) await server.stop();
});
