import { entryBytes, type WindowEntry } from "../../../src/hls/segment.ts";
import { Packager, type PackagerOptions } from "../../../src/hls/packager.ts";
import type { DiscontinuityMark } from "../../../src/stream/publish_facts.ts";
import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import {
  firstPublish,
  hlsOptions,
  joinedAt,
  packaged,
  randomHlsStream,
  type TimedPacket,
} from "../../kit/hls/hls_media.ts";
import { Prng } from "../../kit/media/mutate.ts";

const SEEDS = 20;
const DURATION_MS = 40_000;
const joined = { ...firstPublish, isFromStart: false };

/** All that a client can tell of a segment, but for the count of discontinuities, which the owner has to tell. */
function facts({ number, startMs, durationMs, isIndependent, init, parts }: WindowEntry): unknown {
  return {
    number,
    startMs,
    durationMs,
    isIndependent,
    init: init?.id,
    parts: parts.map(({ index, durationMs, isIndependent }) => ({ index, durationMs, isIndependent })),
  };
}

/** Segments by number, gaps left out. */
function segmentsOf(packager: Packager): Map<number, WindowEntry> {
  return new Map(
    packager.window.entries.filter(({ kind }) => kind === "segment").map((entry) => [entry.number, entry]),
  );
}

function assertSame(mine: WindowEntry | undefined, theirs: WindowEntry, name: string): void {
  assert(mine !== undefined, `${name}: only the one that joined has it`);
  assertEquals(facts(mine), facts(theirs), name);
  assertEquals(entryBytes(mine), entryBytes(theirs), name);
}

/** Whoever joined knows all segments that begin behind this: the first keyframe, or the first slot of audio alone. */
function firstCutKnown(packets: readonly TimedPacket[], index: number, slotMs: number): number {
  const isPicture = ({ packet: { kind, payload } }: TimedPacket) => kind === "video" && payload[1] === 1;
  const rest = packets.slice(index);
  const first = packets.some(isPicture)
    ? rest.find((each) => isPicture(each) && each.packet.payload[0] === 0x17)
    : rest.find(({ packet }) => packet.payload[1] === 1);
  if (first === undefined) return Infinity;
  return packets.some(isPicture) ? first.wallMs : (Math.floor(first.wallMs / slotMs) + 1) * slotMs - 1;
}

const cases: [name: string, options: PackagerOptions][] = [
  ["CMAF", hlsOptions],
  ["CMAF with parts", { ...hlsOptions, partMs: 200 }],
  ["MPEG-TS", { ...hlsOptions, container: "ts" }],
  ["MPEG-TS with parts, slots of 1 s", { ...hlsOptions, container: "ts", partMs: 330, fragmentMs: 1000 }],
];

for (const [name, options] of cases) {
  Deno.test(`${name}: whoever joins at whatever packet makes the same segments, from the next cut on`, () => {
    let compared = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const prng = new Prng(seed);
      const packets = randomHlsStream(prng, DURATION_MS);
      const all = segmentsOf(packaged(packets, { ...options, targetRatio: 1 }));
      for (let round = 0; round < 6; round++) {
        const index = prng.below(packets.length);
        const late = packaged(joinedAt(packets, index), { ...options, targetRatio: 1 }, joined);
        const segments = segmentsOf(late);
        for (const [number, entry] of segments) {
          assertSame(all.get(number), entry, `seed ${seed}, from ${index}, ${number}`);
        }
        const from = firstCutKnown(packets, index, options.fragmentMs);
        const missed = [...all.values()].filter(({ startMs, number }) => startMs > from && !segments.has(number));
        assertEquals(missed.map(({ number }) => number), [], `seed ${seed}, from ${index}`);
        compared += segments.size;
      }
    }
    assertGreater(compared, 300);
  });

  Deno.test(`${name}: whoever joins, and is told what the owner counts, counts the same discontinuities`, () => {
    let changed = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const prng = new Prng(seed);
      const packets = randomHlsStream(prng, DURATION_MS);
      for (let round = 0; round < 3; round++) {
        const index = prng.below(packets.length);
        const owner = new Packager(options);
        const late = new Packager(options);
        let told: DiscontinuityMark | null = null;
        owner.countedBy = (fromMs) => told ??= { count: 5, fromMs };
        owner.onDiscontinuity = (mark) => told = mark;
        late.countedBy = () => {
          assert(told !== null);
          return told;
        };
        owner.startPublish(firstPublish);
        late.startPublish(joined);
        const joins = joinedAt(packets, index).slice(0, -(packets.length - index));
        packets.forEach(({ packet, wallMs }, i) => {
          owner.onPacket(packet, wallMs);
          if (i === index) { for (const each of joins) late.onPacket(each.packet, wallMs); }
          if (i >= index) late.onPacket(packet, wallMs);
        });
        const all = segmentsOf(owner);
        for (const [number, { discontinuity }] of segmentsOf(late)) {
          assertEquals(discontinuity, all.get(number)?.discontinuity, `seed ${seed}, from ${index}, ${number}`);
        }
        const counts = Array.from(all.values(), ({ discontinuity }) => discontinuity);
        counts.forEach((count, i) => assert(count - (counts[i - 1] ?? 5) <= 1, `seed ${seed}: ${counts}`));
        changed += (counts.at(-1) ?? 5) - 5;
      }
    }
    assertGreater(changed, 20);
  });

  Deno.test(`${name}: numbers follow each other, times do, and each number is the slot of its time or the one before`, () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { window } = packaged(randomHlsStream(new Prng(seed), DURATION_MS), { ...options, targetRatio: 1 });
      window.entries.forEach((entry, i) => {
        const slot = Math.floor(entry.startMs / options.fragmentMs);
        if (entry.kind === "segment") assert(entry.number === slot || entry.number === slot - 1, `seed ${seed}`);
        const before = window.entries[i - 1];
        if (before === undefined) return;
        assertEquals(entry.number, before.number + 1, `seed ${seed}`);
        const isHole = entry.startMs - before.startMs - before.durationMs;
        assert(isHole >= 0, `seed ${seed}: ${entry.number} begins ${-isHole} ms before the end of what is before it`);
      });
    }
  });
}
