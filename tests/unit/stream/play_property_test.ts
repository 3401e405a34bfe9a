import { LiveSource } from "../../../src/stream/live_source.ts";
import { assertGreater } from "../../kit/assert.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { sourceOptions } from "../../kit/media/packets.ts";
import { checkRuns, RandomPublisher } from "../../kit/media/random_stream.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";

Deno.test("LiveSource delivers contiguous runs from a keyframe, headers first, for any schedule of players", () => {
  let totalRuns = 0;
  let totalPlayers = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const timers = new ManualTimers();
    const source = new LiveSource("/live/a", { ...sourceOptions, mwLatencyMs: 50 + prng.below(400) }, timers, () => {});
    const publisher = new RandomPublisher(prng);
    const session = source.startPublish("client");
    session.publish(publisher.next());
    const players: TestPlayer[] = [];
    const received = new Map<TestPlayer, string[]>();
    for (let step = 0; step < 400; step++) {
      session.publish(publisher.next());
      timers.advance(prng.below(60));
      if (prng.below(30) === 0) {
        const player = new TestPlayer(source);
        players.push(player);
        received.set(player, []);
      }
      for (const player of players) {
        if (prng.below(15) === 0) player.stalled = !player.stalled;
        if (prng.below(25) === 0) player.cursor.jumpToKeyframe();
        if (prng.below(25) === 0) player.cursor.skipToNewerKeyframe();
        if (prng.below(4) === 0) player.read();
        received.get(player)?.push(...player.take());
      }
    }
    for (const player of players) {
      player.stalled = false;
      player.read();
      received.get(player)?.push(...player.take());
    }
    session[Symbol.dispose]();
    for (const [player, labels] of received) {
      labels.push(...player.take());
      totalRuns += checkRuns(labels, publisher.sent, `seed ${seed}`);
      totalPlayers++;
    }
  }
  assertGreater(totalRuns, totalPlayers * 2, "players must have jumped");
});
