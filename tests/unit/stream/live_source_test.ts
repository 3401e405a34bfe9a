import { RequestDenied } from "../../../src/base/errors.ts";
import { LiveSource } from "../../../src/stream/live_source.ts";
import type { SourceOptions } from "../../../src/stream/source_options.ts";
import type { PublishSession } from "../../../src/stream/publish_session.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/manual_timers.ts";
import { audio, audioHeader, inter, key, metadata, script, sourceOptions, videoHeader } from "../../kit/packets.ts";
import { TestPlayer } from "../../kit/test_player.ts";

class Stage {
  readonly timers = new ManualTimers();
  readonly source: LiveSource;
  idleCalls = 0;

  constructor(options: Partial<SourceOptions> = {}) {
    this.source = new LiveSource("/live/a", { ...sourceOptions, ...options }, this.timers, () => this.idleCalls++);
  }

  publisher(...packets: MediaPacket[]): PublishSession {
    const session = this.source.startPublish("client");
    send(session, ...packets);
    return session;
  }

  flush(): void {
    this.timers.advance(this.source.options.mwLatencyMs);
  }
}

function send(session: PublishSession, ...packets: MediaPacket[]): void {
  for (const packet of packets) session.publish(packet);
}

const start = [metadata(1), videoHeader(2), audioHeader(3)];

Deno.test("LiveSource has one publisher; the next is refused as StreamBusy while the first is there", () => {
  const { source } = new Stage();
  assertEquals([source.isActive, source.fedBy], [false, null]);
  const first = source.startPublish("client");
  assertEquals([source.isActive, source.fedBy], [true, "client"]);
  const error = assertThrows(() => source.startPublish("client"), RequestDenied);
  assertEquals(error.codeName, "StreamBusy");
  first[Symbol.dispose]();
  assertEquals([source.isActive, source.fedBy], [false, null]);
  source.startPublish("upstream");
  assertEquals(source.fedBy, "upstream");
});

Deno.test("LiveSource ignores a publisher whose session has ended", () => {
  const stage = new Stage();
  const player = new TestPlayer(stage.source);
  const first = stage.publisher(key(1, 0));
  first[Symbol.dispose]();
  stage.publisher(key(2, 0));
  first.publish(key(3, 0));
  first[Symbol.dispose]();
  stage.flush();
  assertEquals(player.take(), ["K1", "K2"]);
  assert(stage.source.isActive);
});

Deno.test("LiveSource gives a player that waited for the publisher everything, each header once", () => {
  const stage = new Stage();
  const player = new TestPlayer(stage.source);
  stage.publisher(...start, key(4, 0), audio(5, 20), inter(6, 40));
  assertEquals(player.take(), []);
  stage.flush();
  assertEquals(player.take(), ["meta1", "VH2", "AH3", "K4", "A5", "I6"]);
  assertEquals(player.publishChanges, [true]);
});

Deno.test("LiveSource gives headers once too when the first flush has none of the media", () => {
  const stage = new Stage();
  const early = new TestPlayer(stage.source);
  const session = stage.publisher(...start);
  const between = new TestPlayer(stage.source);
  stage.flush();
  send(session, key(4, 0), inter(5, 40));
  stage.flush();
  assertEquals(early.take(), ["meta1", "VH2", "AH3", "K4", "I5"]);
  assertEquals(between.take(), ["meta1", "AH3", "VH2", "K4", "I5"]);
});

Deno.test("LiveSource starts a late player at the newest keyframe, at once", () => {
  const stage = new Stage();
  const session = stage.publisher(...start, key(4, 0), inter(5, 40), key(6, 80), audio(7, 90));
  const late = new TestPlayer(stage.source);
  assertEquals(late.take(), ["meta1", "AH3", "VH2", "K6", "A7"]);
  send(session, inter(8, 120));
  const later = new TestPlayer(stage.source);
  assertEquals(later.take(), ["meta1", "AH3", "VH2", "K6", "A7", "I8"], "what is not flushed yet too");
  assertEquals(late.take(), [], "the other waits for its flush");
  stage.flush();
  assertEquals(late.take(), ["I8"]);
  assertEquals(later.take(), []);
});

Deno.test("LiveSource gives the headers of the GOP, and the changed ones where they changed", () => {
  const stage = new Stage();
  stage.publisher(...start, key(4, 0), inter(5, 40), videoHeader(20), inter(6, 80));
  assertEquals(new TestPlayer(stage.source).take(), ["meta1", "AH3", "VH2", "K4", "I5", "VH20", "I6"]);
});

Deno.test("LiveSource gives headers and live media only, with gop_cache off", () => {
  const stage = new Stage({ gopCache: false });
  const session = stage.publisher(...start, key(4, 0), inter(5, 40));
  const player = new TestPlayer(stage.source);
  assertEquals(player.take(), []);
  send(session, inter(6, 80));
  stage.flush();
  assertEquals(player.take(), ["meta1", "AH3", "VH2", "I6"]);
});

Deno.test("LiveSource gives a player that starts without a GOP the headers of its first frame, though others came before the flush", () => {
  const stage = new Stage({ gopCache: false });
  const session = stage.publisher(...start, key(4, 0), inter(5, 40));
  const player = new TestPlayer(stage.source);
  send(session, inter(6, 80), videoHeader(20), key(7, 120));
  stage.flush();
  assertEquals(player.take(), ["meta1", "AH3", "VH2", "I6", "VH20", "K7"]);
});

Deno.test("LiveSource gives a player that starts between two publishers the headers of the second", () => {
  const stage = new Stage({ gopCache: false });
  stage.publisher(...start, key(4, 0))[Symbol.dispose]();
  const player = new TestPlayer(stage.source);
  stage.publisher(metadata(1), videoHeader(20), audioHeader(3), key(7, 120));
  stage.flush();
  assertEquals(player.take(), ["AH3", "meta1", "VH20", "K7"]);
});

Deno.test("LiveSource gives a player that starts between two publishers the headers of the first frame, though others came before the flush", () => {
  const stage = new Stage();
  stage.publisher(...start, key(4, 0))[Symbol.dispose]();
  const player = new TestPlayer(stage.source);
  stage.publisher(videoHeader(2), audioHeader(3), key(5, 40), videoHeader(20), key(7, 120));
  stage.flush();
  assertEquals(player.take(), ["AH3", "VH2", "K5", "VH20", "K7"]);
});

Deno.test("LiveSource repeats nothing for players that stay because others came meanwhile: these start with the GOP that goes on", () => {
  const stage = new Stage();
  const old = new TestPlayer(stage.source);
  stage.publisher(...start, key(4, 7000), inter(5, 7040))[Symbol.dispose]();
  const between = new TestPlayer(stage.source);
  // The same stream from another server: its newest GOP first.
  const session = stage.publisher(metadata(6), videoHeader(2), audioHeader(3), key(4, 500), inter(5, 540));
  const late = new TestPlayer(stage.source);
  stage.flush();
  send(session, inter(7, 580));
  const last = new TestPlayer(stage.source);
  stage.flush();
  const frames = (player: TestPlayer) => player.wire.takeAt().filter((text) => /^[KIA]\d/.test(text));
  assertEquals(frames(old), ["K4@0", "I5@40", "I7@80"]);
  for (const player of [between, late, last]) {
    const all = player.wire.takeAt();
    const at = all.lastIndexOf("K4@0");
    assert(all.lastIndexOf("VH2@0") < at && all.indexOf("VH2@0") >= 0, all.join());
    assertEquals(all.filter((text) => /^[KIA]\d/.test(text)), ["K4@0", "I5@40", "I7@80"]);
  }
});

Deno.test("LiveSource keeps no GOP of more than gop_cache_max_frames", () => {
  const stage = new Stage({ gopCacheMaxFrames: 3 });
  const session = stage.publisher(...start, key(4, 0), inter(5, 40), audio(6, 50));
  const inside = new TestPlayer(stage.source);
  assertEquals(inside.take(), ["meta1", "AH3", "VH2", "K4", "I5", "A6"]);
  send(session, inter(7, 80));
  const beyond = new TestPlayer(stage.source);
  assertEquals(beyond.take(), []);
  send(session, inter(8, 120));
  stage.flush();
  assertEquals(beyond.take(), ["meta1", "AH3", "VH2", "I8"]);
  send(session, key(9, 160));
  assertEquals(new TestPlayer(stage.source).take(), ["meta1", "AH3", "VH2", "K9"], "the next GOP is kept again");
});

Deno.test("LiveSource keeps any GOP with gop_cache_max_frames 0", () => {
  const stage = new Stage({ gopCacheMaxFrames: 0 });
  const session = stage.publisher(key(0, 0));
  for (let i = 1; i <= 5000; i++) send(session, inter(i, i));
  assertEquals(new TestPlayer(stage.source).take().length, 5001);
});

Deno.test("LiveSource keeps no GOP of more than 128 MiB", () => {
  const stage = new Stage();
  const frame = inter(2, 0, 8 * 1024 * 1024);
  const session = stage.publisher(key(1, 0));
  for (let i = 0; i < 15; i++) session.publish(frame);
  assertEquals(new TestPlayer(stage.source).take().length, 16);
  session.publish(frame);
  session.publish(frame);
  assertEquals(new TestPlayer(stage.source).take(), []);
});

Deno.test("LiveSource plays audio alone, from the live end", () => {
  const stage = new Stage();
  const session = stage.publisher(metadata(1), audioHeader(3), audio(4, 0));
  const player = new TestPlayer(stage.source);
  send(session, audio(5, 20), audio(6, 40));
  stage.flush();
  assertEquals(player.take(), ["meta1", "AH3", "A5", "A6"]);
});

Deno.test("LiveSource keeps players while the publisher is away; time goes on, equal headers are not repeated", () => {
  const stage = new Stage();
  const player = new TestPlayer(stage.source);
  stage.publisher(...start, key(4, 7000), inter(5, 7040))[Symbol.dispose]();
  assertEquals(player.wire.takeAt(), ["meta1@0", "VH2@0", "AH3@0", "K4@0", "I5@40"], "the end flushes");
  const between = new TestPlayer(stage.source);
  assertEquals(between.take(), [], "nothing to see without a publisher");
  stage.publisher(metadata(6), videoHeader(2), audioHeader(30), key(7, 500), inter(8, 540));
  const late = new TestPlayer(stage.source);
  stage.flush();
  assertEquals(player.wire.takeAt(), ["meta6@0", "AH30@40", "K7@50", "I8@90"]);
  assertEquals(between.wire.takeAt(), ["VH2@40", "meta6@0", "AH30@40", "K7@50", "I8@90"]);
  assertEquals(late.wire.takeAt(), ["meta6@0", "AH30@50", "VH2@50", "K7@50", "I8@90"]);
  assertEquals(player.publishChanges, [true, false, true]);
});

Deno.test("LiveSource forgets headers that the next publisher does not send: it may have audio only", () => {
  const stage = new Stage();
  stage.publisher(...start, key(4, 0))[Symbol.dispose]();
  const between = new TestPlayer(stage.source);
  const session = stage.publisher(audioHeader(3), audio(5, 0));
  const late = new TestPlayer(stage.source);
  send(session, audio(6, 20));
  stage.flush();
  assertEquals(between.take(), ["AH3", "A5", "A6"]);
  assertEquals(late.take(), ["AH3", "A6"]);
});

Deno.test("LiveSource takes off @setDataFrame, adds the server, and keeps metadata at time 0", () => {
  const stage = new Stage();
  const player = new TestPlayer(stage.source);
  const session = stage.publisher(key(1, 0), inter(2, 40), metadata(3), script("onTextData", { text: "x" }));
  stage.flush();
  assertEquals(player.wire.takeAt(), ["K1@0", "I2@40", "meta3@0", "onTextData@40"]);
  send(session, script("@clearDataFrame", "onMetaData"), script("|RtmpSampleAccess", true));
  stage.flush();
  assertEquals(player.take(), []);
  assertEquals(stage.source.meta.metadata?.timestampMs, 0);
});

Deno.test("LiveSource drops repeated headers with reduce_sequence_header, and only those", () => {
  for (const reduceSequenceHeader of [false, true]) {
    const stage = new Stage({ reduceSequenceHeader });
    const player = new TestPlayer(stage.source);
    stage.publisher(
      videoHeader(1),
      videoHeader(1),
      key(2, 0),
      metadata(3),
      metadata(3),
      videoHeader(1),
      videoHeader(4),
    );
    stage.flush();
    const repeat = reduceSequenceHeader ? [] : ["VH1"];
    assertEquals(player.take(), ["VH1", ...repeat, "K2", "meta3", "meta3", ...repeat, "VH4"]);
  }
});

Deno.test("LiveSource sends the first GOP at once, then what came once every mw_latency", () => {
  const stage = new Stage();
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
  const stage = new Stage();
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
  const { source, timers } = new Stage({ mwMsgs: 8 });
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
  const stage = new Stage();
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
  const stage = new Stage({ mwLatencyMs: 0, mwMsgs: 0 });
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
    const stage = new Stage({ mwLatencyMs, mwMsgs });
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
  const stage = new Stage({ mwLatencyMs: 350, mwMsgs: 8 });
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
  const stage = new Stage({ mwLatencyMs: 0, mwMsgs: 8 });
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
  const stage = new Stage();
  const players = Array.from({ length: 600 }, () => new TestPlayer(stage.source));
  stage.publisher(key(1, 0))[Symbol.dispose]();
  assertEquals(players.filter(({ wakes }) => wakes > 0).length, 256);
  stage.timers.advance(0);
  assertEquals(players.filter(({ wakes }) => wakes === 1).length, 600);
  assertEquals(players.filter((player) => player.take().join() !== "K1"), []);
});

Deno.test("LiveSource reaches the last of many players even if flushes come faster than slices", () => {
  const stage = new Stage({ mwLatencyMs: 0 });
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
    const stage = new Stage();
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

Deno.test("LiveSource tells when it is of no use: neither publisher nor players", () => {
  const stage = new Stage();
  const session = stage.publisher();
  const player = new TestPlayer(stage.source);
  player.leave();
  player.leave();
  assertEquals([stage.source.isIdle, stage.idleCalls], [false, 0]);
  session[Symbol.dispose]();
  assertEquals([stage.source.isIdle, stage.idleCalls], [true, 1]);
  new TestPlayer(stage.source).leave();
  assertEquals(stage.idleCalls, 2);
});

Deno.test("LiveSource counts frames, bytes and the length of the GOP", () => {
  const stage = new Stage();
  const packets = [...start, key(4, 0), audio(5, 20), inter(6, 40), key(7, 2000), audio(8, 2010)];
  stage.publisher(...packets);
  const { bytesIn, videoFrames, audioFrames, gopMs } = stage.source.stats;
  assertEquals({ videoFrames, audioFrames, gopMs }, { videoFrames: 3, audioFrames: 2, gopMs: 2000 });
  assertEquals(bytesIn, packets.reduce((sum, { payload }) => sum + payload.length, 0));
});

for (
  const { name, first } of [{ name: "GOP", first: key(1, 0, 100_000) }, {
    name: "flush, without keyframes",
    first: null,
  }]
) {
  Deno.test(`LiveSource holds no more than the newest ${name}, when nobody watches`, () => {
    const session = new Stage().publisher();
    const frame = first === null ? audio(1, 0, 100_000) : inter(1, 0, 100_000);
    // 500 MB; blocks that nobody holds are collected on the way, when the collector finds time.
    for (let i = 0; i < 5000; i++) {
      session.publish({ ...(i % 50 === 0 ? first ?? frame : frame), timestampMs: i * 40 });
    }
    assertLess(Deno.memoryUsage().external, 350_000_000);
  });
}
