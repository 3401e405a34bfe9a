import { requestOf } from "../../../kit/peers/http_request.ts";
import { concatBytes } from "../../../../src/base/bytes.ts";
import { FlvDemuxer } from "../../../../src/flv/demuxer.ts";
import { encodeFlvHeader, encodeFlvTag } from "../../../../src/flv/tag.ts";
import { readCall } from "../../../../src/http/call.ts";
import { serveFile } from "../../../../src/http/files/static_files.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { tags } from "../../../kit/media/flv_tags.ts";

const script = encodeFlvTag(tags.script(0, new Uint8Array(50)));
const headers = concatBytes(encodeFlvTag(tags.videoHeader(0, 1)), encodeFlvTag(tags.soundHeader(0, 2)));
const early = encodeFlvTag(tags.keyframe(0, 3));
const late = concatBytes(encodeFlvTag(tags.keyframe(1000, 4)), encodeFlvTag(tags.sound(1020, 5)));
const flv = concatBytes(encodeFlvHeader({ hasAudio: true, hasVideo: true }), script, headers, early, late);
const lateAt = flv.length - late.length;

async function ask(files: Record<string, Uint8Array>, path: string, init: { method?: string; range?: string } = {}) {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, bytes] of Object.entries(files)) await Deno.writeFile(`${dir}/${name}`, bytes);
    const asked = new Headers(init.range === undefined ? {} : { range: init.range });
    const call = readCall(requestOf(path, { method: init.method ?? "GET", headers: asked }), "1.2.3.4");
    const answer = await serveFile(Deno, dir, path.replace(/\?.*/, ""), call);
    return { status: answer.status, headers: answer.headers, body: new Uint8Array(await answer.arrayBuffer()) };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("x.flv?start= plays from the middle: file header, decoder headers, and the file from that byte on", async () => {
  const answer = await ask({ "x.flv": flv }, `/x.flv?start=${lateAt}`);
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("content-type"), "video/x-flv");
  assertEquals(answer.headers.get("content-length"), String(answer.body.length));
  const read = new FlvDemuxer().push(answer.body);
  assertEquals(read.map(({ type, timestampMs, payload }) => [type, timestampMs, payload.at(-1)]), [
    [9, 0, 1],
    [8, 0, 2],
    [9, 1000, 4],
    [8, 1020, 5],
  ]);
  const head = await ask({ "x.flv": flv }, `/x.flv?start=${lateAt}`, { method: "HEAD" });
  assertEquals([head.headers.get("content-length"), head.body.length], [String(answer.body.length), 0]);
});

Deno.test("x.flv?start= gives the whole file where there is nothing to skip, or no FLV", async () => {
  for (const start of ["0", "", "-5", "abc", "5", "13", "40", "__proto__"]) {
    assertEquals((await ask({ "x.flv": flv }, `/x.flv?start=${start}`)).body, flv, start);
  }
  const text = new TextEncoder().encode("FL is not FLV, ".repeat(10));
  assertEquals((await ask({ "x.flv": text }, "/x.flv?start=50")).body, text);
  assertEquals((await ask({ "x.flv": flv.subarray(0, 9) }, "/x.flv?start=20")).body, flv.subarray(0, 9));
  assertEquals((await ask({ "x.txt": text }, "/x.txt?start=50")).body, text);
});

Deno.test("x.flv?start= bears files that lie about their lengths", async () => {
  const lying = flv.slice();
  // The first tag claims 16 MB.
  lying.set([0xff, 0xff, 0xff], 14);
  const answer = await ask({ "x.flv": lying }, `/x.flv?start=${lateAt}`);
  assertEquals([answer.status, answer.body.length], [200, 13 + late.length]);
});

Deno.test("x.flv?start= beyond the end is refused", async () => {
  const { status, headers } = await ask({ "x.flv": flv }, `/x.flv?start=${flv.length}`);
  assertEquals([status, headers.get("content-range")], [416, `bytes */${flv.length}`]);
});

Deno.test("x.mp4 is given in parts by its Range header, or by ?bytes= and ?range= as SRS does", async () => {
  const file = { "x.mp4": new TextEncoder().encode("0123456789") };
  const parts: [path: string, range: string | undefined, status: number, text: RegExp][] = [
    ["/x.mp4", undefined, 200, /^0123456789$/],
    ["/x.mp4", "bytes=0-", 206, /^0123456789$/],
    ["/x.mp4", "bytes=2-4", 206, /^234$/],
    ["/x.mp4", "bytes=-3", 206, /^789$/],
    ["/x.mp4?bytes=2-4", undefined, 206, /^234$/],
    ["/x.mp4?range=5-", undefined, 206, /^56789$/],
    ["/x.mp4?bytes=20-", undefined, 416, /requested range/],
    ["/x.mp4?bytes=nonsense", undefined, 200, /^0123456789$/],
  ];
  for (const [path, range, status, text] of parts) {
    const answer = await ask(file, path, range === undefined ? {} : { range });
    assertEquals(answer.status, status, path);
    assertMatch(new TextDecoder().decode(answer.body), text);
  }
  const answer = await ask(file, "/x.mp4", { range: "bytes=2-4" });
  assertEquals([answer.headers.get("content-range"), answer.headers.get("content-type")], [
    "bytes 2-4/10",
    "video/mp4",
  ]);
});
