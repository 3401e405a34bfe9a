import { crc32 } from "node:zlib";
import { LiveSource, type Player } from "../../../src/stream/live_source.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assertEquals, assertGreater } from "../../kit/assert.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { audio, key, sourceOptions } from "../../kit/media/packets.ts";
import { RandomPublisher } from "../../kit/media/random_stream.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";

const player = (): Player => ({ wake() {}, onPublishChange() {} });
const typeIds = { audio: 8, video: 9, script: 18 };

/** Payloads differ in what they carry at their beginning, their length and what they are filled with. */
const text = (typeId: number, timestampMs: number, payload: Uint8Array) =>
  `${typeId} ${timestampMs} ${payload.length} ${payload.subarray(0, 64).join()} ${crc32(payload)}`;
const asMessage = ({ kind, timestampMs, payload }: MediaPacket) => text(typeIds[kind], timestampMs, payload);

Deno.test("PacketCursor yields the packets that a player beside it gets as bytes, for any schedule and any jumps", () => {
  let packets = 0;
  for (let seed = 1; seed <= 30; seed++) {
    const prng = new Prng(seed);
    const timers = new ManualTimers();
    const source = new LiveSource("/live/a", { ...sourceOptions, mwLatencyMs: 50 + prng.below(400) }, timers, () => {});
    const publisher = new RandomPublisher(prng);
    const session = source.startPublish("client");
    for (let n = prng.below(30); n > 0; n--) session.publish(publisher.next());
    const beside = new TestPlayer(source);
    const cursor = source.attachForPackets(player());
    const taken: string[] = [];
    const take = () => {
      for (let packet = cursor.next(); packet !== null; packet = cursor.next()) taken.push(asMessage(packet));
    };
    take();
    beside.onWake = () => {
      if (!beside.stalled) take();
    };
    for (let step = 0; step < 300; step++) {
      session.publish(publisher.next());
      timers.advance(prng.below(60));
      if (prng.below(15) === 0) beside.stalled = !beside.stalled;
      beside.read();
      if (!beside.stalled) take();
      if (prng.below(25) === 0) assertEquals(cursor.jumpToKeyframe(), beside.cursor.jumpToKeyframe());
      assertEquals(cursor.lagMs(), beside.cursor.lagMs());
    }
    beside.stalled = false;
    beside.read();
    take();
    const expected = beside.wire.messages.map(({ typeId, timestampMs, payload }) => text(typeId, timestampMs, payload));
    assertEquals(taken, expected, `seed ${seed}`);
    packets += taken.length;
  }
  assertGreater(packets, 3000);
});

Deno.test("PacketCursor leaves the views that players share as they are", () => {
  const source = new LiveSource("/live/a", sourceOptions, new ManualTimers(), () => {});
  const session = source.startPublish("client");
  const first = source.attach(player());
  const cursor = source.attachForPackets(player());
  const second = source.attach(player());
  session.publish(key(1, 0));
  session.publish(audio(2, 10));
  source.showAll();
  const view = first.next();
  assertEquals(cursor.next()?.timestampMs, 0);
  assertEquals(second.next() === view, true);
  assertEquals(cursor.next()?.timestampMs, 10);
  assertEquals(cursor.next(), null);
});
