import { assert, assertEquals, assertRejects } from "../../../kit/assert.ts";
import { concatBytes } from "../../../../src/base/bytes.ts";
import { SrsError } from "../../../../src/base/errors.ts";
import { fileAt, readMedia } from "../../../../src/cli/push/file.ts";
import { sampleFile } from "../../../../src/cli/sample.ts";
import { encodeFlvHeader, encodeFlvTag } from "../../../../src/flv/tag.ts";
import { tags } from "../../../kit/media/flv_tags.ts";

const header = encodeFlvHeader({ hasAudio: true, hasVideo: true });
const whole = concatBytes(header, ...[tags.keyframe(0), tags.sound(0), tags.frame(40)].map(encodeFlvTag));

/** Reads a file with these bytes, at most `limit` tags; tells times and warnings. */
async function read(bytes: Uint8Array, options: { loop?: boolean; limit?: number } = {}) {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  const { loop = false, limit = 100 } = options;
  const warnings: string[] = [];
  const times: number[] = [];
  try {
    await Deno.writeFile(path, bytes);
    for await (
      const tag of readMedia(fileAt(path), {
        loop,
        onTruncated: (text) => warnings.push(text.replace(path, "FILE")),
      })
    ) {
      times.push(tag.timeMs);
      if (times.length >= limit) break;
    }
    return { times, warnings };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readMedia reads a file once, or in a loop with times that go on", async () => {
  assertEquals(await read(whole), { times: [0, 0, 40], warnings: [] });
  assertEquals((await read(whole, { loop: true, limit: 8 })).times, [0, 0, 40, 80, 80, 120, 160, 160]);
});

Deno.test("readMedia uses what is whole of a truncated file, and says so once with the byte offset", async () => {
  const cut = whole.subarray(0, whole.length - 7);
  const begin = whole.length - 4 - 17;
  const { times, warnings } = await read(cut, { loop: true, limit: 7 });
  assertEquals(times, [0, 0, 23, 23, 46, 46, 69].map((ms) => ms === 0 ? 0 : ms + 17 * Math.round(ms / 23)));
  assertEquals(warnings, [
    `FILE: FLV: truncated: 3 of 6 bytes of a tag that begins at byte ${begin} (at byte ${cut.length})`,
  ]);
});

const broken: [what: string, bytes: Uint8Array, message: RegExp][] = [
  ["an empty file", new Uint8Array(0), /truncated: incomplete FLV header \(at byte 0\)/],
  ["another kind of file", new TextEncoder().encode("<html></html>"), /it does not begin with "FLV" \(at byte 0\)/],
  ["a header alone", header, /no audio or video in this file/],
  ["no whole frame", whole.subarray(0, 20), /truncated: 7 of 11 bytes of a tag header \(at byte 20\)/],
  ["garbage between tags", concatBytes(whole, Uint8Array.of(99, 1, 2, 3), whole), /unknown tag type 3 \(at byte \d+\)/],
  ["garbage behind the last tag", concatBytes(whole, new Uint8Array(11).fill(0x63)), /unknown tag type 3 .at byte \d+/],
];

for (const [what, bytes, message] of broken) {
  Deno.test(`readMedia refuses ${what}, naming the place`, async () => {
    for (const loop of [false, true]) {
      const error = await assertRejects(() => read(bytes, { loop }), SrsError);
      assert(message.test(error.message), error.message);
    }
  });
}

Deno.test("readMedia names a file that cannot be opened", async () => {
  const openIt = async (path: string) => {
    for await (const _ of readMedia(fileAt(path), { loop: true, onTruncated: () => {} }));
  };
  await assertRejects(() => openIt("/no/such.flv"), SrsError, "/no/such.flv: no such file or directory");
  await assertRejects(() => openIt("/"), SrsError, "/: is a directory");
});

Deno.test("sampleFile holds a clip with audio and video", async () => {
  const types = new Set<number>();
  for await (const { type } of readMedia(sampleFile(), { loop: false, onTruncated: () => {} })) types.add(type);
  assertEquals([...types].sort(), [18, 8, 9]);
});
