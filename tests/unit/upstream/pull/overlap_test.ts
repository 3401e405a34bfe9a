import { LiveSource } from "../../../../src/stream/live_source.ts";
import type { MediaPacket } from "../../../../src/stream/packet.ts";
import { Overlap, type OverlapReason } from "../../../../src/upstream/pull/overlap.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { audio, inter, key, sourceOptions, videoHeader } from "../../../kit/media/packets.ts";

/** What players have: the GOP that begins with frame 10, to frame 13. */
const known = [videoHeader(9), key(10, 1000), inter(11, 1040), audio(12, 1060), inter(13, 1080)];
const after = [audio(14, 1100), inter(15, 1120)];
const silence = [inter(15, 1120), { ...audio(12, 1060), timestampMs: 1130 }];
const otherGop = [key(20, 2000), inter(21, 2040)];

function overlapOver(reason: OverlapReason): { overlap: Overlap; source: LiveSource; end: () => void } {
  const source = new LiveSource("/live/s", sourceOptions, new ManualTimers(), () => {});
  const session = source.startPublish("upstream");
  for (const packet of [key(1, 0), inter(2, 40), ...known]) session.publish(packet);
  return { overlap: new Overlap(source, reason), source, end: () => session[Symbol.dispose]() };
}

/** Times that the packets of one stream begin at, as the server before and this one send them. */
const cases: [
  reason: OverlapReason,
  what: string,
  packets: MediaPacket[],
  atOnce: number | null,
  late: number | null,
][] = [
  ["moving", "nothing", [], null, null],
  ["moving", "some frames of the GOP, not the last", known.slice(0, 3), null, 3],
  ["moving", "the GOP as far as players have it", known, 5, 5],
  ["moving", "the GOP and more", [...known, ...after], 7, 7],
  ["moving", "an earlier frame, then the GOP", [key(1, 0), ...known, ...after], 7, 7],
  ["moving", "an earlier frame, then some frames of the GOP", [key(1, 0), ...known.slice(0, 3)], null, 3],
  ["moving", "another GOP", otherGop, null, 2],
  ["silent", "the GOP as far as players have it", known, null, null],
  ["silent", "the GOP and more", [...known, ...after], 7, 7],
  ["silent", "the GOP and more, of a silence that sounds as before", [...known, ...silence], 7, 7],
  ["silent", "another GOP", otherGop, 2, 2],
  ["silentHere", "the GOP as far as players have it", known, null, null],
  ["silentHere", "the GOP and more", [...known, ...after], 7, 7],
  ["silentHere", "another GOP", otherGop, null, 2],
];

for (const [reason, what, packets, atOnce, late] of cases) {
  Deno.test(`Overlap, ${reason}, of a server that sends ${what}`, () => {
    const { overlap } = overlapOver(reason);
    for (const packet of packets) overlap.add(packet, 5000);
    assertEquals(overlap.take(5000)?.length ?? null, atOnce, "at once");
    assertEquals(overlap.take(6999)?.length ?? null, atOnce, "within 2 s");
    assertEquals(overlap.take(7000)?.length ?? null, late, "after 2 s");
  });
}

for (const reason of ["moving", "silent", "silentHere"] as const) {
  Deno.test(`Overlap, ${reason}, gives all that it has once the server before is gone`, () => {
    const { overlap, end } = overlapOver(reason);
    for (const packet of known.slice(0, 3)) overlap.add(packet, 5000);
    end();
    assertEquals(overlap.take(5000)?.length, 3);
  });
}

Deno.test("Overlap leaves out what precedes the newest GOP, once the server before is gone", () => {
  const { overlap, end } = overlapOver("moving");
  for (const packet of [key(1, 0), inter(2, 40), ...known.slice(0, 3)]) overlap.add(packet, 5000);
  end();
  assertEquals(overlap.take(5000), known.slice(0, 3));
});
