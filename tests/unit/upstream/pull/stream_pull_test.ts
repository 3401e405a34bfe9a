import { assertEquals, assertGreater, assertMatch } from "../../../kit/assert.ts";
import { audio, inter, key } from "../../../kit/media/packets.ts";
import type { MemoryOrigin } from "../../../kit/memory/memory_origin.ts";
import type { PullTarget } from "../../../../src/upstream/target.ts";
import { PullRig } from "../../../kit/peers/pull_rig.ts";
import { A, B, Broadcast, frames, labels } from "../../../kit/peers/broadcast.ts";

Deno.test("StreamPull keeps a connection that hangs for seconds: players lose no frame", async () => {
  const rig = new PullRig([A]);
  const broadcast = new Broadcast(rig, A);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  assertEquals(rig.state?.isFed, true);
  rig.network.hang(A);
  await broadcast.run(125);
  assertEquals(rig.state?.isFed, false, "it is known to be silent");
  assertMatch(rig.state?.lastError ?? "", /no media for|no answer/);
  rig.network.resume(A);
  await broadcast.run(50);
  assertEquals(rig.player.take(), labels(0, 225));
  assertEquals([rig.state?.isFed, rig.state?.switches, rig.state?.lastError], [true, 0, ""]);
  await rig.run(5000);
  assertEquals(broadcast.origins[0]!.clients.size, 1, "what was dialled meanwhile is closed");
});

Deno.test("StreamPull leaves a server that hangs for another one, after idle_timeout and no later", async () => {
  const rig = new PullRig([A, B], "idle_timeout 1000;");
  const broadcast = new Broadcast(rig, A, B);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  const [first] = rig.targets.filter(({ text }) => text === rig.state?.upstream);
  rig.network.hang(first!.text);
  await broadcast.run(50);
  assertEquals([rig.state?.isFed, rig.state?.switches], [true, 1]);
  assertGreater(1100, rig.state!.lastGapMs);
  assertGreater(rig.state!.lastGapMs, 999);
  rig.network.resume(first!.text);
  await broadcast.run(20);
  const seen = rig.player.take();
  assertEquals(seen.slice(-20), labels(100, 120));
  assertEquals(seen.length, new Set(seen).size, "nothing comes twice");
  assertEquals(broadcast.origins.map(({ clients }) => clients.size).toSorted(), [0, 1]);
});

Deno.test("StreamPull stays where it is while the publisher itself pauses", async () => {
  const rig = new PullRig([A, B], "idle_timeout 1000;");
  const broadcast = new Broadcast(rig, A, B);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(55);
  const { upstream } = rig.state!;
  await rig.run(10_000);
  assertEquals([rig.state?.isFed, rig.state?.switches], [false, 0]);
  await broadcast.run(55);
  assertEquals([rig.state?.isFed, rig.state?.switches, rig.state?.upstream], [true, 0, upstream]);
  assertEquals(rig.player.take(), labels(0, 110));
});

Deno.test("StreamPull gives up a silent connection after 30 s", async () => {
  const rig = new PullRig([A]);
  const origin = rig.origin(A);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  origin.send(key(0, 0), audio(1, 0));
  await rig.timers.run(29_000);
  assertEquals(rig.source.isActive, true);
  await rig.timers.run(2000);
  assertEquals(rig.source.isActive, false);
});

Deno.test("StreamPull goes on at the next server when one breaks off, and comes back to a round later", async () => {
  const rig = new PullRig([A, B]);
  const broadcast = new Broadcast(rig, A, B);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  const { upstream } = rig.state!;
  broadcast.origins.find(({ address }) => address === upstream)![Symbol.dispose]();
  await broadcast.run(20);
  assertEquals([rig.state?.isFed, rig.state?.switches], [true, 1]);
  assertEquals(rig.player.take(), labels(0, 70));
});

Deno.test("StreamPull follows a server that is about to stop to another one, with no frame missing", async () => {
  const rig = new PullRig([A, B]);
  const broadcast = new Broadcast(rig, A, B);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  const { upstream } = rig.state!;
  const leaving = broadcast.origins.find(({ address }) => address === upstream)!;
  leaving.ignores = ({ kind }) => kind === "play";
  for (const client of leaving.clients) leaving.tell(client, (session) => session.requestReconnect());
  await broadcast.run(50);
  assertEquals([rig.state?.isFed, rig.state?.switches, leaving.clients.size], [true, 1, 0]);
  assertEquals(rig.player.take(), labels(0, 100));
});

Deno.test("StreamPull leaves a server that is about to stop, even if that one pauses before there is another", async () => {
  const rig = new PullRig([A, B], "idle_timeout 1000;");
  const broadcast = new Broadcast(rig, A, B);
  const [a, b] = broadcast.origins as [MemoryOrigin, MemoryOrigin];
  b.ignores = ({ kind }) => kind === "play";
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  assertEquals(rig.state?.upstream, A);
  a.ignores = ({ kind }) => kind === "play";
  for (const client of a.clients) a.tell(client, (session) => session.requestReconnect());
  await broadcast.run(10);
  await rig.run(1500);
  assertEquals(rig.state?.isFed, false);
  b.ignores = () => false;
  await broadcast.run(100);
  assertEquals([rig.state?.isFed, rig.state?.upstream, a.clients.size], [true, B, 0]);
  assertEquals(rig.player.take(), labels(0, 160));
});

Deno.test("StreamPull is not fed once the server that was about to stop has ended before there is another", async () => {
  const rig = new PullRig([A, B]);
  const broadcast = new Broadcast(rig, A, B);
  const [a, b] = broadcast.origins as [MemoryOrigin, MemoryOrigin];
  b.ignores = ({ kind }) => kind === "play";
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  a.ignores = ({ kind }) => kind === "play";
  for (const client of a.clients) a.tell(client, (session) => session.requestReconnect());
  await rig.run(100);
  a[Symbol.dispose]();
  await rig.run(100);
  assertEquals([rig.source.isActive, rig.state?.isFed], [false, false]);
});

Deno.test("StreamPull does not count as a gap what was published here meanwhile", async () => {
  const rig = new PullRig([A]);
  const broadcast = new Broadcast(rig, A);
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(50);
  {
    using session = rig.source.startPublish("client");
    session.publish(key(1, 0));
    await rig.run(60_000);
  }
  await broadcast.run(50);
  assertEquals(rig.state?.isFed, true);
  assertGreater(1000, rig.state!.lastGapMs);
});

Deno.test("StreamPull pauses longer after each round that found nothing, and not once a server is back", async () => {
  const rig = new PullRig([A], "owner_timeout 60000;");
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.timers.run(20_000);
  const { length } = rig.network.dialled;
  // Of the watch, which looks five times a second, of that which looks every other second, and of some rounds.
  assertGreater(20 * 5 + 20 / 2 + 20, length);
  const origin = rig.origin(A);
  await rig.run(250);
  assertEquals(origin.clients.size, 1);
});

Deno.test("StreamPull that was fed for a moment pauses no longer for the rounds before that found nothing", async () => {
  const rig = new PullRig([A]);
  let hasStream = false;
  let plays = 0;
  const origin = rig.origin(A, (client, { kind }) => {
    if (kind !== "play") return;
    plays++;
    if (hasStream) origin.sendTo(client, ...frames(0, 10));
    else origin.tell(client, (session) => session.sendStatus("playStreamNotFound"));
  });
  using _lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(5000);
  hasStream = true;
  while (rig.state?.isFed !== true) await rig.run(10);
  plays = 0;
  const pausesMs: number[] = [];
  // One publisher makes way for another, over and over.
  for (let round = 0; round < 5; round++) {
    for (const { conn } of origin.clients) conn.close();
    plays = 0;
    const endedMs = rig.timers.nowMs();
    while (plays === 0) await rig.run(1);
    pausesMs.push(rig.timers.nowMs() - endedMs);
    await rig.run(10);
  }
  // Less what the rounds took; that it flaps counts.
  assertEquals(pausesMs.map((ms) => Math.round(ms / 75)), [1, 2, 4, 8, 16]);
});

for (
  const [what, pauseMs, firstMs, limitMs] of [
    ["that never pauses after one second", 40, 1000, 1200],
    ["that pauses often after idle_timeout", 1200, 3000, 3300],
  ] as const
) {
  Deno.test(`StreamPull looks elsewhere for a stream ${what}`, async () => {
    const rig = new PullRig([A, B]);
    const [a, b] = [
      rig.origin(A),
      rig.origin(B, (client, { kind }) => {
        if (kind === "play" && isAtB) b.sendTo(client, key(900, 900 * 40), inter(901, 901 * 40));
      }),
    ];
    let isAtB = false;
    using _lease = rig.registry.acquire(rig.source, rig.request);
    await rig.run(400);
    for (let n = 0; n * pauseMs < 15_000; n++) {
      a.send(n % 10 === 0 ? key(n, n * pauseMs) : inter(n, n * pauseMs));
      await rig.run(pauseMs);
    }
    assertEquals([rig.state?.isFed, rig.state?.upstream], [true, A]);
    // The publisher has moved, and the server before says nothing of it.
    isAtB = true;
    await rig.run(firstMs - pauseMs - 50);
    assertEquals(rig.state?.isFed, true);
    await rig.run(limitMs - firstMs + 100);
    assertEquals([rig.state?.isFed, rig.state?.upstream, rig.state?.switches], [true, B, 1]);
  });
}

Deno.test("StreamPull has nobody tell who has the stream while it is published here", async () => {
  const rig = new PullRig([A]);
  let watches = 0;
  const watchTargets = () => {
    watches++;
    return { [Symbol.dispose]: () => void watches-- };
  };
  using _lease = rig.registry.acquire(rig.source, { ...rig.request, watchTargets });
  await rig.run(100);
  assertEquals(watches, 1);
  const publisher = rig.source.startPublish("client");
  await rig.run(30_000);
  assertEquals(watches, 0);
  publisher[Symbol.dispose]();
  await rig.run(1000);
  assertEquals(watches, 1);
});

Deno.test("StreamPull whose server is silent asks another one again as soon as that is told to have the stream", async () => {
  const rig = new PullRig([A, B], "idle_timeout 1000;");
  let isAtB = false;
  const a = rig.origin(A);
  const b = rig.origin(B, (client, { kind }) => {
    if (kind !== "play") return;
    if (isAtB) b.sendTo(client, ...frames(500, 510));
    // It believes in the lease of the other one.
    else b.tell(client, (session) => session.redirect(`rtmp://${A}/live/s`));
  });
  const watches = new Set<(targets: readonly PullTarget[]) => void>();
  const watchTargets = (onTargets: (targets: readonly PullTarget[]) => void) => {
    watches.add(onTargets);
    return { [Symbol.dispose]: () => void watches.delete(onTargets) };
  };
  using _lease = rig.registry.acquire(rig.source, {
    ...rig.request,
    watchTargets,
    otherTargets: () => rig.targets,
  });
  await rig.run(400);
  a.send(...frames(0, 20));
  await rig.run(100);
  assertEquals([rig.state?.upstream, watches.size], [A, 0]);
  await rig.run(1200);
  assertEquals([rig.state?.isFed, watches.size], [false, 1]);
  isAtB = true;
  for (const tell of watches) tell(rig.targets.slice(1));
  await rig.run(100);
  assertEquals([rig.state?.isFed, rig.state?.upstream, watches.size], [true, B, 0]);
});
