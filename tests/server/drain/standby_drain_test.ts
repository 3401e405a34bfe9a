/** A backup encoder takes over from a main one whose origin is about to stop. On a simulated network. */
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { inter, key, videoHeader } from "../../kit/media/packets.ts";

const vhost = (other: string) =>
  `publish { on_conflict standby; } cluster { origin_cluster on; coworkers ${other}:1985; }`;
/** Frames from this one on are the backup's. */
const BACKUP = 100_000;

async function started<T>(network: MemoryNetwork, starting: Promise<T>): Promise<T> {
  await network.run(100);
  return await starting;
}

/** An encoder that sends what the test tells it to. */
class ManualPublisher extends MemoryPublisher {
  static async begin(network: MemoryNetwork, ip: string, address: string): Promise<ManualPublisher> {
    const publisher = new ManualPublisher(network.host(ip));
    await started(network, publisher.connect("publish", address, "s"));
    return publisher;
  }

  protected override onReady(): void {}
}

/** A main encoder at A, whose origin drains, a backup at B, and who watches at B and at an edge. */
async function stage() {
  const network = new MemoryNetwork();
  const a = new MemoryServer(network, "10.0.0.1", { vhost: vhost("10.0.0.2"), root: "grace_start_wait 0;" });
  const b = new MemoryServer(network, "10.0.0.2", { vhost: vhost("10.0.0.1") });
  const edge = new MemoryServer(network, "10.0.0.3", {
    vhost: "cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; }",
  });
  const main = await started(network, MemoryPublisher.start(network.host("10.0.8.1"), "10.0.0.1:1935", "s"));
  const viewers = await Promise.all(
    ["10.0.0.2", "10.0.0.3"].map((ip, i) =>
      started(network, MemoryViewer.start(network.host(`10.0.8.${i + 5}`), `${ip}:1935`, "s"))
    ),
  );
  await network.run(3000);
  const backup = await ManualPublisher.begin(network, "10.0.8.2", "10.0.0.2:1935");
  await network.run(1000);
  assert(b.log.lines.some((line) => line.includes("on standby")));
  a.server.drain.begin();
  a.server.rtmp.drain();
  let id = BACKUP;
  let timeMs = 0;
  /** Lets time pass, in which the backup sends 25 pictures a second, the first of them a keyframe or not. */
  const run = async (ms: number, isKey: boolean) => {
    for (let at = 0; at < ms; at += 40) {
      backup.send((isKey && at === 0 ? key : inter)(id++, timeMs += 40));
      await network.run(40);
    }
  };
  const isTaken = () => b.server.sources.find("/live/s")?.fedBy === "client";
  const end = async () => {
    for (const peer of [main, backup, ...viewers]) peer[Symbol.dispose]();
    for (const server of [a, b, edge]) await server.stop();
  };
  return { network, a, b, main, backup, viewers, run, isTaken, end };
}

Deno.test("the backup of an origin that drains takes over when it has a keyframe, and nobody sees a gap", async () => {
  const { b, main, backup, viewers, run, isTaken, end } = await stage();
  backup.send(videoHeader(2));
  await run(2400, false);
  assert(!isTaken(), b.log.lines.slice(-5).join("\n"));
  assertEquals(main.ended, "");
  await run(1200, true);
  assert(isTaken());
  for (const viewer of viewers) {
    assertGreater(viewer.frames.filter((label) => Number(label.slice(1)) >= BACKUP).length, 5);
    assertLess(viewer.worstGapMs, 500);
  }
  await end();
});

Deno.test("the backup of an origin that drains takes over without a keyframe when that has stopped", async () => {
  const { network, a, run, isTaken, end } = await stage();
  await run(1200, false);
  assert(!isTaken());
  a.host.kill();
  await run(1200, false);
  assert(isTaken());
  await network.run(100);
  await end();
});
