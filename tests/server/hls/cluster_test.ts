import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { PlaylistWatch } from "../../kit/hls/hls_rules.ts";
import { compareHashes, HlsWatch } from "../../kit/hls/hls_watch.ts";
import { HlsClient, HlsPublisher, listedSegments } from "../../kit/server/memory_hls.ts";

const hls = (more: string) => `hls { enabled on; hls_ctx off; hls_fragment 2; hls_window 60; ${more} }`;

/** What a playlist says of complete segments behind one number, up to another. */
function linesOf(text: string, from: number, to: number): string[] {
  const lines = text.split("\n").filter((line) => /^(?:#EXTINF|#EXT-X-(?:GAP|DISC|PROGRAM)|[^#])/.test(line));
  const at = (number: number) => lines.findIndex((line) => line.includes(`-${number}.`)) + 1;
  return lines.slice(at(from), at(to));
}

function watchOf(name: string, client: HlsClient): HlsWatch {
  return new HlsWatch(name, (target) => client.get(target), "/live/s.m3u8");
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
    const ofA = watchOf("A", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
    const ofB = watchOf("B", new HlsClient(network, "10.0.2.2", "10.0.0.2:8080"));
    const ofEdge = watchOf("edge", new HlsClient(network, "10.0.2.3", "10.0.0.3:8080"));
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
    const ofA2 = watchOf("A, back", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
    const ofLate = watchOf("late edge", new HlsClient(network, "10.0.2.4", "10.0.0.4:8080"));
    for (let i = 0; i < 12; i++) {
      for (const watch of [ofB, ofA2, ofLate]) await watch.look();
      await network.run(700);
    }

    for (const watch of [ofA2, ofLate]) {
      // Looks come one after the other: in between, a segment may have left the list.
      const from = Math.max(watch.first.at(-1)!, ofB.first.at(-1)!);
      // Encryption takes real time: one has the newest segment before the other.
      const to = Math.min(watch.newest.at(-1)!, ofB.newest.at(-1)!);
      assertLess(ofB.newest.at(-1)! - to, 2, watch.name);
      assertEquals(linesOf(watch.lastText, from, to), linesOf(ofB.lastText, from, to), watch.name);
      assertLess(watch.first[0]! - ofB.first.at(-12)!, 3, watch.name);
    }
    for (const watch of [ofA, ofB, ofEdge, ofA2, ofLate]) {
      assertEquals(watch.troubles, [], watch.name);
      assertEquals(watch.rules.breaches, [], `${watch.name}\n${watch.lastText}`);
    }
    const { shared, differing } = compareHashes([ofA, ofB, ofEdge, ofA2, ofLate]);
    assertEquals(differing, []);
    assertGreater(shared, 15);
    assertGreater(ofB.newest.at(-1)! - ofB.newest[0]!, 9);
    for (const watch of [ofB, ofEdge]) {
      // The death of A is the only one, in one place.
      assertEquals(watch.lastText.match(/(?:#EXT-X-DISCONTINUITY\n)+/g)?.length, 1, watch.lastText);
      assert(!listedSegments(watch.lastText).at(-1)!.isGap);
    }
    for (const server of [a2, late, edge, b]) await server.stop();
  });
}

for (const protocol of ["rtmp", "flv"]) {
  Deno.test(`HLS, pulled over ${protocol}: DISCONTINUITY-SEQUENCE counts what has left the list, over deaths of origins, on all servers`, async () => {
    const network = new MemoryNetwork();
    const short = "hls { enabled on; hls_ctx off; hls_fragment 1; hls_window 6; }";
    const origin = (coworker: string) => `cluster { origin_cluster on; coworkers ${coworker}:1985; } ${short}`;
    const names = { a: "10.0.0.1", b: "10.0.0.2" };
    const start = (name: "a" | "b") =>
      new MemoryServer(network, names[name], { vhost: origin(names[name === "a" ? "b" : "a"]) });
    const servers = { a: start("a"), b: start("b") };
    const pulls = `mode remote; protocol ${protocol}; origin 10.0.0.1:1935 10.0.0.2:1935;`;
    const addresses = protocol === "rtmp" ? pulls : pulls.replaceAll(":1935", ":8080");
    const startEdge = (ip: string) => new MemoryServer(network, ip, { vhost: `cluster { ${addresses} } ${short}` });
    const edges = [startEdge("10.0.0.3")];
    const encoder = network.host("10.0.1.1");
    // Two clients: of the edge alone, and of whatever server a balancer sends it to.
    const ofEdge = watchOf("edge", new HlsClient(network, "10.0.2.3", "10.0.0.3:8080"));
    const ofAll = new PlaylistWatch({ lenient: true });
    const clients = new Map(
      ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map((
        ip,
      ) => [ip, new HlsClient(network, "10.0.2.9", `${ip}:8080`)]),
    );
    let owner: "a" | "b" = "a";
    let publisher = await HlsPublisher.begin(encoder, `${names.a}:1935`, "s", 1);
    await network.run(4000);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 12; i++) {
        if (i === 6) publisher.changeTracks();
        await ofEdge.look();
        for (const ip of [names[owner], "10.0.0.3", ...(edges.length > 1 ? ["10.0.0.4"] : [])]) {
          const { status, text } = await clients.get(ip)!.get("/live/s.m3u8");
          if (status === 200) ofAll.see(text, true);
        }
        await network.run(400);
      }
      const other: "a" | "b" = owner === "a" ? "b" : "a";
      servers[owner].host.kill();
      publisher[Symbol.dispose]();
      await network.run(300);
      publisher = await HlsPublisher.begin(encoder, `${names[other]}:1935`, "s", 2 + round);
      await network.run(300);
      servers[owner] = start(owner);
      owner = other;
      // One that has seen nothing before.
      if (round === 2) edges.push(startEdge("10.0.0.4"));
    }
    assertEquals(ofEdge.troubles, []);
    assertEquals([...ofEdge.rules.breaches, ...ofAll.breaches], [], ofEdge.lastText);
    const counts = Array.from(ofEdge.rules.segments.values(), ({ discontinuity }) => discontinuity);
    // Five publishes, with one change in each.
    assertEquals(counts.at(-1)! - counts[0]!, 9);
    publisher[Symbol.dispose]();
    for (const server of [...edges, servers.a, servers.b]) await server.stop();
  });
}

Deno.test("HLS: what came to an origin while it stood still is no segment, where another has taken the stream over", async () => {
  const network = new MemoryNetwork();
  const origin = (coworker: string) =>
    `publish { on_conflict takeover; } cluster { origin_cluster on; coworkers ${coworker}:1985; } ` +
    `hls { enabled on; hls_ctx off; hls_fragment 1; hls_window 30; }`;
  const a = new MemoryServer(network, "10.0.0.1", { vhost: origin("10.0.0.2") });
  const b = new MemoryServer(network, "10.0.0.2", { vhost: origin("10.0.0.1") });
  const ofA = watchOf("A", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
  const ofB = watchOf("B", new HlsClient(network, "10.0.2.2", "10.0.0.2:8080"));
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
  const watch = watchOf("A", new HlsClient(network, "10.0.2.1", "10.0.0.1:8080"));
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
