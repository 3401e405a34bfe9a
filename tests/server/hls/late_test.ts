import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory_network.ts";
import { MemoryServer } from "../../kit/memory_server.ts";
import { HlsClient, HlsPublisher, listedSegments } from "../../kit/server/memory_hls.ts";

const hls = (more: string) => `hls { enabled on; hls_ctx off; hls_fragment 2; hls_window 20; ${more} }`;
const ways = [
  ["MPEG-TS", ""],
  ["encrypted MPEG-TS", "hls_keys on; hls_key_secret told-to-all; hls_fragments_per_key 2;"],
  ["CMAF", "hls_use_fmp4 on;"],
  ["low latency", "hls_low_latency on;"],
] as const;

/** An origin whose publisher has been there for a while, and an edge that nobody has asked for anything. */
async function stage(more: string, { edge: ofEdge = "", origin: ofOrigin = "" } = {}) {
  const network = new MemoryNetwork();
  const origin = new MemoryServer(network, "10.0.0.1", { vhost: `${hls(more)} ${ofOrigin}` });
  const edge = new MemoryServer(network, "10.0.0.3", {
    vhost: `cluster { mode remote; origin 10.0.0.1:1935; ${ofEdge} } ${hls(more)}`,
  });
  const publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s", 1);
  await network.run(40_300);
  const atOrigin = new HlsClient(network, "10.0.2.1", "10.0.0.1:8080");
  const atEdge = new HlsClient(network, "10.0.2.3", "10.0.0.3:8080");
  const end = async () => {
    publisher[Symbol.dispose]();
    await edge.stop();
    await origin.stop();
  };
  return { network, origin, edge, publisher, atOrigin, atEdge, end };
}

/** What stands in a playlist of complete segments: parts, and keys and heads where they begin, are left out. */
function segmentLines(text: string): string[] {
  return text.split("\n").filter((line) => /^(?:#EXTINF|#EXT-X-(?:PROGRAM|GAP|DISC|TARGET|MAP)|[^#])/.test(line));
}

for (const [name, more] of ways) {
  Deno.test(`HLS as ${name}: an edge lists at its first request what the origin lists, and has the same bytes`, async () => {
    const { network, atOrigin, atEdge, end } = await stage(more);
    const fromMs = network.timers.nowMs();
    const first = await atEdge.get("/live/s.m3u8");
    assertEquals(first.status, 200);
    assertLess(network.timers.nowMs() - fromMs, 1000);
    const theirs = await atOrigin.get("/live/s.m3u8");
    assertEquals(segmentLines(first.text), segmentLines(theirs.text));
    assertGreater(listedSegments(first.text).length, 9);

    const seen = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const { text } = await atEdge.get("/live/s.m3u8");
      assert(!text.includes("#EXT-X-GAP"), text);
      const parts = Array.from(text.matchAll(/#EXT-X-(?:PART:.*|MAP:|KEY:.*)URI="([^"]+)"/g), ([, uri = ""]) => uri);
      for (const address of [...listedSegments(text).map(({ address }) => address), ...parts]) {
        if (seen.has(address)) continue;
        seen.add(address);
        const mine = await atEdge.get(`/live/${address}`);
        const other = await atOrigin.get(`/live/${address}`);
        assertEquals([mine.status, mine.hash], [200, other.hash], address);
      }
      await network.run(500);
    }
    await end();
  });
}
