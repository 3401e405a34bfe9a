import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
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

/** Looks at an edge for a while: it lists no gap, and has what another server has. @returns What it listed. */
async function watch(network: MemoryNetwork, client: HlsClient, other: HlsClient, looks = 20): Promise<Set<string>> {
  const seen = new Set<string>();
  for (let i = 0; i < looks; i++) {
    const { text } = await client.get("/live/s.m3u8");
    assert(!text.includes("#EXT-X-GAP"), text);
    const parts = Array.from(text.matchAll(/#EXT-X-(?:PART:.*|MAP:|KEY:.*)URI="([^"]+)"/g), ([, uri = ""]) => uri);
    for (const address of [...listedSegments(text).map(({ address }) => address), ...parts]) {
      if (seen.has(address)) continue;
      seen.add(address);
      const mine = await client.get(`/live/${address}`);
      const theirs = await other.get(`/live/${address}`);
      assertEquals([mine.status, mine.hash], [200, theirs.hash], address);
    }
    await network.run(500);
  }
  return seen;
}

/** What a playlist says of complete segments, up to the last. */
function segmentLines(text: string): string[] {
  const lines = text.split("\n").filter((line) => /^(?:#EXT(?:INF|M3U|-X-(?!PART|PRELOAD))|[^#])/.test(line));
  return lines.slice(0, lines.findLastIndex((line) => !line.startsWith("#")) + 1);
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

    await watch(network, atEdge, atOrigin);
    await end();
  });
}

for (const [name, more] of ways) {
  Deno.test(`HLS as ${name}: what a viewer of an edge is about to play is there, also when the only server that had it dies`, async () => {
    const { network, origin, edge, atEdge, publisher } = await stage(more);
    const { text } = await atEdge.get("/live/s.m3u8");
    await network.run(1000);
    origin.host.kill();
    publisher[Symbol.dispose]();
    await network.run(500);
    // Players begin three target durations before the end.
    for (const { address } of listedSegments(text).slice(-4)) {
      const { status, bytes } = await atEdge.get(`/live/${address}`);
      assertEquals([address, status], [address, 200]);
      assertGreater(bytes.length, 1000);
    }
    await edge.stop();
  });
}

/** An edge that pulls from a relay at first, and from the owner once that is gone. */
async function relayStage(more: string, laterMs = 15_000) {
  const network = new MemoryNetwork();
  const origin = (coworker: string) =>
    `cluster { origin_cluster on; redirect never; coworkers ${coworker}:1985; } ${hls(more)}`;
  const owner = new MemoryServer(network, "10.0.0.1", { vhost: origin("10.0.0.2") });
  const relay = new MemoryServer(network, "10.0.0.2", { vhost: origin("10.0.0.1") });
  const edge = new MemoryServer(network, "10.0.0.3", {
    vhost: `cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; } ${hls(more)}`,
  });
  const publisher = await HlsPublisher.begin(network.host("10.0.1.1"), "10.0.0.1:1935", "s", 1);
  await network.run(30_000);
  const atOwner = new HlsClient(network, "10.0.2.1", "10.0.0.1:8080");
  const atEdge = new HlsClient(network, "10.0.2.3", "10.0.0.3:8080");
  using cut = network.partition(["10.0.0.3"], ["10.0.0.1:1935"]);
  await atEdge.get("/live/s.m3u8");
  await network.run(2500);
  const relayed = await atEdge.get("/live/s.m3u8");
  assertEquals(segmentLines(relayed.text), segmentLines((await atOwner.get("/live/s.m3u8")).text));
  cut[Symbol.dispose]();
  assertEquals(edge.server.pulls.states()[0]?.upstream, "10.0.0.2:1935");
  await network.run(laterMs);
  const fetched: string[] = [];
  edge.host.onFetch = (url) => fetched.push(url);
  const end = async () => {
    publisher[Symbol.dispose]();
    await edge.stop();
    await relay.stop();
    await owner.stop();
  };
  return { network, owner, relay, edge, atOwner, atEdge, fetched, end };
}

/** Numbers of segments that were fetched, from one on. */
function fetchedFrom(urls: readonly string[], from: number): number[] {
  return urls.map((url) => Number(/-(\d+)\.\w+$/.exec(url)?.[1] ?? -1)).filter((number) => number >= from);
}

for (const [name, more] of [["MPEG-TS", ""], ["low latency", "hls_low_latency on;"]] as const) {
  Deno.test(`HLS as ${name}: the segment under way goes on when the server of an edge is about to stop`, async () => {
    const { network, relay, edge, atOwner, atEdge, fetched, end } = await relayStage(more);
    const last = listedSegments((await atEdge.get("/live/s.m3u8")).text).at(-1)!.number;
    relay.server.drain.begin();
    relay.server.rtmp.drain();
    const seen = await watch(network, atEdge, atOwner);
    assert(edge.log.lines.some((line) => line.includes("is about to stop")));
    assertGreater(edge.log.lines.filter((line) => line.includes("pull /live/s from")).length, 1);
    assert(seen.has(`s-${last + 3}.${more === "" ? "ts" : "m4s"}`));
    assertEquals(fetchedFrom(fetched, last), []);
    await end();
  });

  // Right behind a keyframe, the edge may not have it yet, and misses the end of the GOP before.
  for (const [phaseMs, mayMiss] of [[60, true], [600, false], [900, false]] as const) {
    const what = mayMiss ? "what it has missed is fetched" : "the segment under way goes on";
    Deno.test(`HLS as ${name}: the server of an edge dies ${phaseMs} ms behind a keyframe: ${what}`, async () => {
      const { network, relay, edge, atOwner, atEdge, fetched, end } = await relayStage(more);
      const last = listedSegments((await atEdge.get("/live/s.m3u8")).text).at(-1)!.number + 1;
      await network.run(phaseMs - network.timers.nowMs() % 1000 + 1000);
      relay.host.kill();
      await watch(network, atEdge, atOwner);
      assertEquals(edge.server.pulls.states()[0]?.upstream, "10.0.0.1:1935");
      if (!mayMiss) assertEquals(fetchedFrom(fetched, last), []);
      await end();
    });
  }
}

Deno.test("a segment that the server of an edge had no time to give comes from the next one", async () => {
  const { network, relay, edge, atOwner, atEdge, fetched, end } = await relayStage("", 3000);
  const { window } = edge.server.hls.find("/live/s")!.view!;
  const [old] = listedSegments((await atEdge.get("/live/s.m3u8")).text).slice(-10);
  assertEquals(window.find(old!.number)?.kind, "absent");
  network.hang("10.0.0.2:8080");
  const asked = atEdge.ask(`/live/${old!.address}`);
  await network.run(200);
  relay.host.kill();
  await network.run(1000);
  const { status, hash } = await asked;
  assertEquals([status, hash], [200, (await atOwner.get(`/live/${old!.address}`)).hash]);
  assertEquals(fetched.map((url) => url.split("/")[2]), ["10.0.0.2:8080", "10.0.0.1:8080"]);
  await end();
});

Deno.test("what an edge lacks it fetches once, however many viewers wait for it, and beyond what they play first only if they do", async () => {
  const { network, edge, atEdge, end } = await stage("");
  const fetched: string[] = [];
  edge.host.onFetch = (url) => fetched.push(url.replace(/.*-/, ""));
  const listed = listedSegments((await atEdge.get("/live/s.m3u8")).text);
  const [first] = listed;
  await network.run(500);
  const ahead = listed.slice(-4).map(({ number }) => `${number}.ts`);
  assertEquals(fetched.slice(1), ahead);
  const answers = Array.from({ length: 20 }, () => atEdge.ask(`/live/${first!.address}`));
  await network.run(500);
  for (const { status } of await Promise.all(answers)) assertEquals(status, 200);
  assertEquals(fetched.slice(1), [...ahead, `${first!.number}.ts`]);
  // Neither what is long gone, nor what is still to come.
  for (const number of [first!.number - 100, 1, first!.number + 500]) await atEdge.get(`/live/s-${number}.ts`);
  assertEquals(fetched.length, 6);
  await end();
});

Deno.test("a server that does not answer for its segments leaves gaps, and never errors", async () => {
  const { network, edge, atEdge, end } = await stage("");
  const listed = listedSegments((await atEdge.get("/live/s.m3u8")).text);
  const cut = network.partition(["10.0.0.3"], ["10.0.0.1:8080"]);
  const [older, old] = listed.slice(1, 3);
  const fromMs = network.timers.nowMs();
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    statuses.push((await atEdge.get(`/live/${old!.address}`)).status);
    await network.run(1500);
  }
  // Not there for now, then a gap.
  assertEquals(statuses.at(-1), 200);
  assert(statuses.every((status) => status === 503 || status === 200), statuses.join());
  assertLess(network.timers.nowMs() - fromMs, 40_000);
  const { window } = edge.server.hls.find("/live/s")!.view!;
  assertEquals([older, old].map((segment) => window.find(segment!.number)?.kind), ["absent", "gap"]);
  assert(!listedSegments((await atEdge.get("/live/s.m3u8")).text).at(-1)!.isGap);
  cut[Symbol.dispose]();
  assertEquals(edge.log.lines.filter((line) => line.startsWith("warn")), []);
  await end();
});

Deno.test("nobody gets segments past hooks and sessions who is not let in to play the stream", async () => {
  const { network, atOrigin, end } = await stage("", {
    origin: "http_hooks { enabled on; on_play http://10.0.9.9/; } security { enabled on; deny play 10.0.2.2; }",
  });
  const [{ address } = { address: "" }] = listedSegments((await atOrigin.get("/live/s.m3u8")).text);
  for (const ticket of ["1", "0".repeat(32), ""]) {
    for (const path of ["s.m3u8", address, "s.key"]) {
      const asked = network.host("10.0.2.2").fetch(`http://10.0.0.1:8080/live/${path}`, {
        headers: { "x-srs-ts-hls-ticket": ticket },
      });
      await network.run(200);
      assertEquals((await asked).status === 200, false, `${ticket} ${path}`);
    }
  }
  await end();
});

for (const [name, token] of [["", ""], [", which asks for a token", "coworker_token secret;"]] as const) {
  Deno.test(`an origin that was restarted has what was published before from its coworker${name}`, async () => {
    const network = new MemoryNetwork();
    const file = (coworker: string) => ({
      vhost: `cluster { origin_cluster on; coworkers ${coworker}:1985; ${token} } ${hls("")}`,
    });
    const dying = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
    const other = new MemoryServer(network, "10.0.0.2", file("10.0.0.1"));
    const encoder = network.host("10.0.1.1");
    using _first = await HlsPublisher.begin(encoder, "10.0.0.1:1935", "s", 1);
    const atOther = new HlsClient(network, "10.0.2.2", "10.0.0.2:8080");
    for (let i = 0; i < 10; i++) {
      assertEquals((await atOther.get("/live/s.m3u8")).status, 200);
      await network.run(2000);
    }
    const before = listedSegments((await atOther.get("/live/s.m3u8")).text).map(({ number }) => number);
    dying.host.kill();
    await network.run(1000);
    const back = new MemoryServer(network, "10.0.0.1", file("10.0.0.2"));
    await network.run(3000);
    using _second = await HlsPublisher.begin(encoder, "10.0.0.1:1935", "s", 2);
    await network.run(9000);
    const atBack = new HlsClient(network, "10.0.2.1", "10.0.0.1:8080");
    const [mine, theirs] = [await atBack.get("/live/s.m3u8"), await atOther.get("/live/s.m3u8")];
    assertEquals(segmentLines(mine.text), segmentLines(theirs.text));
    const listed = listedSegments(mine.text).filter(({ isGap }) => !isGap);
    assert(listed.some(({ number }) => before.includes(number)), mine.text);
    for (const { address } of listed) {
      assertEquals((await atBack.get(`/live/${address}`)).hash, (await atOther.get(`/live/${address}`)).hash, address);
    }
    // A stranger is told nothing.
    const url = "http://10.0.0.2:1985/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=s&segments=1";
    const asked = network.host("10.0.9.9").fetch(url, { method: "POST" });
    await network.run(500);
    assertEquals((await asked).status, 403);
    await back.stop();
    await other.stop();
  });
}
