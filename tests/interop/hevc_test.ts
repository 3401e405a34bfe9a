import { concatBytes } from "../../src/base/bytes.ts";
import { encodeFlvHeader, encodeFlvTag, FlvTagType } from "../../src/flv/tag.ts";
import { assertEquals, assertGreater } from "../kit/assert.ts";
import { Program, programCommand, run, until } from "../kit/launcher.ts";
import { WebServer } from "../kit/server/http_flv_rig.ts";
import { TsReader } from "../kit/cases/ts_reader.ts";
import { parseFrameMd5 } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

const HVC1 = [0x68, 0x76, 0x63, 0x31];
const PARAMETER_SETS = [32, 33, 34];
const IDR_W_RADL = 19;
const CRA = 21;

/** Units between start codes. */
function unitsOf(annexB: Uint8Array): Uint8Array[] {
  const starts: number[] = [];
  for (let at = 0; at + 3 <= annexB.length; at++) {
    if (annexB[at] === 0 && annexB[at + 1] === 0 && annexB[at + 2] === 1) starts.push(at + 3);
  }
  return starts.map((start, i) => {
    let end = i + 1 < starts.length ? starts[i + 1]! - 3 : annexB.length;
    while (end > start && annexB[end - 1] === 0) end--;
    return annexB.subarray(start, end);
  });
}

const typeOf = (unit: Uint8Array) => unit[0]! >>> 1 & 63;

/** Units behind lengths of 4 bytes. */
function withLengths(units: Uint8Array[]): Uint8Array {
  const lengths = units.map(({ length }) => Uint8Array.of(0, length >>> 16, length >>> 8, length));
  return concatBytes(...units.flatMap((unit, i) => [lengths[i]!, unit]));
}

/** An FLV with the pictures of a transport stream of HEVC, in the form of enhanced RTMP. */
function flvOf(ts: Uint8Array): Uint8Array {
  const reader = new TsReader();
  reader.push(ts);
  reader.end();
  const pictures = reader.units.map((unit) => ({ ...unit, units: unitsOf(unit.data) }));
  const sets = PARAMETER_SETS.map((type) => pictures[0]!.units.find((unit) => typeOf(unit) === type)!);
  const record = [1, ...new Array<number>(20).fill(0), 3, sets.length];
  for (const set of sets) record.push(0x80 | typeOf(set), 0, 1, set.length >>> 8, set.length & 255, ...set);
  const firstMs = pictures[0]!.dtsMs;
  const tags = pictures.map(({ units, dtsMs, ptsMs }) => {
    const isKey = units.some((unit) => typeOf(unit) >= IDR_W_RADL && typeOf(unit) <= CRA);
    const later = Math.round(ptsMs - dtsMs);
    const head = Uint8Array.of((isKey ? 0x90 : 0xa0) | 1, ...HVC1, later >>> 16, later >>> 8, later);
    const payload = concatBytes(head, withLengths(units.filter((unit) => typeOf(unit) < 32)));
    return encodeFlvTag({ type: FlvTagType.Video, timestampMs: Math.round(dtsMs - firstMs), payload });
  });
  const header = encodeFlvTag({
    type: FlvTagType.Video,
    timestampMs: 0,
    payload: Uint8Array.of(0x90, ...HVC1, ...record),
  });
  return concatBytes(encodeFlvHeader({ hasAudio: false, hasVideo: true }), header, ...tags);
}

interopTest("HEVC, published as enhanced RTMP, is shown the same over HTTP-TS", ["ffmpeg"], async () => {
  const dir = await Deno.makeTempDir();
  const source = ["-f", "lavfi", "-i", "testsrc2=size=192x108:rate=25:duration=4", "-pix_fmt", "yuv420p"];
  const encoder = ["-c:v", "libx265", "-x265-params", "keyint=25:bframes=2:log-level=none", "-preset", "ultrafast"];
  const made = await run(["ffmpeg", "-v", "error", ...source, ...encoder, "-f", "mpegts", `${dir}/a.ts`], 60_000);
  assertEquals(made.code, 0, made.output);
  const frames = async (input: string) =>
    parseFrameMd5((await run(["ffmpeg", "-v", "error", "-i", input, "-f", "framemd5", "-"], 30_000)).output).video;
  const expected = await frames(`${dir}/a.ts`);
  assertEquals(expected.length, 100);
  await Deno.writeFile(`${dir}/a.flv`, flvOf(await Deno.readFile(`${dir}/a.ts`)));

  await using server = new WebServer({ remux: "mount [vhost]/[app]/[stream].ts;" });
  const shown = frames(server.url("/live/s.ts"));
  await until(() => server.log.find("play /live/s over HTTP").length === 1, 10_000, () => "the player");
  const push = programCommand("push", "--no-loop", "-i", `${dir}/a.flv`, `rtmp://127.0.0.1:${server.port}/live/s`);
  await using publisher = new Program(push);
  assertEquals((await publisher.status(30_000)).code, 0, publisher.output);
  const got = await shown;
  assertGreater(got.length, 95);
  assertEquals(got, expected.slice(0, got.length));
  await Deno.remove(dir, { recursive: true });
});
