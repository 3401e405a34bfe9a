import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { playlistBreaches } from "../kit/hls/hls_rules.ts";
import { masterBreaches } from "../kit/hls/hls_text_rules.ts";
import { Program, programCommand, run, until } from "../kit/launcher.ts";
import { HookServer } from "../kit/server/hooks_server.ts";
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

/** What is served is as RFC 8216bis has it: the playlist that begins a session, the one that it leads to, and that on disk. */
async function assertRules(box: BlackBox, onDisk: string): Promise<void> {
  const url = box.httpUrl("/live/s.m3u8");
  let text = await (await fetch(url)).text();
  if (text.includes("#EXT-X-STREAM-INF")) {
    assertEquals(masterBreaches(text), [], text);
    text = await (await fetch(new URL(text.trim().split("\n").at(-1)!, url))).text();
  }
  for (const each of [text, onDisk]) assertEquals(playlistBreaches(each, true), [], each);
}

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
      await assertRules(box, await Deno.readTextFile(playlist));
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

for (const fmp4 of ["off", "on"]) {
  interopTest(
    `HLS by SRS's environment: HEVC with hls_use_fmp4 ${fmp4} is played by ffmpeg`,
    ["ffmpeg", "ffprobe"],
    async () => {
      await using box = await BlackBox.start({ ...web, SRS_VHOST_HLS_HLS_USE_FMP4: fmp4 });
      const file = `${box.dir}/hevc.mp4`;
      const source = ["-f", "lavfi", "-i", "testsrc2=s=192x108:r=25", "-f", "lavfi", "-i", "sine", "-t", "12"];
      const hevc = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1"];
      const fragmented = ["-movflags", "frag_keyframe+delay_moov+default_base_moof"];
      const made = await run(
        ["ffmpeg", "-v", "error", ...source, ...hevc, "-g", "50", "-c:a", "aac", ...fragmented, file],
        60_000,
      );
      assertEquals(made.code, 0, made.output);
      await using publisher = new Program(programCommand("push", "-i", file, box.rtmpUrl("s")));
      const served = await box.record(box.httpUrl("/live/s.m3u8"), "mkv", 5);
      assertEquals(served.codecs, { video: "hevc", audio: "aac" }, `${box.program.output}\n${publisher.output}`);
      assertGreater(served.seconds, 4);
    },
  );
}

interopTest("HLS by SRS's environment: hooks are told of viewers (hls_ctx) and of segments", ["ffmpeg"], async () => {
  await using hooks = new HookServer();
  await using box = await BlackBox.start({
    ...web,
    SRS_VHOST_HLS_HLS_WINDOW: "4",
    SRS_VHOST_HTTP_HOOKS_ENABLED: "on",
    SRS_VHOST_HTTP_HOOKS_ON_PLAY: hooks.url("/play"),
    SRS_VHOST_HTTP_HOOKS_ON_STOP: hooks.url("/stop"),
    SRS_VHOST_HTTP_HOOKS_ON_HLS: hooks.url("/hls"),
    SRS_VHOST_HTTP_HOOKS_ON_HLS_NOTIFY: `${hooks.url("/notify")}/[app]/[stream]/[ts_url]`,
  });
  await using _publisher = box.publish("s");
  const viewers = () => hooks.calls.filter(({ path }) => path === "/play" || path === "/stop");
  const url = `${box.httpUrl("/live/s.m3u8")}?token=x`;
  await until(() => hooks.actions.includes("on_hls"), 20_000, () => box.program.output);
  const played = run(["ffmpeg", "-v", "error", "-i", url, "-t", "5", "-f", "null", "-"], 30_000);
  await until(() => viewers().length > 0, 10_000, () => box.program.output);
  const { clients = [] } = (await box.api("/api/v1/clients")).body as { clients?: { id: string; type: string }[] };
  const viewer = clients.find(({ type }) => type === "hls-play");
  assertEquals((await played).output, "");
  // So long after its last request, it is taken to be gone.
  await until(() => viewers().length === 2, 20_000, () => JSON.stringify(viewers()));
  assertEquals(viewers().map(({ body }) => [body.action, body.stream, body.param, body.client_id]), [
    ["on_play", "s", "?token=x", viewer?.id],
    ["on_stop", "s", "?token=x", viewer?.id],
  ]);

  const { body } = hooks.calls.find(({ path }) => path === "/hls")!;
  const expected = [["app", "live"], ["stream", "s"], ["url", `live/s-${body.seq_no}.ts`], ["m3u8_url", "live/s.m3u8"]];
  for (const [name = "", value] of expected) assertEquals(body[name], value, name);
  assert(Number(body.duration) > 0.5 && Number(body.duration) < 4.5, `${body.duration}`);
  assertEquals(body.file, `./objs/nginx/html/live/s-${body.seq_no}.ts`);
  await until(
    () => hooks.calls.some(({ path, method }) => method === "GET" && /^\/notify\/live\/s\/.*\.ts$/.test(path)),
    5000,
    () => hooks.calls.map(({ path }) => path).join(" "),
  );

  hooks.on("/play", () => new Response("1"));
  const denied = await fetch(url);
  await denied.body?.cancel();
  assertEquals(denied.status, 403);
});
