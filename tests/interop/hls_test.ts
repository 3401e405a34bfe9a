import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { run } from "../kit/launcher.ts";
import { interopTest } from "../kit/tools.ts";
import { BlackBox } from "./black_box_rig.ts";

/** The scenarios of SRS's black-box tests that concern HLS, by SRS's environment names. */
const web = { SRS_HTTP_SERVER_ENABLED: "on", SRS_VHOST_HLS_ENABLED: "on", SRS_VHOST_HLS_HLS_FRAGMENT: "2" };

const kinds: readonly [name: string, env: Record<string, string>, args: string[], codecs: Record<string, string>][] = [
  ["H.264 and AAC", {}, [], { video: "h264", audio: "aac" }],
  ["MP3", { SRS_VHOST_HLS_HLS_ACODEC: "mp3" }, ["-vcodec", "copy", "-acodec", "libmp3lame"], {
    video: "h264",
    audio: "mp3",
  }],
  ["fragmented MP4", { SRS_VHOST_HLS_HLS_USE_FMP4: "on" }, [], { video: "h264", audio: "aac" }],
  ["AES-128", { SRS_VHOST_HLS_HLS_KEYS: "on", SRS_VHOST_HLS_HLS_FRAGMENTS_PER_KEY: "2" }, [], {
    video: "h264",
    audio: "aac",
  }],
  ["audio only", {}, ["-vn", "-c:a", "copy"], { audio: "aac" }],
  ["low latency", { SRS_VHOST_HLS_HLS_LOW_LATENCY: "on", SRS_VHOST_HLS_HLS_CTX: "off" }, [], {
    video: "h264",
    audio: "aac",
  }],
];

for (const [name, env, args, codecs] of kinds) {
  interopTest(
    `HLS by SRS's environment: ${name} is played by ffmpeg, from memory and from disk`,
    ["ffmpeg", "ffprobe"],
    async () => {
      await using box = await BlackBox.start({ ...web, ...env });
      await using publisher = box.publish("s", ...args);
      const served = await box.record(box.httpUrl("/live/s.m3u8"), "mkv", 5);
      assertEquals(served.codecs, codecs, box.program.output);
      assertGreater(served.seconds, 4);
      const playlist = `${box.dir}/objs/nginx/html/live/s.m3u8`;
      assert((await Deno.stat(playlist)).size > 100);
      const { output } = await run(
        ["ffprobe", "-v", "warning", "-allowed_extensions", "ALL", "-show_entries", "stream=codec_type", playlist],
        15_000,
      );
      for (const kind of Object.keys(codecs)) assert(output.includes(`codec_type=${kind}`), output);
      assert(!/non-monoton|corrupt|error/i.test(output), output);
      assertEquals(publisher.output, "");
    },
  );
}

interopTest("HLS: ffprobe finds no time that goes back over several segments", ["ffmpeg", "ffprobe"], async () => {
  await using box = await BlackBox.start({ ...web, SRS_VHOST_HLS_HLS_CTX: "off" });
  await using _publisher = box.publish("s");
  const file = `${box.dir}/objs/all.txt`;
  await box.record(box.httpUrl("/live/s.m3u8"), "mkv", 1);
  const { output } = await run([
    "ffmpeg",
    "-v",
    "warning",
    "-i",
    box.httpUrl("/live/s.m3u8"),
    "-t",
    "9",
    "-c",
    "copy",
    "-f",
    "framecrc",
    "-y",
    file,
  ], 40_000);
  assertEquals(output.trim(), "");
  const times = (await Deno.readTextFile(file)).split("\n").filter((line) => /^0,/.test(line)).map((line) =>
    Number(line.split(",")[1])
  );
  assertGreater(times.length, 200);
  assertEquals(times.toSorted((a, b) => a - b), times);
});
