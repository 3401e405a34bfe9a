import { clip, hashesOf, publishClip } from "../kit/media/media.ts";
import { isInstalled } from "../kit/tools.ts";
import { type Program, programCommand } from "../kit/launcher.ts";
import { ClipPlayer, FfmpegPlayer } from "../kit/fault/clip_player.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

const sample = new URL("../../src/cli/sample.flv", import.meta.url).pathname;
const missing = isInstalled("ffmpeg") ? null : "not installed: ffmpeg";

faultTest("real publishers and players", async (step, rig) => {
  const { cluster } = rig;
  const hashes = { push: await hashesOf(sample), ffmpeg: await hashesOf(clip) };
  const play = (of: "push" | "ffmpeg", places: readonly ("edge" | "rtmpA" | "rtmpB")[]) => {
    for (const place of places) rig.add(new ClipPlayer(cluster.url(place), hashes[of]));
    rig.add(new FfmpegPlayer(cluster.url("edge")));
  };
  const push = (at: "edge" | "rtmpA") => rig.run(programCommand("push", cluster.url(at)));
  const ffmpeg = (at: "rtmpA" | "rtmpB") =>
    rig.run(publishClip(cluster.url(at), "-re", "-stream_loop", "-1", "-i", clip));
  const freeze = async (program: Program, forMs: number) => {
    program.kill("SIGSTOP");
    await pause(forMs);
    program.kill("SIGCONT");
  };

  await step("push: its origin is killed and comes back", async () => {
    push("rtmpA");
    play("push", ["edge", "rtmpB"]);
    await rig.settle(2500);
    return await rig.measure("push, origin restarts", () => cluster.restart("originA"));
  });

  await step("push: it is killed and starts anew", async () => {
    const publisher = push("rtmpA");
    play("push", ["edge", "rtmpA", "rtmpB"]);
    await rig.settle(2500);
    return await rig.measure("push killed, starts anew", async () => {
      await publisher[Symbol.asyncDispose]();
      push("rtmpA");
    });
  });

  await step("push: it stands still for 3 s", async () => {
    const publisher = push("rtmpA");
    play("push", ["edge", "rtmpA", "rtmpB"]);
    await rig.settle(2500);
    return await rig.measure("push stands still for 3 s", () => freeze(publisher, 3000));
  });

  await step("push: it stands still until its origin has given it up", async () => {
    const publisher = push("rtmpA");
    play("push", ["edge", "rtmpA", "rtmpB"]);
    await rig.settle(2500);
    return await rig.measure("push stands still for 8 s", () => freeze(publisher, 8000));
  });

  await step("push through the edge: the origin behind it is killed", async () => {
    push("edge");
    play("push", ["edge"]);
    await rig.settle(2500);
    const victim = rig.namedLast("forward");
    rig.add(new ClipPlayer(cluster.url(victim === "originA" ? "rtmpB" : "rtmpA"), hashes.push));
    await rig.settle();
    const flaws = await rig.measure("push through edge, origin killed", () => cluster.kill(victim));
    await cluster.restart(victim);
    return flaws;
  });

  await step("ffmpeg: its origin is killed, it starts anew at the other one", async () => {
    ffmpeg("rtmpA");
    play("ffmpeg", ["edge", "rtmpB"]);
    await rig.settle(2500);
    const flaws = await rig.measure("ffmpeg goes to the other origin", async () => {
      await cluster.kill("originA");
      ffmpeg("rtmpB");
    });
    await cluster.restart("originA");
    return flaws;
  });
}, { missing });
