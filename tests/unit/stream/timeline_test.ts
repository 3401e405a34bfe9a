import { type TimedKind, type TimeJitter, Timeline } from "../../../src/stream/timeline.ts";
import { assertEquals } from "../../kit/assert.ts";

/** A frame: time by the publisher, time of arrival (the same as the time by the publisher unless given); video as a rule. */
type Frame = number | readonly [sentMs: number, arrivedMs: number, kind?: TimedKind];

/** A frame of sound. */
const audio = (sentMs: number, arrivedMs = sentMs): Frame => [sentMs, arrivedMs, "audio"];

const RESTART = "restart";

interface TimelineCase {
  name: string;
  mode?: TimeJitter;
  /** Frames, and where a new publisher begins. */
  frames: (Frame | typeof RESTART)[];
  expected: number[];
}

const cases: TimelineCase[] = [
  { name: "starts at 0", frames: [5000, 5040, 5080], expected: [0, 40, 80] },
  { name: "starts at 0 in mode zero", mode: "zero", frames: [5000, 5040], expected: [0, 40] },
  {
    name: "leaves times alone in mode off",
    mode: "off",
    frames: [5000, RESTART, 7, 99_999],
    expected: [5000, 7, 99_999],
  },
  {
    name: "keeps the distance of audio and video, in whatever order they come",
    frames: [1000, 1040, audio(1023), 1080, audio(1046), audio(1069)],
    expected: [0, 40, 23, 80, 46, 69],
  },
  {
    name: "holds what belongs before the first frame at its time",
    frames: [1000, audio(977), audio(999), audio(1023)],
    expected: [0, 0, 0, 23],
  },
  {
    name: "goes on 10 ms behind the publisher before",
    frames: [1000, 1040, RESTART, 90_000, 90_040, RESTART, 0, 40],
    expected: [0, 40, 50, 90, 100, 140],
  },
  {
    name: "goes on behind the highest of audio and video",
    frames: [0, 500, audio(460), RESTART, 0],
    expected: [0, 500, 460, 510],
  },
  {
    name: "never goes below the end of the publisher before",
    frames: [0, 500, RESTART, 1000, audio(950), audio(980), audio(1010)],
    expected: [0, 500, 510, 500, 500, 520],
  },
  {
    name: "keeps the distance of audio that precedes the first frame of a publisher by less than the gap",
    frames: [0, 500, RESTART, 1000, audio(994), audio(1017), 1040],
    expected: [0, 500, 510, 504, 527, 550],
  },
  {
    name: "mends a break backward: the encoder began again",
    frames: [0, 50_000, 50_040, 0, 40].map((ms) => [ms, 0]),
    expected: [0, 10, 50, 60, 100],
  },
  {
    name: "mends a break forward",
    frames: [[0, 0], [40, 40], [3_600_000, 80], [3_600_040, 120]],
    expected: [0, 40, 50, 90],
  },
  {
    name: "lets one kind come seconds behind the other",
    frames: [5000, audio(9000), 6000, audio(9023), 6040],
    expected: [0, 4000, 1000, 4023, 1040],
  },
  {
    name: "holds what goes back a little in its kind: jitter",
    frames: [1000, audio(1005), 1040, 1030, audio(1000), 1080, audio(1028)],
    expected: [0, 5, 40, 40, 5, 80, 28],
  },
  {
    name: "mends a break backward of some seconds, for both kinds: a short file begins again",
    frames: [0, audio(10), 5000, audio(5010), 0, audio(10), 40].map((frame): Frame =>
      typeof frame === "number" ? [frame, 0] : [frame[0], 0, frame[2]!]
    ),
    expected: [0, 10, 5000, 5010, 5020, 5030, 5060],
  },
  {
    name: "lets pauses be what they are: a slide show",
    frames: [0, 15_000, 45_000, 105_000],
    expected: [0, 15_000, 45_000, 105_000],
  },
  {
    name: "tells a pause from a break: time went by for one of both",
    frames: [[0, 0], [60_000, 58_000], [120_000, 58_040]],
    expected: [0, 60_000, 60_010],
  },
  {
    name: "has one offset for both kinds when both break, one after the other",
    frames: [[0, 0], [40, 1], audio(20, 2), [100_000, 3], audio(100_020, 4), [100_040, 5]],
    expected: [0, 40, 20, 50, 70, 90],
  },
  {
    name: "holds the late frames of the other kind at the place of the break",
    frames: [[0, 0], [40, 1], [100_000, 2], audio(99_980, 3), [100_040, 4]],
    expected: [0, 40, 50, 40, 90],
  },
  {
    name: "goes over the 32-bit wrap of the publisher",
    frames: [0xffffffff - 39, 0, 40],
    expected: [0, 40, 80],
  },
];

for (const { name, mode = "full", frames, expected } of cases) {
  Deno.test(`Timeline ${name}`, () => {
    const timeline = new Timeline(mode);
    const mapped: number[] = [];
    for (const frame of frames) {
      if (frame === RESTART) timeline.startSession();
      else {
        const [sentMs, arrivedMs, kind = "video"] = typeof frame === "number" ? [frame, frame] as const : frame;
        mapped.push(timeline.mapFrame(kind, sentMs, arrivedMs));
      }
    }
    assertEquals(mapped, expected);
  });
}

Deno.test("Timeline.nowMs is the highest time given out", () => {
  const timeline = new Timeline("full");
  assertEquals(timeline.nowMs, 0);
  for (const ms of [100, 180]) timeline.mapFrame("video", ms, ms);
  timeline.mapFrame("audio", 160, 160);
  assertEquals(timeline.nowMs, 80);
});

Deno.test("Timeline runs for 100 days: its own times wrap at 2^32, twice, without a break", () => {
  const timeline = new Timeline("full");
  const stepMs = 5000;
  for (let elapsedMs = 0; elapsedMs < 100 * 86_400_000; elapsedMs += stepMs) {
    const sentMs = (elapsedMs + 0xfff00000) % 2 ** 32;
    const mapped = timeline.mapFrame("video", sentMs, elapsedMs);
    if (mapped !== elapsedMs % 2 ** 32) assertEquals(mapped, elapsedMs % 2 ** 32);
    // The other kind, a little behind: around the wrap it must not be held.
    const behindMs = elapsedMs - 30;
    const other = timeline.mapFrame("audio", (sentMs + 2 ** 32 - 30) % 2 ** 32, elapsedMs);
    if (behindMs > 0 && other !== behindMs % 2 ** 32) assertEquals(other, behindMs % 2 ** 32);
  }
});

Deno.test("Timeline.keepTimes() leaves times alone for one session; the next goes on from there", () => {
  const timeline = new Timeline("full");
  const map = (...times: number[]) => times.map((ms) => timeline.mapFrame("video", ms, ms));
  timeline.startSession();
  timeline.keepTimes();
  assertEquals(map(1_000_000, 1_000_040, 999_000), [1_000_000, 1_000_040, 999_000]);
  timeline.startSession();
  assertEquals(map(5, 45), [999_010, 999_050]);
});
