import { assertAlmostEquals, assertEquals } from "../../../kit/assert.ts";
import { encodeAmf0 } from "../../../../src/amf/amf0.ts";
import { MediaMeter } from "../../../../src/cli/probe/meter.ts";
import { describeMedia } from "../../../../src/cli/probe/report.ts";
import { FlvDemuxer } from "../../../../src/flv/demuxer.ts";
import type { FlvTag } from "../../../../src/flv/tag.ts";
import { tags } from "../../../kit/media/flv_tags.ts";

/** A meter that was given these tags, each at its own time. */
function measured(file: readonly FlvTag[]): MediaMeter {
  const meter = new MediaMeter();
  for (const { type, timestampMs, payload } of file) {
    meter.add({ csid: 4, msid: 1, typeId: type, timestampMs, payload }, timestampMs);
  }
  return meter;
}

const { keyframe, frame, sound, videoHeader, soundHeader, videoEnd, script } = tags;

Deno.test("MediaMeter measures the sample as its README describes it", () => {
  const file = new FlvDemuxer().push(Deno.readFileSync(new URL("../../../../src/cli/sample.flv", import.meta.url)));
  const { video, audio, metadata } = describeMedia(measured(file));
  const { kbps, ...rest } = video!;
  assertEquals(rest, {
    codec: "H264",
    profile: "Main",
    level: "3",
    width: 640,
    height: 360,
    frameRate: 25,
    headerFrameRate: 25,
    metadataFrameRate: 25,
    gopMs: 1000,
    gopFrames: 25,
    frames: 250,
  });
  assertAlmostEquals(kbps!, 310, 15);
  assertEquals(audio?.codec, "AAC");
  assertEquals([audio?.sampleRate, audio?.channels, audio?.frames], [44_100, 2, 432]);
  assertAlmostEquals(audio!.kbps!, 64, 3);
  assertEquals([metadata?.width, metadata?.height], [640, 360]);
});

Deno.test("MediaMeter takes headers and the end of a sequence for no media", () => {
  const meter = measured([videoHeader(0), soundHeader(0), videoEnd(0)]);
  assertEquals([meter.firstFrameMs, meter.videoRates.frames, meter.audioRates.frames], [null, 0, 0]);
  const { video, audio } = describeMedia(meter);
  assertEquals([video?.codec, audio?.codec], ["H264", "AAC"]);
});

Deno.test("MediaMeter tells the first frame from the first keyframe", () => {
  const meter = measured([videoHeader(5), sound(10), frame(20), keyframe(60), keyframe(100)]);
  assertEquals([meter.firstFrameMs, meter.firstKeyframeMs], [10, 60]);
});

Deno.test("MediaMeter means whole groups of pictures only", () => {
  assertEquals(measured([frame(0), keyframe(40), frame(80)]).gop, null);
  const meter = measured([keyframe(0), frame(40), keyframe(80), frame(120), frame(160), frame(200), keyframe(240)]);
  assertEquals(meter.gop, { count: 2, ms: 120, frames: 3 });
});

Deno.test("MediaMeter goes on over the wrap of 32 bits, and makes nothing of a single frame", () => {
  const start = 2 ** 32 - 40;
  assertEquals(measured([keyframe(start), frame(start + 40), frame(start + 80)]).videoRates.framesPerSecond, 25);
  assertEquals(measured([keyframe(0)]).videoRates, { frames: 1, bytes: 6, framesPerSecond: null, kbps: null });
  assertEquals(measured([sound(0), sound(0)]).audioRates.kbps, null);
});

Deno.test("describeMedia takes the size from metadata where the header does not tell, and believes no nonsense", () => {
  const sized = describeMedia(measured([
    script(0, encodeAmf0("onMetaData", { width: 320, height: 240, framerate: -1 })),
    keyframe(0),
  ]));
  assertEquals([sized.video?.width, sized.video?.height, sized.video?.metadataFrameRate], [320, 240, null]);
  const odd = describeMedia(
    measured([script(0, encodeAmf0("onMetaData", { width: "wide", height: NaN })), keyframe(0)]),
  );
  assertEquals([odd.video?.width, odd.video?.height], [null, null]);
  assertEquals(describeMedia(measured([])), { video: null, audio: null, metadata: null });
});
