import { assertEquals } from "../../../kit/assert.ts";
import { key } from "../../../kit/media/packets.ts";
import type { MemoryOrigin } from "../../../kit/memory/memory_origin.ts";
import { PullRig } from "../../../kit/peers/pull_rig.ts";
import { A, B, Broadcast } from "../../../kit/peers/broadcast.ts";

Deno.test("StreamPull ends with its last lease, after the linger", async () => {
  const rig = new PullRig([A], "linger 500;");
  const broadcast = new Broadcast(rig, A);
  const lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(20);
  lease[Symbol.dispose]();
  await rig.run(490);
  assertEquals(rig.source.isActive, true);
  await rig.run(20);
  assertEquals([rig.source.isActive, rig.registry.states().length, broadcast.origins[0]!.clients.size], [false, 0, 0]);
});

Deno.test("StreamPull asks nobody while nobody plays, whoever publishes the stream here within its linger", async () => {
  for (const leavesAfterMs of [0, 100, 400, 600, 1500]) {
    const rig = new PullRig([A], "linger 2000;");
    const broadcast = new Broadcast(rig, A);
    let asked = 0;
    const [origin] = broadcast.origins;
    const lease = rig.registry.acquire(rig.source, rig.request);
    await rig.run(100);
    await broadcast.run(20);
    assertEquals(rig.state?.isFed, true);
    origin!.onIgnored(() => asked++);
    origin!.ignores = ({ kind }) => kind === "play";
    lease[Symbol.dispose]();
    await rig.run(100);
    using session = rig.source.startPublish("client");
    session.publish(key(1, 0));
    await rig.run(leavesAfterMs);
    session[Symbol.dispose]();
    await rig.run(6000);
    assertEquals([asked, rig.registry.states()], [0, []], `a publisher of ${leavesAfterMs} ms`);
  }
});

Deno.test("StreamPull ends with its last player, without a linger, where its server is about to stop: nobody else is asked", async () => {
  for (const leavesFirst of [true, false]) {
    const rig = new PullRig([A, B], "linger 2000;");
    const broadcast = new Broadcast(rig, A, B);
    const [a, b] = broadcast.origins as [MemoryOrigin, MemoryOrigin];
    const lease = rig.registry.acquire(rig.source, rig.request);
    await rig.run(100);
    await broadcast.run(20);
    assertEquals(rig.state?.upstream, A);
    let asked = 0;
    for (const origin of [a, b]) {
      origin.onIgnored(({ conn }) => {
        asked++;
        conn.close();
      });
      origin.ignores = ({ kind }) => kind === "play";
    }
    const askToMove = async () => {
      for (const client of a.clients) a.tell(client, (session) => session.requestReconnect());
      await rig.run(100);
    };
    if (!leavesFirst) await askToMove();
    const askedBefore = asked;
    lease[Symbol.dispose]();
    if (leavesFirst) await askToMove();
    await broadcast.run(50);
    assertEquals([asked - askedBefore, rig.registry.states()], [0, []], `the player leaves first: ${leavesFirst}`);
  }
});

Deno.test("StreamPull asks nobody once its player has left, while somebody publishes the stream here", async () => {
  const rig = new PullRig([A], "linger 2000;");
  let asked = 0;
  rig.origin(A, (_client, { kind }) => void (kind === "play" && asked++));
  using session = rig.source.startPublish("client");
  const lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(700);
  lease[Symbol.dispose]();
  session[Symbol.dispose]();
  await rig.run(6000);
  assertEquals([asked, rig.registry.states()], [0, []]);
});

Deno.test("a pull of token_traverse ends with its last player: the next one's token is judged by the origin", async () => {
  const rig = new PullRig([A], "token_traverse on; linger 2000;");
  const broadcast = new Broadcast(rig, A);
  const lease = rig.registry.acquire(rig.source, rig.request);
  await rig.run(100);
  await broadcast.run(20);
  assertEquals(rig.state?.isFed, true);
  lease[Symbol.dispose]();
  await rig.run(0);
  assertEquals([rig.registry.states(), rig.source.isActive], [[], false]);
});
