/** A coworker that hangs, and has not been found out yet. On a simulated network. */
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { MemoryNetwork } from "../../kit/memory/memory_network.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";

/** Lets time pass until something is there, 5 s at most. @returns How long that took, ms. */
async function passUntil(network: MemoryNetwork, isThere: () => boolean): Promise<number> {
  const fromMs = network.timers.nowMs();
  while (!isThere() && network.timers.nowMs() - fromMs < 5000) await network.run(10);
  return network.timers.nowMs() - fromMs;
}

async function started<T>(network: MemoryNetwork, starting: Promise<T>): Promise<T> {
  await network.run(100);
  return await starting;
}

/** Frames from this one on are those of the encoder that has come back. */
const AGAIN = 100_000;

for (
  const [policy, hangsMs] of [["reject", 3000], ["reject", 0], ["takeover", 3000], ["standby", 3000], [
    "standby",
    0,
  ]] as const
) {
  const name = `on_conflict ${policy}: an encoder whose origin hangs${hangsMs === 0 ? " for a moment" : ""}`;
  Deno.test(`${name} is taken by another at once, and keeps the stream`, async () => {
    const network = new MemoryNetwork();
    const file = (...others: string[]) => ({
      vhost: `publish { on_conflict ${policy}; } cluster { origin_cluster on; ` +
        `coworkers ${others.map((other) => `${other}:1985`).join(" ")}; }`,
    });
    const a = new MemoryServer(network, "10.0.0.1", file("10.0.0.2", "10.0.0.3"));
    const b = new MemoryServer(network, "10.0.0.2", file("10.0.0.1", "10.0.0.3"));
    const c = new MemoryServer(network, "10.0.0.3", file("10.0.0.1", "10.0.0.2"));
    const edge = new MemoryServer(network, "10.0.0.4", {
      vhost: "cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935 10.0.0.3:1935; }",
    });
    const encoder = network.host("10.0.8.1");
    using first = await started(network, MemoryPublisher.start(encoder, "10.0.0.1:1935", "s"));
    await network.run(15_000);
    using viewer = await started(network, MemoryViewer.start(network.host("10.0.8.2"), "10.0.0.4:1935", "s"));
    using atB = await started(network, MemoryViewer.start(network.host("10.0.8.3"), "10.0.0.2:1935", "s"));
    await network.run(13_000);
    a.host.freeze();
    await network.run(50);
    first[Symbol.dispose]();
    const fromMs = network.timers.nowMs();
    const coming = MemoryPublisher.start(encoder, "10.0.0.2:1935", "s", AGAIN);
    const sees = ({ frames }: MemoryViewer) => frames.some((label) => Number(label.slice(1)) >= AGAIN);
    // 0.2 s until it is clear that A says nothing, and the ways there and back.
    assertLess(await passUntil(network, () => b.server.sources.find("/live/s")?.fedBy === "client"), 260);
    await passUntil(network, () => sees(atB));
    assertLess(network.timers.nowMs() - fromMs, 300);
    using again = await coming;
    if (hangsMs > 0) {
      await passUntil(network, () => sees(viewer));
      await network.run(hangsMs);
    }
    a.host.thaw();
    await network.run(5000);
    assertEquals(again.ended, "");
    assert(again.isReady);
    const owners = [a, b, c].filter(({ server }) => server.sources.find("/live/s")?.fedBy === "client");
    assertEquals(owners, [b]);
    for (const { frames } of [viewer, atB]) {
      const numbers = frames.map((label) => Number(label.slice(1)));
      assertEquals(
        numbers.slice(numbers.findIndex((number) => number >= AGAIN)).filter((number) => number < AGAIN),
        [],
      );
      assertEquals(frames.at(-1), atB.frames.at(-1));
    }
    for (const server of [a, b, c, edge]) await server.stop();
  });
}
