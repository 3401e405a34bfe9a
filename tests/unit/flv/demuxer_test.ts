import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { concatBytes, equalBytes } from "../../../src/base/bytes.ts";
import { SrsError } from "../../../src/base/errors.ts";
import { audioFlags, MediaFlag, videoFlags } from "../../../src/flv/codec.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { describeAudio, describeVideo } from "../../../src/flv/describe.ts";
import { encodeFlvHeader, encodeFlvTag, type FlvTag, FlvTagType } from "../../../src/flv/tag.ts";
import { splitsOf } from "../../kit/media/splits.ts";
import { wire } from "../../kit/cases/amf0_cases.ts";

const files = [
  {
    path: "../../../src/cli/sample.flv",
    video: { codec: "H264", profile: "Main", level: "3", width: 640, height: 360, frameRate: 25 },
    frames: 250,
    keyframes: 10,
    hasBFrames: false,
  },
  {
    path: "../../fixtures/av_768x320_30s.flv",
    video: { codec: "H264", profile: "High", level: "3", width: 768, height: 320, frameRate: 25 },
    frames: 750,
    keyframes: 15,
    hasBFrames: true,
  },
];

for (const { path, video, frames, keyframes, hasBFrames } of files) {
  const bytes = Deno.readFileSync(new URL(path, import.meta.url));
  const name = path.slice(path.lastIndexOf("/") + 1);

  Deno.test(`${name} is read, and encoded again to the same bytes, however it is cut`, () => {
    for (const { name, parts } of splitsOf(bytes, 4)) {
      const demuxer = new FlvDemuxer();
      const tags: FlvTag[] = [];
      for (const part of parts) for (const tag of demuxer.push(part)) tags.push(tag);
      demuxer.end();
      assertEquals(demuxer.header, { hasAudio: true, hasVideo: true });
      assertEquals(demuxer.offset, bytes.length);
      const again = concatBytes(encodeFlvHeader({ hasAudio: true, hasVideo: true }), ...tags.map(encodeFlvTag));
      assert(equalBytes(again, bytes), name);
    }
  });

  Deno.test(`${name} holds what its README says`, () => {
    const tags = new FlvDemuxer().push(bytes);
    const videos = tags.filter((tag) => tag.type === FlvTagType.Video);
    const audios = tags.filter((tag) => tag.type === FlvTagType.Audio);
    const videoHeaders = videos.filter((tag) => videoFlags(tag.payload) === MediaFlag.SequenceHeader);
    const audioHeaders = audios.filter((tag) => audioFlags(tag.payload) === MediaFlag.SequenceHeader);
    assertEquals(videoHeaders.map((tag) => describeVideo(tag.payload)), [video]);
    assertEquals(audioHeaders.map((tag) => describeAudio(tag.payload)), [
      { codec: "AAC", profile: "LC", sampleRate: 44_100, channels: 2 },
    ]);
    assertEquals(videos.filter((tag) => videoFlags(tag.payload) === MediaFlag.Keyframe).length, keyframes);
    const reordered = videos.filter(({ payload }) => payload[1] === 1 && (payload[3] !== 0 || payload[4] !== 0));
    assertEquals(reordered.length > frames / 4, hasBFrames);
    // One header before, one end of sequence after the frames.
    assertEquals(videos.length, frames + 2);
    assertEquals(videos.filter((tag) => videoFlags(tag.payload) === MediaFlag.SequenceEnd).length, 1);
  });
}

Deno.test("the sample clip can be looped: both kinds begin and end within 40 ms of each other", () => {
  const bytes = Deno.readFileSync(new URL("../../../src/cli/sample.flv", import.meta.url));
  const media = new FlvDemuxer().push(bytes).filter((tag) => tag.type !== FlvTagType.Script);
  const times = (type: number) => media.filter((tag) => tag.type === type).map((tag) => tag.timestampMs);
  const [video, audio] = [times(FlvTagType.Video), times(FlvTagType.Audio)];
  assert(Math.abs((video[1] ?? -1) - (audio[1] ?? -1)) <= 40);
  assert(Math.abs((video.at(-1) ?? -1) - (audio.at(-1) ?? -1)) <= 40);
});

const flvHeader = encodeFlvHeader({ hasAudio: true, hasVideo: true });
const audioTag: FlvTag = { type: 8, timestampMs: 7, payload: Uint8Array.of(0xaf, 1, 2) };
const oneTag = concatBytes(flvHeader, encodeFlvTag(audioTag));

/** `whole`: tags that come out before the broken place. */
const broken: readonly { name: string; bytes: Uint8Array; says: string; whole?: number }[] = [
  {
    name: "other file",
    bytes: wire("'RIFF' 00000000 00000000"),
    says: 'not an FLV file: it does not begin with "FLV" (at byte 0)',
  },
  { name: "unknown version", bytes: wire("'FLV' 02 05 00000009"), says: "unknown FLV version 2 (at byte 3)" },
  { name: "header too short", bytes: wire("'FLV' 01 05 00000008"), says: "header of 8 bytes, expected 9 to " },
  { name: "header of 4 GiB", bytes: wire("'FLV' 01 05 ffffffff"), says: "header of 4294967295 bytes, expected 9 to " },
  { name: "first PreviousTagSize not 0", bytes: wire("'FLV' 01 05 00000009 00000001"), says: "PreviousTagSize 1" },
  {
    name: "wrong PreviousTagSize",
    bytes: concatBytes(oneTag.subarray(0, -4), wire("0000000f")),
    says: "PreviousTagSize 15 after a tag of 14 bytes (at byte 27)",
    whole: 1,
  },
  {
    name: "unknown tag type",
    bytes: concatBytes(oneTag, wire("0a 000001 000000 00 000000")),
    says: "unknown tag type 10 (at byte 31)",
    whole: 1,
  },
  {
    name: "encrypted tag",
    bytes: concatBytes(flvHeader, wire("29 000001 000000 00 000000")),
    says: "encrypted tags are not supported (at byte 13)",
  },
];

for (const { name, bytes, says, whole = 0 } of broken) {
  Deno.test(`FlvDemuxer names the place of a broken input: ${name}`, () => {
    for (const { name, parts } of splitsOf(bytes)) {
      const demuxer = new FlvDemuxer();
      let tags = 0;
      const error = assertThrows(
        () => {
          for (const part of parts) tags += demuxer.push(part).length;
          demuxer.end();
        },
        SrsError,
        says,
      );
      assertEquals([error.codeName, error.code, tags], ["FlvDecode", 3070, whole], name);
      assertThrows(() => demuxer.push(new Uint8Array(0)), SrsError, says);
      assertThrows(() => demuxer.end(), SrsError, says);
    }
  });
}

const truncated = [
  { length: 0, says: "incomplete FLV header (at byte 0)" },
  { length: 8, says: "incomplete FLV header (at byte 8)" },
  { length: 9, says: "0 of 4 bytes of PreviousTagSize (at byte 9)" },
  { length: 14, says: "1 of 11 bytes of a tag header (at byte 14)" },
  { length: 24, says: "0 of 3 bytes of a tag that begins at byte 13 (at byte 24)" },
  { length: 26, says: "2 of 3 bytes of a tag that begins at byte 13 (at byte 26)" },
  { length: 30, says: "3 of 4 bytes of PreviousTagSize (at byte 30)" },
];

for (const { length, says } of truncated) {
  Deno.test(`FlvDemuxer.end names the place where an input of ${length} bytes is cut off`, () => {
    const demuxer = new FlvDemuxer();
    demuxer.push(oneTag.subarray(0, length));
    const error = assertThrows(() => demuxer.end(), SrsError, says);
    assertEquals(error.codeName, "FlvDecode");
  });
}

Deno.test("FlvDemuxer.end accepts a header alone, whole tags, and a missing last PreviousTagSize", () => {
  for (const length of [13, 27, 31]) {
    const demuxer = new FlvDemuxer();
    demuxer.push(oneTag.subarray(0, length));
    demuxer.end();
  }
});

Deno.test("FlvDemuxer gives a tag as soon as its payload is whole", () => {
  const demuxer = new FlvDemuxer();
  assertEquals(demuxer.push(oneTag.subarray(0, 26)), []);
  assertEquals(demuxer.push(oneTag.subarray(26, 27)), [audioTag]);
  assertEquals(demuxer.push(oneTag.subarray(27)), []);
});

Deno.test("FlvDemuxer accepts the PreviousTagSize that some muxers write: 0, or without the tag header", () => {
  for (const size of ["00000000", "00000003", "0000000e"]) {
    const demuxer = new FlvDemuxer();
    const bytes = concatBytes(oneTag.subarray(0, -4), wire(size), encodeFlvTag(audioTag));
    assertEquals(demuxer.push(bytes), [audioTag, audioTag]);
    demuxer.end();
  }
});

Deno.test("FlvDemuxer skips the rest of a longer header, and tags without payload pass", () => {
  const demuxer = new FlvDemuxer();
  const empty: FlvTag = { type: 9, timestampMs: 0xffff_fff0, payload: new Uint8Array(0) };
  const bytes = concatBytes(wire("'FLV' 01 01 0000000b 0102 00000000"), encodeFlvTag(empty), encodeFlvTag(audioTag));
  assertEquals(demuxer.push(bytes), [empty, audioTag]);
  assertEquals(demuxer.header, { hasAudio: false, hasVideo: true });
});

Deno.test("FlvDemuxer reads the longest tag there can be", () => {
  const demuxer = new FlvDemuxer();
  const payload = new Uint8Array(0xff_ffff).fill(5);
  const tags = demuxer.push(
    concatBytes(flvHeader, encodeFlvTag({ type: 9, timestampMs: 0, payload }), oneTag.subarray(13)),
  );
  demuxer.end();
  assertEquals(tags.map((tag) => tag.payload.length), [0xff_ffff, 3]);
});

Deno.test("payloads are copies: input may be reused", () => {
  const demuxer = new FlvDemuxer();
  const input = oneTag.slice();
  const [tag] = demuxer.push(input);
  input.fill(0);
  assertEquals(tag, audioTag);
});
