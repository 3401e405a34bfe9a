import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assertEquals, assertLess } from "../../kit/assert.ts";
import { inter, key } from "../../kit/media/packets.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";
import { send, SourceStage, start } from "../../kit/media/source_stage.ts";

Deno.test("LiveSource sends the first GOP at once, then what came once every mw_latency", () => {
  const stage = new SourceStage();
  const player = new TestPlayer(stage.source);
  const session = stage.publisher(key(1, 0));
  session.endBurst();
  assertEquals(player.wakes, 1);
  for (let ms = 40; ms < 350; ms += 40) {
    stage.timers.advance(40);
    session.publish(inter(ms, ms));
    session.endBurst();
  }
  assertEquals(player.wakes, 1);
  stage.timers.advance(350 - 320);
  assertEquals(player.wakes, 2);
  assertEquals(player.take().length, 9);
});

Deno.test("LiveSource does not hold up a burst that comes mw_latency after the last one", () => {
  const stage = new SourceStage();
  const player = new TestPlayer(stage.source);
  const session = stage.publisher(key(1, 0));
  session.endBurst();
  for (let burst = 1; burst <= 3; burst++) {
    stage.timers.advance(350);
    for (let ms = 40; ms <= 350; ms += 40) session.publish(inter(burst * 10, burst * 350 + ms));
    assertEquals(player.wakes, burst);
    session.endBurst();
    assertEquals(player.wakes, burst + 1);
  }
});

Deno.test("LiveSource hands on at once what another server has gathered, however little and early", () => {
  const { source, timers } = new SourceStage({ mwMsgs: 8 });
  const player = new TestPlayer(source);
  const session = source.startPublish("upstream");
  const burst = (...packets: MediaPacket[]) => {
    send(session, ...packets);
    session.endBurst();
    return player.take();
  };
  assertEquals(burst(...start, key(4, 0)), ["meta1", "VH2", "AH3", "K4"]);
  timers.advance(200);
  assertEquals(burst(inter(5, 200)), ["I5"]);
  timers.advance(100);
  assertEquals(burst(inter(6, 300)), [], "one that does not gather is gathered for");
  timers.advance(250);
  assertEquals(player.take(), ["I6"]);
});

Deno.test("LiveSource has no timer while nobody watches, nor while nothing comes", () => {
  const stage = new SourceStage();
  const session = stage.publisher(...start, key(4, 0), inter(5, 40));
  assertEquals(stage.timers.pendingCount, 0);
  const player = new TestPlayer(stage.source);
  assertEquals(stage.timers.pendingCount, 0);
  send(session, inter(6, 80), inter(7, 120));
  assertEquals(stage.timers.pendingCount, 1);
  stage.flush();
  assertEquals(stage.timers.pendingCount, 0);
  player.leave();
  send(session, inter(8, 160));
  assertEquals(stage.timers.pendingCount, 0);
});

Deno.test("LiveSource with mw_latency 0 and mw_msgs 0 sends after each burst of the publisher, without a timer", () => {
  const stage = new SourceStage({ mwLatencyMs: 0, mwMsgs: 0 });
  const player = new TestPlayer(stage.source);
  const session = stage.publisher(key(1, 0), inter(2, 40));
  assertEquals(player.take(), []);
  session.endBurst();
  assertEquals(player.take(), ["K1", "I2"]);
  session.endBurst();
  assertEquals([player.wakes, stage.timers.pendingCount], [1, 0], "nothing came, nobody is woken");
});

Deno.test("LiveSource gathers mw_latency and more than mw_msgs packets, whichever takes longer", () => {
  for (const [mwLatencyMs, mwMsgs, expected] of [[0, 8, 9], [100, 8, 9], [350, 8, 18], [350, 30, 31]] as const) {
    const stage = new SourceStage({ mwLatencyMs, mwMsgs });
    const player = new TestPlayer(stage.source);
    const session = stage.publisher(key(1, 0));
    session.endBurst();
    assertEquals(player.take(), ["K1"], "a GOP that was waited for goes at once");
    let count = 0;
    while (player.take().length === 0 && count < 200) {
      stage.timers.advance(20);
      session.publish(inter(2 + count++, count * 20));
      session.endBurst();
    }
    assertEquals(count, expected, `mw_latency ${mwLatencyMs} mw_msgs ${mwMsgs}`);
  }
});

Deno.test("LiveSource waits for mw_msgs no longer than 25 ms each behind mw_latency: a stream may pause", () => {
  const stage = new SourceStage({ mwLatencyMs: 350, mwMsgs: 8 });
  const player = new TestPlayer(stage.source);
  const session = stage.publisher(key(1, 0));
  session.endBurst();
  stage.timers.advance(100);
  session.publish(inter(2, 100));
  session.endBurst();
  player.take();
  stage.timers.advance(250 + 199);
  assertEquals(player.take(), []);
  stage.timers.advance(1);
  assertEquals(player.take(), ["I2"]);
  stage.timers.advance(1000);
  session.publish(inter(3, 2000));
  session.endBurst();
  assertEquals(player.take(), []);
  stage.timers.advance(200);
  assertEquals([player.take(), stage.timers.pendingCount], [["I3"], 0]);
});

Deno.test("LiveSource counts mw_msgs for those who wait, whoever joins meanwhile", () => {
  const stage = new SourceStage({ mwLatencyMs: 0, mwMsgs: 8 });
  const player = new TestPlayer(stage.source);
  const session = stage.publisher(key(1, 0));
  session.endBurst();
  player.take();
  for (let i = 0; i < 9; i++) {
    new TestPlayer(stage.source);
    session.publish(inter(2 + i, 40 * i));
    session.endBurst();
  }
  assertEquals(player.take().length, 9);
});

Deno.test("LiveSource wakes many players in slices, the loop has a turn in between", () => {
  const stage = new SourceStage();
  const players = Array.from({ length: 600 }, () => new TestPlayer(stage.source));
  stage.publisher(key(1, 0))[Symbol.dispose]();
  assertEquals(players.filter(({ wakes }) => wakes > 0).length, 256);
  stage.timers.advance(0);
  assertEquals(players.filter(({ wakes }) => wakes === 1).length, 600);
  assertEquals(players.filter((player) => player.take().join() !== "K1"), []);
});

Deno.test("LiveSource reaches the last of many players even if flushes come faster than slices", () => {
  const stage = new SourceStage({ mwLatencyMs: 0 });
  const players = Array.from({ length: 2000 }, () => new TestPlayer(stage.source));
  const session = stage.publisher(key(0, 0));
  for (let i = 1; i <= 20; i++) {
    session.publish(inter(i, i * 40));
    session.endBurst();
    // One slice a burst, while a round takes eight.
    stage.timers.step();
  }
  assertLess(0, Math.min(...players.map(({ wakes }) => wakes)));
  session[Symbol.dispose]();
  stage.timers.advance(1);
  assertEquals(players.filter((player) => player.take().length !== 21), []);
});

Deno.test("LiveSource wakes everyone while players leave between the slices and within them", () => {
  for (let seed = 0; seed < 30; seed++) {
    const stage = new SourceStage();
    const players = Array.from({ length: 700 }, () => new TestPlayer(stage.source));
    const left = new Set<TestPlayer>();
    const leave = (at: number) => {
      const player = players[at % players.length]!;
      left.add(player);
      player.leave();
    };
    players.forEach((player, i) => {
      if (i % 13 === seed % 13) player.onWake = () => leave(i + (seed % 3 === 0 ? 0 : i * 7 + seed));
    });
    stage.publisher(key(1, 0));
    stage.flush();
    for (let slice = 0; slice < 3; slice++) {
      for (let i = 0; i < 5; i++) leave(seed * 31 + slice * 101 + i * 53);
      stage.timers.advance(0);
    }
    const missed = players.filter((player) => !left.has(player) && player.take().join() !== "K1");
    assertEquals(missed.length, 0, `seed ${seed}`);
    assertEquals(stage.source.playerCount, players.length - left.size);
  }
});
