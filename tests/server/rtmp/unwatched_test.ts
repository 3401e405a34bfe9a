/** What nobody plays is read once a second, and at once when somebody comes for it. */
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

const STEP_MS = 10;

class Stage {
  readonly network = new MemoryNetwork();
  readonly server: MemoryServer;

  constructor(vhost = "") {
    this.network.gathers = true;
    this.server = new MemoryServer(this.network, "10.0.0.1", { vhost });
  }

  readonly publish = () => MemoryPublisher.start(this.network.host("10.0.1.1"), "10.0.0.1:1935", "s");
  readonly play = () => MemoryViewer.start(this.network.host("10.0.2.1"), "10.0.0.1:1935", "s");

  /** When something was read of the publisher during the next time. */
  async readsMs(ms: number): Promise<number[]> {
    const source = this.server.server.sources.find("/live/s")!;
    const reads: number[] = [];
    for (let before = source.stats.bytesIn; ms > 0; ms -= STEP_MS) {
      await this.network.run(STEP_MS);
      if (source.stats.bytesIn !== before) reads.push(this.network.timers.nowMs());
      before = source.stats.bytesIn;
    }
    return reads;
  }
}

Deno.test("a publisher whom nobody plays is read once a second, when the server has to do in any case", async () => {
  const stage = new Stage();
  using _publisher = await stage.publish();
  await stage.network.run(5000);
  const reads = await stage.readsMs(5000);
  assertEquals(reads.length, 5, reads.join());
  assertEquals(reads.filter((ms) => ms % 1000 > STEP_MS), []);
  using _viewer = await stage.play();
  await stage.network.run(1000);
  assertGreater((await stage.readsMs(5000)).length, 12, "a flush each");
  await stage.server.stop();
});

Deno.test("segments and recordings are made of what comes: it is read a flush at a time", async () => {
  const stage = new Stage("hls { enabled on; }");
  using _publisher = await stage.publish();
  await stage.network.run(5000);
  assertGreater((await stage.readsMs(5000)).length, 12);
  await stage.server.stop();
});

for (const lateMs of [100, 500, 900]) {
  Deno.test(`the first player of a stream has the newest frame at once, ${lateMs} ms after the last read`, async () => {
    const { network, server, publish, play } = new Stage();
    using _publisher = await publish();
    const zeroMs = network.timers.nowMs();
    await network.run(6000 - network.timers.nowMs() % 1000 + lateMs);
    const playedMs = network.timers.nowMs();
    using viewer = await play();
    await network.run(50);
    const lagMs = network.timers.nowMs() - zeroMs - Math.max(...viewer.timestampsMs);
    assertLess(lagMs, 100, "frames come each 20 ms");
    assertLess(viewer.arrivedMs[0]! - playedMs, 30);
    await network.run(3000);
    assertLess(viewer.worstGapMs, 400);
    assertEquals(viewer.timestampsMs.filter((ms, i) => i > 0 && ms !== viewer.timestampsMs[i - 1]! + 20), []);
    await server.stop();
  });
}

Deno.test("a publisher is dead once nothing more comes when it is read, and not while its input gathers", async () => {
  const stage = new Stage("publish { on_conflict reject; }");
  using first = await stage.publish();
  await stage.network.run(5000);
  for (let at = 0; at < 20; at++) {
    using second = await stage.publish();
    await stage.network.run(177);
    assertEquals([second.isReady, first.ended], [false, ""], `${at}`);
  }
  first.fallSilent();
  await stage.network.run(3500);
  using third = await stage.publish();
  await stage.network.run(100);
  assert(third.isReady, "one that is dead is replaced");
  await stage.server.stop();
});
