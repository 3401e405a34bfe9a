import { type CutPlace, type CutRules, isCutDue } from "../../../src/record/cut_plan.ts";
import { assertEquals } from "../../kit/assert.ts";

const segment: CutRules = { plan: "segment", durationMs: 30_000, waitKeyframe: true };
const DAY_MS = 86_400_000;

const cases: [name: string, rules: Partial<CutRules>, place: CutPlace, isDue: boolean][] = [
  ["too short", {}, { atMs: 29_999, isKeyframe: true, videoMs: 29_960 }, false],
  ["a keyframe in time", {}, { atMs: 30_000, isKeyframe: true, videoMs: 29_960 }, true],
  ["no keyframe", {}, { atMs: 90_000, isKeyframe: false, videoMs: 89_960 }, false],
  ["no keyframe is waited for", { waitKeyframe: false }, { atMs: 30_000, isKeyframe: false, videoMs: 29_960 }, true],
  ["audio alone", {}, { atMs: 30_000, isKeyframe: false, videoMs: null }, true],
  ["video that has gone", {}, { atMs: 45_000, isKeyframe: false, videoMs: 30_000 }, true],
  ["a session", { plan: "session" }, { atMs: 20 * DAY_MS, isKeyframe: true, videoMs: 20 * DAY_MS }, false],
  ["a session that FLV has no more times for", { plan: "session" }, {
    atMs: 24.9 * DAY_MS,
    isKeyframe: true,
    videoMs: 24.9 * DAY_MS,
  }, true],
];

for (const [name, rules, place, isDue] of cases) {
  Deno.test(`isCutDue() judges ${name}`, () => assertEquals(isCutDue({ ...segment, ...rules }, place), isDue));
}
