import { RequestDenied } from "../../../src/base/errors.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../../kit/assert.ts";
import { audio, audioHeader, inter, key, metadata, script, videoHeader } from "../../kit/media/packets.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";
import { send, SourceStage, start } from "../../kit/media/source_stage.ts";

Deno.test("LiveSource has one publisher; the next is refused as StreamBusy while the first is there", () => {
  const { source } = new SourceStage();
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
  const stage = new SourceStage();
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
  const stage = new SourceStage();
  const player = new TestPlayer(stage.source);
  stage.publisher(...start, key(4, 0), audio(5, 20), inter(6, 40));
  assertEquals(player.take(), []);
  stage.flush();
  assertEquals(player.take(), ["meta1", "VH2", "AH3", "K4", "A5", "I6"]);
  assertEquals(player.publishChanges, [true]);
});

Deno.test("LiveSource gives headers once too when the first flush has none of the media", () => {
  const stage = new SourceStage();
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
  const stage = new SourceStage();
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
  const stage = new SourceStage();
  stage.publisher(...start, key(4, 0), inter(5, 40), videoHeader(20), inter(6, 80));
  assertEquals(new TestPlayer(stage.source).take(), ["meta1", "AH3", "VH2", "K4", "I5", "VH20", "I6"]);
});

Deno.test("LiveSource gives headers and live media only, with gop_cache off", () => {
  const stage = new SourceStage({ gopCache: false });
  const session = stage.publisher(...start, key(4, 0), inter(5, 40));
  const player = new TestPlayer(stage.source);
  assertEquals(player.take(), []);
  send(session, inter(6, 80));
  stage.flush();
  assertEquals(player.take(), ["meta1", "AH3", "VH2", "I6"]);
});

Deno.test("LiveSource gives a player that starts without a GOP the headers of its first frame, though others came before the flush", () => {
  const stage = new SourceStage({ gopCache: false });
  const session = stage.publisher(...start, key(4, 0), inter(5, 40));
  const player = new TestPlayer(stage.source);
  send(session, inter(6, 80), videoHeader(20), key(7, 120));
  stage.flush();
  assertEquals(player.take(), ["meta1", "AH3", "VH2", "I6", "VH20", "K7"]);
});

Deno.test("LiveSource gives a player that starts between two publishers the headers of the second", () => {
  const stage = new SourceStage({ gopCache: false });
  stage.publisher(...start, key(4, 0))[Symbol.dispose]();
  const player = new TestPlayer(stage.source);
  stage.publisher(metadata(1), videoHeader(20), audioHeader(3), key(7, 120));
  stage.flush();
  assertEquals(player.take(), ["AH3", "meta1", "VH20", "K7"]);
});

Deno.test("LiveSource gives a player that starts between two publishers the headers of the first frame, though others came before the flush", () => {
  const stage = new SourceStage();
  stage.publisher(...start, key(4, 0))[Symbol.dispose]();
  const player = new TestPlayer(stage.source);
  stage.publisher(videoHeader(2), audioHeader(3), key(5, 40), videoHeader(20), key(7, 120));
  stage.flush();
  assertEquals(player.take(), ["AH3", "VH2", "K5", "VH20", "K7"]);
});

Deno.test("LiveSource repeats nothing for players that stay because others came meanwhile: these start with the GOP that goes on", () => {
  const stage = new SourceStage();
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
  const stage = new SourceStage({ gopCacheMaxFrames: 3 });
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
  const stage = new SourceStage({ gopCacheMaxFrames: 0 });
  const session = stage.publisher(key(0, 0));
  for (let i = 1; i <= 5000; i++) send(session, inter(i, i));
  assertEquals(new TestPlayer(stage.source).take().length, 5001);
});

Deno.test("LiveSource keeps no GOP of more than 128 MiB", () => {
  const stage = new SourceStage();
  const frame = inter(2, 0, 8 * 1024 * 1024);
  const session = stage.publisher(key(1, 0));
  for (let i = 0; i < 15; i++) session.publish(frame);
  assertEquals(new TestPlayer(stage.source).take().length, 16);
  session.publish(frame);
  session.publish(frame);
  assertEquals(new TestPlayer(stage.source).take(), []);
});

Deno.test("LiveSource plays audio alone, from the live end", () => {
  const stage = new SourceStage();
  const session = stage.publisher(metadata(1), audioHeader(3), audio(4, 0));
  const player = new TestPlayer(stage.source);
  send(session, audio(5, 20), audio(6, 40));
  stage.flush();
  assertEquals(player.take(), ["meta1", "AH3", "A5", "A6"]);
});

Deno.test("LiveSource keeps players while the publisher is away; time goes on, equal headers are not repeated", () => {
  const stage = new SourceStage();
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
  const stage = new SourceStage();
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
  const stage = new SourceStage();
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
    const stage = new SourceStage({ reduceSequenceHeader });
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

Deno.test("LiveSource tells when it is of no use: neither publisher nor players", () => {
  const stage = new SourceStage();
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
  const stage = new SourceStage();
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
    const session = new SourceStage().publisher();
    const frame = first === null ? audio(1, 0, 100_000) : inter(1, 0, 100_000);
    // 500 MB; blocks that nobody holds are collected on the way, when the collector finds time.
    for (let i = 0; i < 5000; i++) {
      session.publish({ ...(i % 50 === 0 ? first ?? frame : frame), timestampMs: i * 40 });
    }
    assertLess(Deno.memoryUsage().external, 350_000_000);
  });
}
