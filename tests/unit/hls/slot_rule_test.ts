import { SlotRule, type SlotVerdict } from "../../../src/hls/slot_rule.ts";
import { assert, assertEquals, assertGreater } from "../../kit/assert.ts";
import { Prng } from "../../kit/media/mutate.ts";

const SLOT_MS = 2000;

interface Frame {
  readonly timeMs: number;
  readonly kind: "key" | "inter" | "audio";
}

function verdicts(frames: readonly Frame[], hasVideo: boolean, rule = new SlotRule(SLOT_MS)): SlotVerdict[] {
  return frames.map(({ timeMs, kind }) =>
    kind === "audio" ? rule.onAudio(timeMs, hasVideo) : rule.onVideo(timeMs, kind === "key")
  );
}

/** Number and time of each segment that begins. */
function cuts(frames: readonly Frame[]): [number: number, timeMs: number, kind: string][] {
  return verdicts(frames, frames.some(({ kind }) => kind !== "audio")).flatMap((verdict, i) => {
    const { timeMs, kind } = frames[i]!;
    return typeof verdict === "string" ? [] : [[verdict.number, timeMs, kind]];
  });
}

/** Video of a constant rate. */
function video(gopMs: number, frameMs: number, untilMs: number, phaseMs = 0): Frame[] {
  const count = Math.floor((untilMs - phaseMs) / frameMs);
  let keyMs = -Infinity;
  return Array.from({ length: count }, (_, i) => {
    const timeMs = Math.round(phaseMs + i * frameMs);
    const isKey = timeMs - keyMs >= gopMs - 1;
    if (isKey) keyMs = timeMs;
    return { timeMs, kind: isKey ? "key" : "inter" };
  });
}

function randomFrames(prng: Prng): Frame[] {
  const frames: Frame[] = [];
  const stepMs = prng.pick([40, 200, 700, 1500]);
  const keyEvery = prng.pick([2, 5, 20, 60]);
  let audioOnly = 0;
  for (let timeMs = prng.below(5000); frames.length < 60; timeMs += prng.below(2 * stepMs)) {
    if (prng.below(40) === 0) timeMs += prng.below(9000);
    if (prng.below(15) === 0) audioOnly = prng.below(20);
    const isVideo = audioOnly-- <= 0 && prng.below(3) > 0;
    frames.push({ timeMs, kind: !isVideo ? "audio" : prng.below(keyEvery) === 0 ? "key" : "inter" });
  }
  return frames;
}

Deno.test("who joins anywhere knows of no segment what others do not, and after a keyframe all that they know", () => {
  let compared = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const frames = randomFrames(new Prng(seed));
    const all = verdicts(frames, true);
    for (let from = 1; from < frames.length; from++) {
      const late = verdicts(frames.slice(from), true);
      const keyAt = frames.findIndex(({ kind }, i) => i >= from && kind === "key");
      for (let i = from; i < frames.length; i++) {
        const theirs = all[i]!;
        const mine = late[i - from]!;
        const isKnown = typeof mine !== "string" && !mine.isFirst;
        if (isKnown) assertEquals(theirs, mine, `seed ${seed}, from ${from}, at ${i}`);
        if (keyAt >= 0 && i > keyAt) {
          assertEquals(
            mine,
            typeof theirs === "string" ? theirs : { ...theirs, isFirst: false },
            `seed ${seed}, ${from}, ${i}`,
          );
          compared++;
        }
      }
    }
  }
  assertGreater(compared, 100_000);
});

Deno.test("a segment is known from its beginning only if nothing that came before could have begun it", () => {
  // The keyframe of slot 1 was before the join: whoever saw it has cut slot 2 at its end, before the keyframe there.
  const quiet: Frame[] = Array.from({ length: 12 }, (_, i) => ({ timeMs: 2100 + i * 200, kind: "audio" }));
  const frames: Frame[] = [...quiet, { timeMs: 4600, kind: "inter" }, { timeMs: 6100, kind: "key" }];
  assertEquals(verdicts(frames, true).at(-1), { number: 3, isFirst: true });
});

Deno.test("keyframes at least as often as slots begin each slot, wherever in it they come", () => {
  for (const phaseMs of [0, 300, 1000, 1500, 1999]) {
    for (const gopMs of [200, 500, 1000, 2000]) {
      const found = cuts(video(gopMs, 40, 60_000, phaseMs));
      assertEquals(found.map(([number]) => number), found.map((_, i) => i), `GOP ${gopMs}, phase ${phaseMs}`);
      assertEquals(found.filter(([, , kind]) => kind !== "key"), []);
    }
  }
});

Deno.test("long GOPs are cut in every slot, and each keyframe begins its own", () => {
  for (const gopMs of [2500, 3000, 5000, 10_000, 40_000]) {
    for (const frameMs of [20, 40, 200, 500, 1000]) {
      const frames = video(gopMs, frameMs, 120_000);
      const found = cuts(frames);
      assertEquals(found.map(([number]) => number), found.map((_, i) => i), `GOP ${gopMs}, frames of ${frameMs}`);
      const lengths = found.slice(1).map(([, timeMs], i) => timeMs - found[i]![1]);
      assert(Math.max(...lengths) <= 2 * SLOT_MS, `${gopMs} ${frameMs}: ${lengths}`);
    }
  }
});

Deno.test("with keyframes every 2.5 s, three of four segments begin with one", () => {
  const found = cuts(video(2500, 40, 100_000));
  assertEquals(found.slice(0, 6).map(([number, timeMs, kind]) => `${number} ${timeMs} ${kind}`), [
    "0 0 key",
    "1 2520 key",
    "2 5040 key",
    "3 7560 key",
    "4 9760 inter",
    "5 10080 key",
  ]);
  assertGreater(found.filter(([, , kind]) => kind === "key").length / found.length, 0.7);
});

Deno.test("keyframes a little further apart than slots skip a number now and then", () => {
  const found = cuts(video(2002, 1001 / 30, 4_200_000, 1));
  const skips = found.filter(([number], i) => i > 0 && number !== found[i - 1]![0] + 1);
  assert(skips.length <= 3, `${skips.length} numbers are skipped in 70 minutes`);
  assertEquals(found.filter(([, , kind]) => kind !== "key"), []);
});

Deno.test("the frames behind an outage in a GOP begin a segment at once", () => {
  const before = video(100_000, 50, 2100);
  const behind = (fromMs: number): Frame[] =>
    video(100_000, 50, 10_000, fromMs).map((each) => ({ ...each, kind: "inter" }));
  assertEquals(cuts([...before, ...behind(9000)]), [[0, 0, "key"], [4, 9000, "inter"]]);
  // Only then may a keyframe of the next slot still come.
  assertEquals(cuts([...before, ...behind(4010)]).slice(0, 3), [[0, 0, "key"], [1, 4010, "inter"], [2, 5760, "inter"]]);
});

Deno.test("audio begins slots where there is no video, and where none has come for a slot", () => {
  const audio = (fromMs: number, toMs: number): Frame[] =>
    Array.from({ length: (toMs - fromMs) / 20 }, (_, i) => ({ timeMs: fromMs + i * 20, kind: "audio" }));
  assertEquals(cuts(audio(500, 7000)).map(([number, timeMs]) => [number, timeMs]), [[0, 500], [1, 2000], [2, 4000], [
    3,
    6000,
  ]]);
  const stops = [...video(1000, 40, 4000), ...audio(4000, 12_000), ...video(1000, 40, 14_000, 12_200)];
  assertEquals(cuts(stops).map(([number, timeMs, kind]) => `${number} ${timeMs} ${kind}`), [
    "0 0 key",
    "1 2000 key",
    "2 5980 audio",
    "3 6000 audio",
    "4 8000 audio",
    "5 10000 audio",
    "6 12200 key",
  ]);
});
