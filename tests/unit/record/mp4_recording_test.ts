import { concatBytes } from "../../../src/base/bytes.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { FlvTagType } from "../../../src/flv/tag.ts";
import { readBoxes } from "../../../src/mp4/read_boxes.ts";
import { beginRecording } from "../../../src/record/begin_recording.ts";
import type { FilePiece } from "../../../src/record/recording_format.ts";
import { planRepair } from "../../../src/record/repair.ts";
import { Mp4Demuxer, NotFragmented } from "../../../src/cli/push/mp4_demuxer.ts";
import type { FlvTag } from "../../../src/flv/tag.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "../../kit/assert.ts";
import { clip } from "../../kit/media/media.ts";

const kinds = new Map<number, MediaPacket["kind"]>([[FlvTagType.Audio, "audio"], [FlvTagType.Video, "video"]]);

function clipTags(): FlvTag[] {
  const tags = new FlvDemuxer().push(Deno.readFileSync(clip)).filter(({ type }) => kinds.has(type));
  // At its end it says that it ends.
  return tags.filter(({ type, payload }) => type === FlvTagType.Audio || payload[1] !== 2);
}

/** A recording of the clip, as the pieces that are written one after the other. */
function record(path: string): { bytes: Uint8Array<ArrayBuffer>; pieces: FilePiece[] } {
  const packets = clipTags().map(({ type, timestampMs, payload }) => ({
    kind: kinds.get(type)!,
    timestampMs,
    payload,
  }));
  const isHeader = ({ payload }: MediaPacket) => payload[1] === 0;
  const { format, head } = beginRecording(path, packets.filter(isHeader), 0);
  const frames = packets.filter((packet) => !isHeader(packet));
  const pieces = [...head, ...frames.flatMap((packet) => format.write(packet, packet.timestampMs)!), ...format.end()];
  const bytes = concatBytes(...pieces.map((piece) => piece.bytes));
  const last = pieces.at(-1)!;
  for (const patch of format.patches({ bytes: bytes.length, durationMs: last.endMs })) bytes.set(patch.bytes, patch.at);
  return { bytes, pieces };
}

function demux(bytes: Uint8Array): FlvTag[] {
  const demuxer = new Mp4Demuxer();
  const tags = demuxer.push(bytes);
  demuxer.end();
  return tags;
}

/** Payloads of a type, with their times. */
function mediaOf(tags: readonly FlvTag[], type: number): FlvTag[] {
  return tags.filter((tag) => tag.type === type);
}

Deno.test("a recording in MP4 has each frame of the stream, bit for bit, and push gets it back", () => {
  const { bytes } = record("x.mp4");
  const sent = clipTags();
  const back = demux(bytes);
  for (const type of kinds.keys()) {
    const [before, after] = [mediaOf(sent, type), mediaOf(back, type)];
    assertEquals(after.length, before.length);
    for (const [i, tag] of before.entries()) {
      // The first byte of audio has the old numbers of rate and channels, which AAC does not use.
      const from = type === FlvTagType.Audio ? 1 : 0;
      assertEquals(after[i]!.payload.subarray(from), tag.payload.subarray(from), `tag ${i} of type ${type}`);
      // Audio lies where its samples end, which is within a frame's rounding.
      assertLess(Math.abs(after[i]!.timestampMs - tag.timestampMs), 30);
    }
  }
});

Deno.test("its pieces are the head, then fragments of at most two seconds", () => {
  const { pieces, bytes } = record("x.mp4");
  const types = pieces.map((piece) => readBoxes(piece.bytes).map(({ type }) => type).join(" "));
  assertEquals(types[0], "ftyp moov");
  assertEquals(new Set(types.slice(1)), new Set(["moof mdat"]));
  assertGreater(pieces.length, 14);
  const ends = pieces.map(({ endMs }) => endMs);
  for (let i = 2; i < ends.length; i++) assertLess(ends[i]! - ends[i - 1]!, 2100);
  assertEquals(readBoxes(bytes).at(-1)!.end, bytes.length);
});

Deno.test("a file that ends anywhere is repaired to its last whole piece", async () => {
  for (const path of ["x.mp4", "x.flv"]) {
    const { bytes, pieces } = record(path);
    const ends = pieces.reduce<number[]>((all, piece) => [...all, (all.at(-1) ?? 0) + piece.bytes.length], []);
    const read = (file: Uint8Array) => (at: number, count: number) => Promise.resolve(file.subarray(at, at + count));
    for (let i = 0; i < 60; i++) {
      const length = Math.floor(bytes.length * i / 60) + i;
      const repair = await planRepair(path, read(bytes.subarray(0, length)));
      const whole = ends.findLast((end) => end <= length) ?? 0;
      if (whole < ends[1]!) assertEquals(repair, null);
      else {
        assertEquals(repair!.bytes, whole, `${path} cut at ${length}`);
        const file = bytes.slice(0, whole);
        for (const patch of repair!.patches) file.set(patch.bytes, patch.at);
        const tags = path === "x.mp4" ? demux(file) : new FlvDemuxer().push(file);
        assertGreater(tags.length, 2);
        assertLess(Math.abs(tags.at(-1)!.timestampMs - repair!.durationMs), 100);
      }
    }
    const all = await planRepair(path, read(bytes));
    assertEquals(all!.bytes, bytes.length);
    assertLess(Math.abs(all!.durationMs - 30_000), 200);
  }
});

Deno.test("repair survives bytes of any kind", async () => {
  let seed = 7;
  const random = () => (seed = Math.imul(seed, 1_664_525) + 1_013_904_223 >>> 0) / 2 ** 32;
  for (const path of ["x.mp4", "x.flv"]) {
    const { bytes } = record(path);
    const short = bytes.slice(0, 200_000);
    for (let i = 0; i < 40; i++) {
      const file = short.slice();
      for (let k = 0; k < 20; k++) file[Math.floor(random() * (i % 2 === 0 ? 2000 : file.length))] = random() * 256;
      const read = (at: number, count: number) => Promise.resolve(file.subarray(at, at + count));
      const repair = await planRepair(path, read);
      assert(repair === null || repair.bytes <= file.length);
      try {
        if (path === "x.mp4") demux(file);
      } catch (error) {
        assert(error instanceof Error && error.name === "SrsError", String(error));
      }
    }
  }
});

Deno.test("another codec or picture needs a new file, the same header again does not", () => {
  const headers = clipTags().filter(({ payload }) => payload[1] === 0);
  const [video, audio] = [FlvTagType.Video, FlvTagType.Audio].map((type) => {
    const { payload } = headers.find((tag) => tag.type === type)!;
    return { kind: kinds.get(type)!, timestampMs: 0, payload };
  });
  const frame = clipTags().find(({ type, payload }) => type === FlvTagType.Video && payload[1] === 1)!;
  const other = { ...video!, payload: video!.payload.slice() };
  other.payload[8] = other.payload[8]! ^ 1;
  const { format } = beginRecording("x.mp4", [video!, audio!], 0);
  assertEquals(format.takeHeader(other, 0), []);
  assertEquals(format.takeHeader(video!, 0), []);
  format.write({ kind: "video", timestampMs: 0, payload: frame.payload }, 0);
  assertEquals(format.takeHeader(video!, 0), []);
  assertEquals(format.takeHeader(other, 0), null);
});

Deno.test("an MP4 file without fragments is told apart", () => {
  const { bytes } = record("x.mp4");
  const plain = bytes.slice(0, 2000);
  const at = new TextDecoder("latin1").decode(plain).indexOf("mvex");
  plain.set([0x66, 0x72, 0x65, 0x65], at);
  assertThrows(() => demux(plain), NotFragmented);
});
