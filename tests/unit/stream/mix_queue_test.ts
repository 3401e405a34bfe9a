import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { LiveSource } from "../../../src/stream/live_source.ts";
import { MixQueue } from "../../../src/stream/mix_queue.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { Prng } from "../../kit/media/mutate.ts";
import { assert, assertEquals, assertLess } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { audio, audioHeader, inter, key, metadata, sourceOptions, videoHeader } from "../../kit/media/packets.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";

/** Times in the order in which they come out, with what is left at the end. */
function mixed(packets: MediaPacket[]): string {
  const queue = new MixQueue();
  const out: string[] = [];
  const take = (packet: MediaPacket | null) => packet !== null && out.push(`${packet.kind[0]}${packet.timestampMs}`);
  for (const packet of packets) take(queue.push(packet));
  out.push("|");
  for (let left = queue.shift(); left !== null; left = queue.shift()) take(left);
  return out.join(" ");
}

const v = (ms: number) => inter(1, ms);
const a = (ms: number) => audio(1, ms);

const cases: [name: string, packets: MediaPacket[], expected: string][] = [
  ["holds one of each kind", [v(0), a(5), v(40), a(25)], "v0 a5 a25 | v40"],
  [
    "brings what came early behind what is due before",
    [v(80), v(120), a(60), a(85), v(160)],
    "a60 v80 a85 | v120 v160",
  ],
  ["keeps the order of equal times", [v(0), a(0), v(0), a(0)], "v0 a0 v0 | a0"],
  [
    "waits for ten of one kind alone",
    Array.from({ length: 12 }, (_, i) => v(i)),
    `v0 v1 v2 | ${"v3 v4 v5 v6 v7 v8 v9 v10 v11"}`,
  ],
  ["holds a few for ever where nothing comes", [a(0), a(20)], "| a0 a20"],
  ["goes on where times wrap", [v(0xffff_fff0), a(0xffff_fffa), v(4), a(0)], "v4294967280 a4294967290 a0 | v4"],
];

for (const [name, packets, expected] of cases) {
  Deno.test(`MixQueue ${name}`, () => assertEquals(mixed(packets), expected));
}

Deno.test("MixQueue holds few packets, whatever comes, and loses none", () => {
  const prng = new Prng(5);
  for (let round = 0; round < 200; round++) {
    const queue = new MixQueue();
    let inside = 0;
    for (let i = 0; i < 300; i++) {
      const out = queue.push(prng.below(3 + round % 20) === 0 ? a(prng.next()) : v(prng.next()));
      inside += out === null ? 1 : 0;
      assertLess(inside, 11);
    }
    for (; queue.shift() !== null; inside--);
    assertEquals(inside, 0);
  }
});

Deno.test("LiveSource with mix_correct hands on a publisher's frames in order, all of them, metadata at once", () => {
  const timers = new ManualTimers();
  const source = new LiveSource("/live/a", { ...sourceOptions, mixCorrect: true, mwLatencyMs: 0 }, timers, () => {});
  const player = new TestPlayer(source);
  const session = source.startPublish("client");
  const payload = key(10, 100).payload;
  const reused = { kind: "video" as const, timestampMs: 100, payload };
  for (const packet of [metadata(1), videoHeader(2), audioHeader(3), reused]) session.publish(packet);
  // As a reader that uses its buffer again.
  payload.fill(0);
  for (const packet of [inter(11, 140), audio(12, 90), audio(13, 110), audio(14, 130)]) session.publish(packet);
  session.endBurst();
  session[Symbol.dispose]();
  timers.advance(1000);
  const labels = player.take();
  assertEquals(labels, ["meta1", "VH2", "AH3", "A12", "K10", "A13", "A14", "I11"]);
  assert(!source.isActive);
});

Deno.test("LiveSource with atc_auto keeps the times of a publisher whose metadata asks for it", () => {
  const times = (atcAuto: boolean, mark: string | boolean) => {
    const timers = new ManualTimers();
    const source = new LiveSource("/live/a", { ...sourceOptions, atcAuto }, timers, () => {});
    const session = source.startPublish("client");
    session.publish(metadataWith(mark));
    session.publish(key(10, 5_000_000));
    const cursor = source.attach({ wake() {}, onPublishChange() {} });
    source.showAll();
    return cursor.timestampMs;
  };
  assertEquals([times(true, "true"), times(true, true), times(true, "false"), times(false, "true")], [
    5_000_000,
    5_000_000,
    0,
    0,
  ]);
});

function metadataWith(mark: string | boolean): MediaPacket {
  return { kind: "script", timestampMs: 0, payload: encodeAmf0("@setDataFrame", "onMetaData", { bravo_atc: mark }) };
}
