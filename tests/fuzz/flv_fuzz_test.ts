import { assert, assertEquals, assertInstanceOf, assertLess } from "../kit/assert.ts";
import { concatBytes } from "../../src/base/bytes.ts";
import { SrsError } from "../../src/base/errors.ts";
import { audioFlags, codecBody, extraHeaderSlot, videoFlags } from "../../src/flv/codec.ts";
import { FlvDemuxer } from "../../src/flv/demuxer.ts";
import { describeAudio, describeVideo } from "../../src/flv/describe.ts";
import { encodeFlvHeader, encodeFlvTag } from "../../src/flv/tag.ts";
import { wire } from "../kit/cases/amf0_cases.ts";
import { codecCases } from "../kit/cases/codec_cases.ts";
import { describedAudios, describedVideos } from "../kit/cases/description_cases.ts";
import { cut } from "../kit/media/splits.ts";
import { mutate, Prng } from "../kit/media/mutate.ts";

Deno.test("codec and description functions survive damaged payloads", () => {
  const prng = new Prng(5);
  const described = [...describedVideos, ...describedAudios].map((c) => wire(c.payload));
  const seeds = [...codecCases.map((c) => c.payload), ...described];
  for (let round = 0; round < 20_000; round++) {
    const payload = mutate(prng.pick(seeds), prng);
    for (const flags of [videoFlags(payload), audioFlags(payload)]) assert(flags >= 0 && flags < 32);
    for (const kind of ["video", "audio"] as const) {
      assertLess(extraHeaderSlot(payload, kind), 4096);
      assert(codecBody(payload, kind).length <= payload.length);
    }
    const video = describeVideo(payload);
    if (video !== null) {
      assert([video.width, video.height].every((n) => Number.isInteger(n) && n >= 0 && n <= 65_536), `round ${round}`);
      assert(Number.isFinite(video.frameRate) && video.frameRate >= 0, `round ${round}`);
    }
    const audio = describeAudio(payload);
    if (audio !== null) assert(audio.sampleRate >= 0 && audio.channels >= 0 && audio.channels < 256);
  }
});

Deno.test("FlvDemuxer ends damaged files the same way, however they are cut, and keeps whole tags", () => {
  const prng = new Prng(6);
  const tags = codecCases.slice(0, 12).map((c, i) => ({
    type: i % 2 === 0 ? 9 : 8,
    timestampMs: i * 40,
    payload: c.payload,
  }));
  const file = concatBytes(encodeFlvHeader({ hasAudio: true, hasVideo: true }), ...tags.map(encodeFlvTag));
  const ends = new Set<string>();
  for (let round = 0; round < 3000; round++) {
    const bytes = mutate(file, prng);
    const whole = demux([bytes]);
    assertEquals(demux(cut(bytes, 1 + round % 6)), whole, `round ${round}`);
    ends.add(whole.end.replace(/\d+/g, "N"));
  }
  assert(ends.has("end") && ends.size > 6, `only ${[...ends]}`);
});

function demux(parts: Uint8Array[]): { end: string; tags: number; bytes: number } {
  const demuxer = new FlvDemuxer();
  let tags = 0;
  let bytes = 0;
  try {
    for (const part of parts) {
      for (const tag of demuxer.push(part)) {
        tags++;
        bytes += tag.payload.length;
      }
    }
    demuxer.end();
  } catch (error) {
    assertInstanceOf(error, SrsError);
    assertEquals(error.codeName, "FlvDecode");
    return { end: error.message, tags, bytes };
  }
  return { end: "end", tags, bytes };
}
