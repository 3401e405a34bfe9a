import { concatBytes } from "../../../src/base/bytes.ts";
import { Packager } from "../../../src/hls/packager.ts";
import { entryBytes } from "../../../src/hls/segment.ts";
import { readSegmentListing, writeSegmentListing } from "../../../src/hls/segment_listing.ts";
import { assert, assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { hlsStream, type TimedPacket } from "../../kit/hls/hls_media.ts";
import { Prng } from "../../kit/media/mutate.ts";

const options = {
  container: "cmaf",
  fragmentMs: 2000,
  partMs: 500,
  windowMs: 20_000,
  maxBytes: 50_000_000,
  targetRatio: 1,
} as const;
const packets = hlsStream({ durationMs: 60_000, fps: 25, gopMs: 1000, hasAudio: true });

function packager(
  fed: readonly TimedPacket[],
  given: typeof options | Parameters<typeof readSegmentListing>[1] = options,
) {
  const made = new Packager({ ...options, ...given });
  made.startPublish({ epoch: 1000, discontinuities: 1, isFromStart: true, firstNumber: 0 });
  for (const { packet, wallMs } of fed) made.onPacket(packet, wallMs);
  return made;
}

/** One that joins with a keyframe, and lists nothing itself yet. */
function joined(atMs: number) {
  const made = new Packager(options);
  made.startPublish({ epoch: 1000, discontinuities: 1 });
  const from = packets.findIndex(({ packet }) => packet.timestampMs >= atMs && packet.kind === "video");
  for (const { packet, wallMs } of [...packets.slice(0, 2), ...packets.slice(from, from + 20)]) {
    made.onPacket(packet, wallMs);
  }
  return made;
}

Deno.test("what one server lists another one lists from then on, and its bytes find their places", () => {
  const { window } = packager(packets);
  const listing = readSegmentListing(writeSegmentListing(window, options), options)!;
  const other = joined(58_000);
  assertEquals(other.window.entries.length, 0);
  other.adopt(listing.segments, listing.longestMs);
  const facts = ({ entries }: typeof window) =>
    entries.map(({ number, startMs, durationMs, discontinuity, isIndependent, byteLength, init, parts }) => [
      ...[number, startMs, durationMs, discontinuity, isIndependent, byteLength, init?.id],
      ...parts.map((
        { bytes: _, byteLength: __, ...part }: typeof parts[number] & { bytes?: unknown; byteLength?: unknown },
      ) => part),
    ]);
  assertEquals(facts(other.window), facts(window));
  assertEquals([other.window.byteLength, other.window.longestMs], [0, window.longestMs]);
  for (const entry of window.entries) {
    const bytes = concatBytes(...entryBytes(entry));
    assert(!other.fill(entry.number, bytes.subarray(1)));
    assert(other.fill(entry.number, bytes));
    assert(!other.fill(entry.number, bytes));
    assertEquals(other.window.find(entry.number), entry);
  }
  assertEquals(other.window.byteLength, window.entries.reduce((sum, { byteLength }) => sum + byteLength, 0));
});

Deno.test("what is listed already stays as it is: only gaps are filled, and the first number never falls", () => {
  const { window } = packager(packets);
  const listing = readSegmentListing(writeSegmentListing(window, options), options)!;
  const missing = packets.filter(({ packet: { timestampMs } }) => timestampMs < 50_000 || timestampMs > 53_500);
  const joiner = new Packager(options);
  joiner.startPublish({ epoch: 1000, discontinuities: 1 });
  for (const { packet, wallMs } of packets.slice(0, 2)) joiner.onPacket(packet, wallMs);
  let restarted = false;
  for (const { packet, wallMs } of missing.filter(({ packet }) => packet.timestampMs > 44_000)) {
    if (packet.timestampMs > 53_500 && !restarted) {
      joiner.startPublish({ epoch: 1000, discontinuities: 1 });
      for (const { packet, wallMs } of packets.slice(0, 2)) joiner.onPacket(packet, wallMs);
      restarted = true;
    }
    joiner.onPacket(packet, wallMs);
  }
  const before = joiner.window.entries.map(({ number, kind }) => ({ number, kind }));
  assertGreater(before.filter(({ kind }) => kind === "gap").length, 1);
  joiner.adopt(listing.segments, listing.longestMs);
  const after = joiner.window.entries.map(({ number, kind }) => ({ number, kind }));
  assertEquals(after, before.map(({ number, kind }) => ({ number, kind: kind === "gap" ? "absent" : kind })));
  // Older ones can be fetched all the same.
  assertEquals(joiner.window.find(before[0]!.number - 1)?.kind, "absent");
  joiner.lose(before[0]!.number - 1);
  assertEquals(joiner.window.find(before[0]!.number - 1)?.kind, "gap");
  assertEquals(joiner.window.entries[0]!.number, before[0]!.number);
});

Deno.test("gaps wait for the answer of another server, until the segment behind them ends", () => {
  const asked: number[] = [];
  const cut = packets.filter(({ packet: { timestampMs } }) => timestampMs < 30_000 || timestampMs > 33_500);
  const at = (limit: number) => {
    const made = new Packager(options);
    made.onMissing = () => asked.push(1) > 0;
    made.startPublish({ epoch: 1000, discontinuities: 1 });
    let isCut = false;
    for (const { packet, wallMs } of cut.filter(({ packet }) => packet.timestampMs < limit)) {
      if (packet.timestampMs > 33_500 && !isCut) {
        isCut = true;
        made.startPublish({ epoch: 1000, discontinuities: 1 });
        for (const { packet, wallMs } of packets.slice(0, 2)) made.onPacket(packet, wallMs);
      }
      made.onPacket(packet, wallMs);
    }
    return made;
  };
  const gaps = ({ window }: Packager) => window.entries.filter(({ kind }) => kind === "gap").length;
  const early = at(35_500);
  assertEquals([asked.length, gaps(early), early.isMissing], [1, 0, true]);
  early.settleMissing();
  assertGreater(gaps(early), 1);
  const late = at(38_500);
  assertEquals([gaps(late) > 1, late.isMissing], [true, false]);
});

Deno.test("lists of servers that cut in another way, or make no sense, are not taken", () => {
  const { window } = packager(packets);
  const text = writeSegmentListing(window, options);
  assert(readSegmentListing(text, options) !== null);
  for (const other of [{ fragmentMs: 3000 }, { partMs: 0 }, { container: "ts" as const }]) {
    assertEquals(readSegmentListing(text, { ...options, ...other }), null);
  }
  const told = JSON.parse(text);
  const [first, second] = told.segments;
  const bad = [
    { ...told, segments: [second, first] },
    { ...told, segments: [[first[0] + 7, ...first.slice(1)]] },
    { ...told, segments: [[first[0], first[1], -1, first[3], first[4]]] },
    { ...told, segments: [[...first.slice(0, 3), "00", first[4]]] },
    { ...told, segments: [[...first.slice(0, 4), []]] },
    { ...told, segments: [[...first.slice(0, 4), [[1e9, 5, 1]]]] },
    { ...told, segments: [[...first.slice(0, 4), [[500, 1e12, 1]]]] },
    { ...told, segments: [[...first.slice(0, 4), Array(5000).fill([1, 1, 1])]] },
    { ...told, inits: { [first[3]]: btoa("another") } },
    { ...told, segments: {} },
    null,
    [],
  ];
  for (const each of bad) assertEquals(readSegmentListing(JSON.stringify(each), options), null, JSON.stringify(each));
  const prng = new Prng(5);
  for (let i = 0; i < 400; i++) {
    const chars = [...text];
    for (let k = 0; k < 3; k++) chars[prng.below(chars.length)] = '0,"[]{}-e9'[prng.below(10)]!;
    const read = readSegmentListing(chars.join(""), options);
    const other = joined(58_000);
    if (read !== null) other.adopt(read.segments, read.longestMs);
    assertLess(other.window.entries.length, 100);
  }
});
