import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory_network.ts";
import { MemoryServer } from "../../kit/memory_server.ts";
import { HlsClient, HlsPublisher, listedSegments } from "../../kit/server/memory_hls.ts";

const hls = (more: string) => `hls { enabled on; hls_ctx off; hls_fragment 2; hls_window 60; ${more} }`;

/** What one server has shown of a stream so far. */
class Watch {
  /** Of segments, parts and heads, by address. */
  readonly hashes = new Map<string, string>();
  readonly newest: number[] = [];
  readonly first: number[] = [];
  readonly troubles: string[] = [];
  lastText = "";

  constructor(readonly name: string, readonly client: HlsClient) {}

  async look(): Promise<void> {
    const { status, text } = await this.client.get("/live/s.m3u8");
    if (status !== 200) return void this.troubles.push(`playlist ${status}`);
    this.lastText = text;
    const listed = listedSegments(text);
    this.newest.push(listed.at(-1)!.number);
    this.first.push(listed[0]!.number);
    const segments = listed.filter(({ isGap }) => !isGap).map(({ address }) => address);
    const others = Array.from(
      text.matchAll(/#EXT-X-(?:PART:.*|MAP:|KEY:.*)URI="([^"]+)"/g),
      ([, address = ""]) => address,
    );
    for (const address of [...segments, ...others]) {
      if (this.hashes.has(address)) continue;
      const { status, hash } = await this.client.get(`/live/${address}`);
      if (status !== 200) this.troubles.push(`${address} ${status}`);
      this.hashes.set(address, hash);
    }
  }
}

for (
  const [name, more] of [
    ["MPEG-TS", ""],
    ["encrypted MPEG-TS", "hls_keys on; hls_key_secret told-to-all; hls_fragments_per_key 2;"],
    ["CMAF", "hls_use_fmp4 on;"],
    ["low latency", "hls_low_latency on;"],
  ] as const
) {
  Deno.test(`HLS as ${name}: two origins and an edge have the same segments, also after the death of an origin`, async () => {
    const network = new MemoryNetwork();
    const origin = (coworker: string) => `cluster { origin_cluster on; coworkers ${coworker}:1985; } ${hls(more)}`;
    const a = new MemoryServer(network, "10.0.0.1", { vhost: origin("10.0.0.2") });
    const b = new MemoryServer(network, "10.0.0.2", { vhost: origin("10.0.0.1") });
    const edge = new MemoryServer(network, "10.0.0.3", {
      vhost: `cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; } ${hls(more)}`,
    });
    const encoder = network.host("10.0.1.1");
    using _first = await HlsPublisher.begin(encoder, "10.0.0.1:1935", "s", 1);
    await network.run(1000);
    const ofA = new Watch("A", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
    const ofB = new Watch("B", new HlsClient(network, "10.0.2.2", "10.0.0.2:8080"));
    const ofEdge = new Watch("edge", new HlsClient(network, "10.0.2.3", "10.0.0.3:8080"));
    for (let i = 0; i < 20; i++) {
      for (const watch of [ofA, ofB, ofEdge]) await watch.look();
      await network.run(700);
    }
    a.host.kill();
    await network.run(500);
    using _second = await HlsPublisher.begin(encoder, "10.0.0.2:1935", "s", 2);
    for (let i = 0; i < 20; i++) {
      for (const watch of [ofB, ofEdge]) await watch.look();
      await network.run(700);
    }

    for (const watch of [ofA, ofB, ofEdge]) {
      assertEquals(watch.troubles, [], watch.name);
      for (const numbers of [watch.newest, watch.first]) {
        assertEquals(numbers.toSorted((x, y) => x - y), numbers, watch.name);
      }
    }
    let shared = 0;
    for (const [address, hash] of ofB.hashes) {
      for (const other of [ofA, ofEdge]) {
        const same = other.hashes.get(address);
        if (same === undefined) continue;
        shared++;
        assertEquals(same, hash, `${address} of B and ${other.name}`);
      }
    }
    assertGreater(shared, 15);
    assertGreater(ofB.newest.at(-1)! - ofB.first[0]!, 9);
    for (const watch of [ofB, ofEdge]) {
      // The death of A is the only one, in one place.
      assertEquals(watch.lastText.match(/(?:#EXT-X-DISCONTINUITY\n)+/g)?.length, 1, watch.lastText);
      assert(!listedSegments(watch.lastText).at(-1)!.isGap);
    }
    await b.stop();
    await edge.stop();
  });
}

Deno.test("HLS: what came to an origin while it stood still is no segment, where another has taken the stream over", async () => {
  const network = new MemoryNetwork();
  const origin = (coworker: string) =>
    `publish { on_conflict takeover; } cluster { origin_cluster on; coworkers ${coworker}:1985; } ` +
    `hls { enabled on; hls_ctx off; hls_fragment 1; hls_window 30; }`;
  const a = new MemoryServer(network, "10.0.0.1", { vhost: origin("10.0.0.2") });
  const b = new MemoryServer(network, "10.0.0.2", { vhost: origin("10.0.0.1") });
  const ofA = new Watch("A", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
  const ofB = new Watch("B", new HlsClient(network, "10.0.2.2", "10.0.0.2:8080"));
  using _first = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s", 1);
  await network.run(5000);
  for (const watch of [ofA, ofB]) await watch.look();
  a.host.freeze();
  await network.run(1000);
  using _second = await HlsPublisher.begin(network.host("10.0.1.2"), "10.0.0.2:1935", "s", 2);
  await network.run(4000);
  a.host.thaw();
  for (let i = 0; i < 10; i++) {
    await network.run(700);
    for (const watch of [ofA, ofB]) await watch.look();
  }
  let shared = 0;
  for (const [address, hash] of ofA.hashes) {
    const same = ofB.hashes.get(address);
    if (same === undefined) continue;
    shared++;
    assertEquals(same, hash, address);
  }
  assertGreater(shared, 6);
  assertEquals([...ofA.troubles, ...ofB.troubles], []);
  await a.stop();
  await b.stop();
});

Deno.test("HLS: what came to an origin while it stood still becomes segments, where nobody else has the stream", async () => {
  const network = new MemoryNetwork();
  const vhost = `cluster { origin_cluster on; coworkers 10.0.0.2:1985; } ` +
    `hls { enabled on; hls_ctx off; hls_fragment 1; hls_window 30; }`;
  const a = new MemoryServer(network, "10.0.0.1", { vhost });
  const b = new MemoryServer(network, "10.0.0.2", { vhost: vhost.replace("10.0.0.2", "10.0.0.1") });
  const watch = new Watch("A", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
  using _publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s", 1);
  await network.run(5000);
  a.host.freeze();
  await network.run(4000);
  a.host.thaw();
  await network.run(3500);
  await watch.look();
  const listed = listedSegments(watch.lastText);
  assertEquals(listed.filter(({ isGap }) => isGap), []);
  assertEquals(listed.length, 11, watch.lastText);
  assertEquals(watch.troubles, []);
  await a.stop();
  await b.stop();
});
