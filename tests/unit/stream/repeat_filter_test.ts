import { LiveSource } from "../../../src/stream/live_source.ts";
import type { FedBy } from "../../../src/stream/publish_session.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { RepeatFilter } from "../../../src/stream/repeat_filter.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { audio, audioHeader, inter, key, metadata, sourceOptions, videoHeader } from "../../kit/media/packets.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";

const gop = [key(10, 5000), audio(11, 5010), inter(12, 5040), audio(13, 5033)];
const headers = [metadata(1), videoHeader(2), audioHeader(3)];

/** The packets with other times, as another server gives them. */
function moved(packets: readonly MediaPacket[], byMs: number): MediaPacket[] {
  return packets.map((packet) => ({ ...packet, timestampMs: packet.timestampMs + byMs }));
}

Deno.test("RepeatFilter holds what is the same, until it has caught up", () => {
  const filter = new RepeatFilter(gop);
  assertEquals(moved(gop, -5000).map((packet) => filter.judge(packet, 0)), ["held", "held", "held", "caughtUp"]);
  assertEquals(filter.latestTimes, { timestampMs: 40, givenMs: 5040 });
});

Deno.test("RepeatFilter gives back what it held once a frame differs, or is late", () => {
  const other = new RepeatFilter(gop);
  assertEquals([gop[0]!, gop[1]!, inter(99, 5040)].map((packet) => other.judge(packet, 0)), [
    "held",
    "held",
    "noRepeat",
  ]);
  assertEquals(other.takeHeld(), [gop[0]!, gop[1]!, inter(99, 5040)]);
  const late = new RepeatFilter(gop);
  assertEquals([late.judge(gop[0]!, 1000), late.judge(gop[1]!, 1405), late.judge(gop[2]!, 1421)], [
    "held",
    "held",
    "noRepeat",
  ]);
});

function emptyStage() {
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", sourceOptions, timers, () => {});
  return { timers, source, player: new TestPlayer(source) };
}

Deno.test("RepeatFilter waits for what is known behind what is older, for a while", () => {
  const older = [key(5, 4800), audio(6, 4810)];
  const behind = new RepeatFilter(gop, () => true);
  const again = moved([...older, ...gop], -4800);
  assertEquals(again.map((packet) => behind.judge(packet, 100)), ["held", "held", "held", "held", "held", "caughtUp"]);
  assertEquals(behind.latestTimes, { timestampMs: 240, givenMs: 5040 });
  const ahead = new RepeatFilter(gop, () => true);
  assertEquals([ahead.judge(older[0]!, 0), ahead.judge(older[1]!, 400), ahead.judge(gop[0]!, 401)], [
    "held",
    "held",
    "held",
  ]);
  assertEquals([ahead.judge(inter(99, 5040), 401), ahead.takeHeld().length], ["noRepeat", 4]);
  const other = new RepeatFilter(gop, () => true);
  assertEquals([other.judge(older[0]!, 0), other.judge(older[1]!, 401)], ["held", "noRepeat"]);
  assertEquals(new RepeatFilter(gop).judge(older[0]!, 0), "noRepeat");
});

/** A source with a player, whose first publisher has sent a GOP. */
function stage(fedBy: FedBy = "client") {
  const { timers, source, player } = emptyStage();
  const publish = (...packets: MediaPacket[]) => {
    const session = source.startPublish(fedBy);
    for (const packet of packets) session.publish(packet);
    return session;
  };
  publish(...headers, ...gop)[Symbol.dispose]();
  assertEquals(player.wire.takeAt(), ["meta1@0", "VH2@0", "AH3@0", "K10@0", "A11@10", "I12@40", "A13@33"]);
  return { timers, source, player, publish };
}

for (const feed of ["client", "upstream"] as const) {
  Deno.test(`LiveSource does not repeat what the next ${feed} sends again, and time goes on as if it were one`, () => {
    const { timers, player, publish, source } = stage(feed);
    publish(...headers, ...moved(gop, -5000), inter(14, 80), key(15, 120));
    timers.advance(350);
    assertEquals(player.wire.takeAt().filter((label) => !label.startsWith("meta")), ["I14@80", "K15@120"]);
    const late = new TestPlayer(source);
    assertEquals(late.take().at(-1), "K15");
  });
}

Deno.test("LiveSource has the GOP for new players when the next publisher goes on with it", () => {
  const { timers, source, publish } = stage();
  publish(...headers, ...gop, inter(14, 5080));
  timers.advance(350);
  assertEquals(new TestPlayer(source).take(), ["meta1", "AH3", "VH2", "K10", "A11", "I12", "A13", "meta1", "I14"]);
});

for (
  const [where, known, again, next] of [
    ["here", [key(10, 5000), audio(11, 4997)], [key(10, 8000), audio(11, 7997), inter(12, 8040)], "I12@40"],
    ["there", [key(9, 0), key(10, 1000), audio(11, 997)], [key(10, 0), audio(11, 0), inter(12, 40)], "I12@1040"],
  ] as const
) {
  Deno.test(`LiveSource goes on in step, though the sound was given the time of the picture before it ${where}`, () => {
    const { timers, source, player } = emptyStage();
    for (const frames of [known, again]) {
      using session = source.startPublish("upstream");
      for (const packet of [...headers, ...frames]) session.publish(packet);
      timers.advance(350);
    }
    assertEquals(player.wire.takeAt().at(-1), next);
  });
}

Deno.test("LiveSource repeats nothing when another server has the same publish, and has not come that far", () => {
  for (const [epoch, expected] of [[7, ["I14@80"]], [8, ["K8@50", "I9@90", "K10@130", "A11@140"]]] as const) {
    const { timers, source, player } = emptyStage();
    for (
      const [of, frames] of [[7, gop], [epoch, [
        key(8, 0),
        inter(9, 40),
        ...moved(gop, -4920),
        inter(14, 160),
      ]]] as const
    ) {
      using session = source.startPublish("upstream", () => {}, of);
      for (const packet of [...headers, ...frames]) session.publish(packet);
      timers.advance(350);
      if (of === 7 && frames === gop) player.wire.takeAt();
    }
    assertEquals(player.wire.takeAt().filter((label) => !label.startsWith("meta")).slice(0, 4), [...expected]);
  }
});

Deno.test("LiveSource waits for no repetition where the same publish has gone on meanwhile, by the owner's clock", () => {
  const [startMs, wrapMs] = [1_800_000_000_000, 2 ** 32];
  for (const [zeroMs, fromMs] of [[startMs + 4000, 1100], [startMs + 5000 - wrapMs, wrapMs + 100]] as const) {
    const { timers, source, player } = emptyStage();
    timers.advance(startMs);
    {
      using session = source.startPublish("upstream", () => {}, 7, startMs);
      for (const packet of [...headers, ...gop]) session.publish(packet);
    }
    player.wire.takeAt();
    // From another server, whose timestamps begin elsewhere.
    const session = source.startPublish("upstream", () => {}, 7, zeroMs);
    for (const packet of [...headers, key(20, fromMs % wrapMs), inter(21, (fromMs + 40) % wrapMs)]) {
      session.publish(packet);
    }
    session.endBurst();
    assertEquals(player.wire.takeAt().map((label) => label.slice(0, 3)).slice(-2), ["K20", "I21"]);
  }
});

Deno.test("LiveSource keeps headers in their place among frames that may be older than what players have", () => {
  const { timers, source, player } = emptyStage();
  const older = [key(8, 0), videoHeader(4)];
  for (
    const frames of [gop, [...older, key(20, 40), inter(21, 80)], [
      ...older,
      key(20, 40),
      inter(21, 80),
      inter(22, 120),
    ]]
  ) {
    using session = source.startPublish("upstream", () => {}, 7);
    for (const packet of [...headers, ...frames]) {
      session.publish(packet);
      if (packet === frames[2]) timers.advance(401);
    }
    timers.advance(350);
  }
  const labels = player.wire.take().filter((label) => !label.startsWith("meta"));
  assertEquals(labels, ["VH2", "AH3", "K10", "A11", "I12", "A13", "K8", "VH4", "K20", "I21", "VH2", "VH4", "I22"]);
});

Deno.test("LiveSource gives everything when the next publisher sends another GOP, or the same one slowly", () => {
  const other = stage();
  other.publish(...headers, gop[0]!, gop[1]!, inter(20, 5040));
  other.timers.advance(350);
  assertEquals(other.player.take(), ["meta1", "K10", "A11", "I20"]);
  const slow = stage();
  const session = slow.publish(...headers, gop[0]!, gop[1]!);
  slow.timers.advance(500);
  assertEquals(slow.player.take(), ["meta1"]);
  session.publish(gop[2]!);
  session.publish(gop[3]!);
  slow.timers.advance(400);
  assertEquals(slow.player.take(), ["K10", "A11", "I12", "A13"]);
});

Deno.test("LiveSource starts whoever came meanwhile with the GOP that goes on, and repeats nothing for the others", () => {
  const { timers, source, player, publish } = stage();
  const newcomer = new TestPlayer(source);
  publish(...headers, ...gop, inter(14, 5080));
  timers.advance(350);
  assertEquals(newcomer.take(), ["meta1", "AH3", "VH2", "K10", "A11", "I12", "A13", "meta1", "I14"]);
  assertEquals(player.take(), ["meta1", "I14"]);
});

Deno.test("LiveSource starts whoever came meanwhile with the next GOP, where the one that goes on has ended before a flush", () => {
  const { timers, source, publish } = stage();
  const newcomer = new TestPlayer(source);
  publish(...headers, ...gop, inter(14, 5080), key(15, 5120), inter(16, 5160));
  timers.advance(350);
  assertEquals(newcomer.take(), ["meta1", "AH3", "VH2", "K15", "I16"]);
  assertEquals(newcomer.cursor.droppedPackets, 0);
});

Deno.test("LiveSource drops a publisher's repetition that does not come to its end", () => {
  const { timers, player, publish } = stage();
  publish(...headers, gop[0]!, gop[1]!)[Symbol.dispose]();
  publish(...headers, ...moved(gop, 700), inter(14, 5780));
  timers.advance(350);
  assertEquals(player.wire.takeAt().filter((label) => !label.startsWith("meta")), ["I14@80"]);
});

Deno.test("LiveSource repeats nothing of a backup encoder's publish, whose server is a GOP or two behind", () => {
  const older = [[key(8, 0), inter(9, 40)], [key(18, 80), inter(19, 120)]];
  for (const behind of [older.flat(), older[1]!]) {
    const { timers, source, player } = emptyStage();
    const first = source.startPublish("upstream", () => {}, 7);
    for (const packet of [...headers, ...older.flat(), ...moved(gop, -4840)]) first.publish(packet);
    timers.advance(350);
    player.wire.takeAt();
    first[Symbol.dispose]();
    const second = source.startPublish("upstream", () => {}, 8);
    for (const packet of [...headers, ...behind]) second.publish(packet);
    // Its server gathers, too.
    timers.advance(350);
    for (const packet of [...moved(gop, -4840), inter(14, 240)]) second.publish(packet);
    timers.advance(350);
    assertEquals(player.wire.takeAt().filter((label) => !label.startsWith("meta")), ["I14@240"]);
  }
});

Deno.test("LiveSource does not wait for a publisher that begins with what players had long ago", () => {
  const { timers, source, player } = emptyStage();
  const first = source.startPublish("client");
  const send = (...packets: MediaPacket[]) => {
    for (const packet of packets) first.publish(packet);
    timers.advance(350);
  };
  send(...headers, key(8, 0));
  send(...gop);
  timers.advance(5000);
  first[Symbol.dispose]();
  player.wire.takeAt();
  const again = source.startPublish("client");
  for (const packet of [...headers, key(8, 0), inter(9, 40)]) again.publish(packet);
  again.endBurst();
  assertEquals(player.wire.takeAt().at(-1)?.slice(0, 2), "I9");
});
