import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Cluster, Program, run, until } from "../kit/launcher.ts";
import { clip, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/** A cluster with the clip running on origin A, at real speed. */
async function livingCluster(): Promise<{ cluster: Cluster; publisher: Program } & AsyncDisposable> {
  const cluster = await Cluster.start();
  const publisher = new Program(publishClip(cluster.url("rtmpA"), "-re", "-stream_loop", "-1", "-i", clip));
  await until(() => cluster.originA.output.includes("publish /live/livestream"), 10_000, () => cluster.logs);
  return {
    cluster,
    publisher,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    },
  };
}

interopTest("ffprobe, rtmpdump, GStreamer and VLC play the edge", [
  "ffmpeg",
  "ffprobe",
  "rtmpdump",
  "gst-launch-1.0",
  "cvlc",
], async () => {
  await using living = await livingCluster();
  const url = living.cluster.url("edge");
  const dir = await Deno.makeTempDir();

  const probed = await run([
    "ffprobe",
    "-v",
    "error",
    "-show_entries",
    "stream=codec_name,width",
    "-of",
    "csv=p=0",
    url,
  ], 15_000);
  assertEquals(probed.output.trim().split("\n").sort(), ["aac", "h264,768"], living.cluster.logs);

  await run(["rtmpdump", "-q", "-B", "2", "-r", url, "-o", `${dir}/dump.flv`], 15_000);
  const dumped = await run([
    "ffprobe",
    "-v",
    "error",
    "-count_packets",
    "-show_entries",
    "stream=codec_name,nb_read_packets",
    "-of",
    "csv=p=0",
    `${dir}/dump.flv`,
  ], 10_000);
  assertMatch(dumped.output, /h264,\d\d/, "rtmpdump wrote video");
  assertMatch(dumped.output, /aac,\d\d/, "rtmpdump wrote audio");

  for (const source of ["rtmpsrc", "rtmp2src"]) {
    const pipeline =
      `${source} location=${url} ! flvdemux name=d d.video ! queue ! h264parse ! avdec_h264 ! fakesink num-buffers=25`;
    const played = await run(["gst-launch-1.0", "-q", ...pipeline.split(" ")], 20_000);
    assertEquals(played.code, 0, `${source}: ${played.output}\n${living.cluster.logs}`);
  }

  const record = `#std{access=file,mux=ts,dst=${dir}/vlc.ts}`;
  const vlc = await run(vlcCommand(url, record, dir), 25_000);
  const recorded = await run([
    "ffprobe",
    "-v",
    "error",
    "-count_packets",
    "-show_entries",
    "stream=codec_name,nb_read_packets",
    "-of",
    "csv=p=0",
    `${dir}/vlc.ts`,
  ], 10_000);
  assertMatch(recorded.output, /h264,\d\d/, `VLC wrote video; ${vlc.output}`);
  assert(living.cluster.edge.output.includes("play /live/livestream"));
  await Deno.remove(dir, { recursive: true });
});

interopTest(
  "players that do not follow a redirect play origin B, which has not the stream",
  ["ffmpeg", "rtmpdump"],
  async () => {
    await using living = await livingCluster();
    const url = living.cluster.url("rtmpB");
    const dir = await Deno.makeTempDir();
    const probed = await run(
      ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", url],
      15_000,
    );
    assertEquals(probed.output.trim().split("\n").sort(), ["aac", "h264"], living.cluster.logs);
    await run(["rtmpdump", "-q", "-B", "2", "-r", url, "-o", `${dir}/dump.flv`], 15_000);
    const dumped = await run([
      "ffprobe",
      "-v",
      "error",
      "-show_entries",
      "stream=codec_name",
      "-of",
      "csv=p=0",
      `${dir}/dump.flv`,
    ], 10_000);
    assertEquals(dumped.output.trim().split("\n").sort(), ["aac", "h264"]);
    const pulls = living.cluster.originB.output.match(/pull \/live\/livestream from/g) ?? [];
    assert(pulls.length <= 2, "one relay at a time, however many players");
    await Deno.remove(dir, { recursive: true });
  },
);

/** VLC refuses to run as root, unless its own check is told another user id. */
function vlcCommand(url: string, sout: string, dir: string): string[] {
  const args = ["-I", "dummy", "--run-time", "6", "--play-and-exit", "--sout", sout, url, "vlc://quit"];
  if (Deno.uid() !== 0) return ["cvlc", ...args];
  Deno.chmodSync(dir, 0o777);
  return ["runuser", "-u", "nobody", "--", "cvlc", ...args];
}
