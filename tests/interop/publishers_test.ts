import { assert, assertEquals } from "../kit/assert.ts";
import { FollowingClient } from "../kit/peers/following_client.ts";
import { Cluster, Program, programCommand, until } from "../kit/launcher.ts";
import { interopTest } from "../kit/tools.ts";

const pictures =
  "videotestsrc is-live=true ! video/x-raw,width=320,height=180,framerate=25/1 ! x264enc tune=zerolatency key-int-max=25";

for (const sink of ["rtmp2sink", "rtmpsink"]) {
  interopTest(`GStreamer ${sink} publishes, players of the edge see it`, ["gst-launch-1.0"], async () => {
    await using cluster = await Cluster.start();
    const pipeline = `${pictures} ! h264parse ! flvmux streamable=true ! ${sink} location=${cluster.url("rtmpA")}`;
    await using publisher = new Program(["gst-launch-1.0", "-q", ...pipeline.split(" ")]);
    using player = new FollowingClient(cluster.url("edge"));
    await until(() => player.video.length >= 50, 20_000, () => `frames; ${publisher.output} ${cluster.logs}`);
  });
}

interopTest("srs-ts push publishes its sample, ffmpeg decodes it across the end of the file", ["ffmpeg"], async () => {
  await using cluster = await Cluster.start();
  await using _publisher = new Program(programCommand("push", cluster.url("rtmpB")));
  await using decoder = new Program(
    ["ffmpeg", "-v", "warning", "-i", cluster.url("edge"), "-t", "13", "-f", "null", "-"],
  );
  const { code } = await decoder.status(40_000);
  assertEquals(code, 0, `${decoder.output}\n${cluster.logs}`);
  assertEquals(decoder.output.replace(/.*Stream #.*\n/g, "").trim(), "", "no decoder warnings");
});

interopTest("a publisher that ends and returns keeps its players", ["ffmpeg"], async () => {
  await using cluster = await Cluster.start();
  const publish = () =>
    new Program([
      "ffmpeg",
      "-v",
      "error",
      "-re",
      "-f",
      "lavfi",
      "-i",
      "testsrc=size=320x180:rate=25",
      "-t",
      "3",
      "-c:v",
      "libx264",
      "-g",
      "25",
      "-f",
      "flv",
      cluster.url("rtmpA"),
    ]);
  using player = new FollowingClient(cluster.url("rtmpA"));
  using viewer = new FollowingClient(cluster.url("edge"));
  for (const round of [1, 2]) {
    await using publisher = publish();
    assertEquals((await publisher.status(20_000)).code, 0, publisher.output);
    for (const client of [player, viewer]) {
      await until(() => client.video.length >= 75 * round, 10_000, () => `${75 * round} frames; ${cluster.logs}`);
    }
  }
  for (const { ended, timestampsMs } of [player, viewer]) {
    assertEquals(ended, "");
    const steps = timestampsMs.slice(1).map((time, i) => time - timestampsMs[i]!);
    // One clip of 3 s after the other, 10 ms apart: 40 ms a frame, and no step back beyond the order of B-frames.
    assert(steps.every((step) => step >= 0 && step <= 50), `steps between frames: ${steps.join(" ")}`);
  }
});
