import { assert, assertEquals, assertGreaterOrEqual, assertLessOrEqual } from "../../kit/assert.ts";
import { encodeAmf0 } from "../../../src/amf/amf0.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { FlvLooper } from "../../../src/flv/looper.ts";
import { type FlvTag, FlvTagType } from "../../../src/flv/tag.ts";
import { tags } from "../../kit/media/flv_tags.ts";

/** Times of one or more passes over the same tags. */
function times(file: readonly FlvTag[], passes = 1): number[][] {
  const looper = new FlvLooper({ endless: true });
  return Array.from({ length: passes }, () => {
    looper.startPass();
    return file.map((tag) => looper.map(tag)?.timeMs ?? NaN);
  });
}

const { keyframe, frame, sound, videoHeader, soundHeader, script, videoEnd } = tags;

Deno.test("FlvLooper begins at 0 wherever the file begins", () => {
  const cases: [string, number][] = [["at 0", 0], ["late", 5000], ["negative", -40], ["near 2^31", 2 ** 31 - 50]];
  for (const [name, start] of cases) {
    assertEquals(times([keyframe(start), sound(start + 10), frame(start + 40)]), [[0, 10, 40]], name);
  }
});

Deno.test("FlvLooper goes on over the wrap of 32 bits", () => {
  const start = 2 ** 32 - 60;
  assertEquals(times([keyframe(start), frame(start + 40), frame(start + 80), frame(start + 120)]), [[0, 40, 80, 120]]);
});

Deno.test("FlvLooper begins the next pass where the longer of audio and video ended", () => {
  const longVideo = [keyframe(0), sound(0), sound(23), frame(40)];
  assertEquals(times(longVideo, 3), [[0, 0, 23, 40], [80, 80, 103, 120], [160, 160, 183, 200]]);
  const longAudio = [keyframe(0), sound(0), sound(23), sound(46), sound(69)];
  assertEquals(times(longAudio, 2), [[0, 0, 23, 46, 69], [92, 92, 115, 138, 161]]);
});

Deno.test("FlvLooper keeps the distance of audio and video over hundreds of passes", () => {
  const file = new FlvDemuxer().push(Deno.readFileSync(new URL("../../../src/cli/sample.flv", import.meta.url)));
  const passes = times(file, 500);
  const [first = [], second = []] = passes;
  const shift = second[0]! - first[0]!;
  // The audio is the longer one: 432 frames of AAC.
  assertEquals(shift, 10_032);
  passes.forEach((pass, n) => {
    const wanted = first.map((ms) => ms + n * shift);
    assert(pass.every((ms, i) => ms === wanted[i] || Number.isNaN(ms)), `pass ${n}`);
  });
});

Deno.test("FlvLooper never lets a pass overlap the one before, also when its first frame is not the earliest", () => {
  // The first video frame stands before audio that is earlier.
  const file = [keyframe(80), sound(0), sound(40), frame(120), sound(80), sound(120)];
  const passes = times(file, 4);
  for (let n = 1; n < passes.length; n++) {
    assertGreaterOrEqual(Math.min(...passes[n]!), Math.max(...passes[n - 1]!));
  }
});

Deno.test("FlvLooper stamps headers and scripts with the time of the media beside them", () => {
  const meta = script(0, encodeAmf0("onMetaData", {}));
  const file = [meta, videoHeader(0), soundHeader(0), keyframe(5000), sound(5010), frame(5040)];
  assertEquals(times(file, 2), [[0, 0, 0, 0, 10, 40], [80, 80, 80, 80, 90, 120]]);
  assertEquals(times([keyframe(5000), frame(5040), videoHeader(0), frame(5080)]), [[0, 40, 40, 80]]);
  assertEquals(times([keyframe(5000), frame(5040), script(5020, meta.payload)]), [[0, 40, 20]]);
});

Deno.test("FlvLooper closes breaks of time and leaves small disorder alone", () => {
  const cases: [string, FlvTag[], number[]][] = [
    ["a joined file that begins at 0 again", [keyframe(0), frame(600), keyframe(0), frame(40)], [0, 600, 1200, 1240]],
    ["a jump ahead", [keyframe(0), frame(40), frame(3_600_000), frame(3_600_040)], [0, 40, 80, 120]],
    ["audio joins a break of video", [keyframe(9000), sound(9010), keyframe(0), sound(10)], [0, 10, 40, 50]],
    ["a pause of some seconds", [keyframe(0), frame(40), frame(5040)], [0, 40, 5040]],
    ["a step back of one frame", [keyframe(0), frame(80), frame(40), frame(120)], [0, 80, 40, 120]],
    ["audio far behind video", [keyframe(0), frame(2000), sound(0), sound(23)], [0, 2000, 0, 23]],
  ];
  for (const [name, file, wanted] of cases) assertEquals(times(file), [wanted], name);
});

Deno.test("FlvLooper does not take a later part that begins earlier for a lead of the next pass", () => {
  const file = [keyframe(5000), frame(5040), keyframe(0), frame(40)];
  assertEquals(times(file, 2), [[0, 40, 80, 120], [160, 200, 240, 280]]);
});

Deno.test("FlvLooper moves on with a file of a single frame, or of equal times", () => {
  assertEquals(times([keyframe(7)], 3), [[0], [40], [80]]);
  assertEquals(times([keyframe(0), frame(0), frame(0)], 2), [[0, 0, 0], [40, 40, 40]]);
});

Deno.test("FlvLooper leaves the end of a sequence out unless the file is played once", () => {
  const file = [keyframe(0), videoEnd(40)];
  const endless = new FlvLooper({ endless: true });
  const once = new FlvLooper({ endless: false });
  for (const looper of [endless, once]) looper.startPass();
  assertEquals(file.map((tag) => endless.map(tag) !== null), [true, false]);
  assertEquals(file.map((tag) => once.map(tag)?.timeMs), [0, 40]);
});

Deno.test("FlvLooper counts the frames of a pass", () => {
  const looper = new FlvLooper({ endless: true });
  for (let pass = 0; pass < 2; pass++) {
    looper.startPass();
    assertEquals(looper.frames, 0);
    for (const tag of [videoHeader(0), keyframe(0), sound(0), videoEnd(40)]) looper.map(tag);
    assertEquals(looper.frames, 2);
  }
});

Deno.test("FlvLooper never goes back further than the disorder of the file, whatever the times are", () => {
  // Times drawn from a fixed sequence, with jumps over the whole range.
  let seed = 1;
  const next = () => seed = Math.imul(seed, 1_103_515_245) + 12_345 >>> 0;
  const looper = new FlvLooper({ endless: true });
  looper.startPass();
  let latest = 0;
  for (let i = 0; i < 5000; i++) {
    if (i % 50 === 0) looper.startPass();
    const tag = i % 3 === 0 ? sound(next()) : frame(next());
    const timed = looper.map(tag)!;
    assertEquals(timed.type, i % 3 === 0 ? FlvTagType.Audio : FlvTagType.Video);
    assertGreaterOrEqual(timed.timeMs, Math.max(0, latest - 10_000));
    assertLessOrEqual(timed.timeMs, latest + 11_000);
    latest = Math.max(latest, timed.timeMs);
  }
});
