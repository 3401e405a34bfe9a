import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { HlsClient, HlsPublisher } from "../../kit/server/memory_hls.ts";

const STEP_MS = 10;

/** How much later than at the origin parts are at an edge, in ms, one after the other. */
async function lags(edgeRows: string, isPlayedBefore: boolean): Promise<number[]> {
  const network = new MemoryNetwork();
  const hls = "hls { enabled on; hls_ctx off; hls_fragment 2; hls_low_latency on; }";
  const origin = new MemoryServer(network, "10.0.0.1", { vhost: hls });
  const edge = new MemoryServer(network, "10.0.0.3", { vhost: `cluster { mode remote; ${edgeRows} } ${hls}` });
  using _publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s");
  await network.run(5000);
  using _viewer = isPlayedBefore ? await MemoryViewer.start(network.host("10.0.2.9"), "10.0.0.3:1935", "s") : null;
  await network.run(3000);
  const client = new HlsClient(network, "10.0.2.3", "10.0.0.3:8080");
  assertEquals((await client.get("/live/s.m3u8")).status, 200);
  await network.run(5000);
  const seen = [origin, edge].map(() => new Map<string, number>());
  for (let ms = 0; ms < 6000; ms += STEP_MS) {
    for (const [i, { server }] of [origin, edge].entries()) {
      const open = server.hls.find("/live/s")!.view!.window.open;
      for (const { index } of open?.parts ?? []) {
        const name = `${open!.number}.${index}`;
        if (!seen[i]!.has(name)) seen[i]!.set(name, network.timers.nowMs());
      }
    }
    await network.run(STEP_MS);
  }
  await edge.stop();
  await origin.stop();
  const [first, second] = seen;
  // Those that were there at the beginning came before.
  return [...second!].slice(10).map(([name, atMs]) => atMs - (first!.get(name) ?? NaN)).filter(Number.isFinite);
}

for (
  const [name, rows, isPlayedBefore] of [
    ["RTMP", "origin 10.0.0.1:1935;", false],
    ["RTMP, which an RTMP player of the edge has begun", "origin 10.0.0.1:1935;", true],
    ["HTTP-FLV", "origin 10.0.0.1:8080; protocol flv;", false],
  ] as const
) {
  Deno.test(`low latency: an edge has each part 100 ms after the origin at the latest, over ${name}`, async () => {
    const found = await lags(rows, isPlayedBefore);
    assertGreater(found.length, 12);
    assertLess(Math.max(...found), 100 + STEP_MS + 1, found.join());
  });
}
