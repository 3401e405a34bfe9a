import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
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

/** What a playlist says of complete segments behind one number, up to another. */
function linesOf(text: string, from: number, to: number): string[] {
  const lines = text.split("\n").filter((line) => /^(?:#EXTINF|#EXT-X-(?:GAP|DISC|PROGRAM)|[^#])/.test(line));
  const at = (number: number) => lines.findIndex((line) => line.includes(`-${number}.`)) + 1;
  return lines.slice(at(from), at(to));
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

    // An origin that is back, and an edge that is new, have what was before them.
    const a2 = new MemoryServer(network, "10.0.0.1", { vhost: origin("10.0.0.2") });
    const late = new MemoryServer(network, "10.0.0.4", {
      vhost: `cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; } ${hls(more)}`,
    });
    await network.run(3000);
    const ofA2 = new Watch("A, back", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
    const ofLate = new Watch("late edge", new HlsClient(network, "10.0.2.4", "10.0.0.4:8080"));
    for (let i = 0; i < 12; i++) {
      for (const watch of [ofB, ofA2, ofLate]) await watch.look();
      await network.run(700);
    }

    for (const watch of [ofA2, ofLate]) {
      // Looks come one after the other: in between, a segment may have left the list.
      const [from, to] = [Math.max(watch.first.at(-1)!, ofB.first.at(-1)!), ofB.newest.at(-1)!];
      assertEquals(linesOf(watch.lastText, from, to), linesOf(ofB.lastText, from, to), watch.name);
      assertLess(watch.first[0]! - ofB.first.at(-12)!, 3, watch.name);
    }
    for (const watch of [ofA, ofB, ofEdge, ofA2, ofLate]) {
      assertEquals(watch.troubles, [], watch.name);
      for (const numbers of [watch.newest, watch.first]) {
        assertEquals(numbers.toSorted((x, y) => x - y), numbers, watch.name);
      }
    }
    let shared = 0;
    for (const [address, hash] of ofB.hashes) {
      for (const other of [ofA, ofEdge, ofA2, ofLate]) {
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
    for (const server of [a2, late, edge, b]) await server.stop();
  });
}
