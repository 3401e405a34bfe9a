import { assert, assertEquals, assertLessOrEqual } from "../kit/assert.ts";
import { clip, hashesOf, publishClip } from "../kit/media/media.ts";
import { isInstalled } from "../kit/tools.ts";
import { type Cluster, type Program, programCommand, type ServerName } from "../kit/launcher.ts";
import { ClipPlayer, FfmpegPlayer } from "../kit/fault/clip_player.ts";
import type { FaultPlayer } from "../kit/fault/fault_player.ts";
import { SecondEdge } from "../kit/fault/second_edge.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

/** Clients are told 300 ms behind the signal; those that cannot move are waited for 3 s more. */
const WAITS = "grace_start_wait 300;\ngrace_final_wait 3000;\n";
const ENDED_MS = 10_000;
/** What the project promises where the stream is live at another origin all the time. */
const MAX_GAP_MS = 400;
/** A machine that does other work besides is not always on time. */
const LATENESS_MS = 100;
const sample = new URL("../../src/cli/sample.flv", import.meta.url).pathname;
const missing = isInstalled("ffmpeg") ? null : "not installed: ffmpeg";

async function ends(program: Program): Promise<void> {
  assertEquals((await program.status(ENDED_MS)).code, 0, program.output);
}

/** Stops a server as an operator does who wants to replace it, and starts it again. */
async function roll(cluster: Cluster, server: ServerName): Promise<void> {
  const program = cluster.program(server);
  program.kill("SIGQUIT");
  await ends(program);
  await cluster.restart(server);
}

function assertShort(players: readonly FaultPlayer[]): void {
  for (const player of players) assertLessOrEqual(player.gapMs(), MAX_GAP_MS + LATENESS_MS);
}

faultTest("servers are drained", async (step, rig, subject) => {
  // SRS waits for the last client, however long that stays.
  if (!subject.isOurs) return;
  const { cluster } = rig;
  await using second = await SecondEdge.start(cluster.ports);
  const watch = (stream: string) => rig.watch(second.url(stream), "player");

  await step("A, B and the edge are replaced in turn, the publisher moves when asked to", async () => {
    const publisher = rig.publish(["rtmpB"], { moves: true });
    const players = [watch("livestream"), watch("livestream"), watch("livestream")];
    await rig.settle();
    const flaws = await rig.measure("origin without the stream replaced", () => roll(cluster, "originA"));
    assertShort(players);
    await rig.settle();
    flaws.push(...await rig.measure("publisher's origin replaced, he moves", () => roll(cluster, "originB")));
    assertShort(players);
    assertEquals([publisher.moves.length, publisher.ends], [1, []]);
    await rig.settle();
    flaws.push(...await rig.measure("other edge replaced", () => roll(cluster, "edge")));
    assertShort(players);
    return flaws;
  });

  await step("the publisher stays until its origin ends, and goes to the other one then", async () => {
    const publisher = rig.publish(["rtmpA", "rtmpB"]);
    const players = [watch("livestream"), watch("livestream")];
    rig.play("edge", 1);
    rig.play("rtmpB", 1);
    await rig.settle();
    const flaws = await rig.measure("origin drained, its publisher still there", async () => {
      cluster.originA.kill("SIGQUIT");
      await pause(1500);
    }, { settleMs: 200 });
    assertShort(players);
    for (const player of players) assertEquals(player.breaks, []);
    flaws.push(
      ...await rig.measure("drained origin ends with its publisher", async () => {
        await ends(cluster.originA);
        await cluster.restart("originA");
      }),
    );
    assertEquals(publisher.ends.length, 1);
    return flaws;
  });

  await step("push: its origin is replaced", async () => {
    const hashes = await hashesOf(sample);
    const push = rig.run(programCommand("push", cluster.url("rtmpA", "pushed")));
    for (let i = 0; i < 2; i++) rig.add(new ClipPlayer(second.url("pushed"), hashes));
    await rig.settle(2500);
    const flaws = await rig.measure("push, its origin replaced", () => roll(cluster, "originA"));
    assert(push.output.includes("asks to reconnect"), push.output);
    return flaws;
  });

  await step("a publisher of the edge: the origin behind it is replaced", async () => {
    const publisher = rig.publish(["edge"], {}, "forwarded");
    const players = [watch("forwarded"), watch("forwarded")];
    await rig.settle();
    const flaws = await rig.measure(
      "publisher on edge, origin replaced",
      () => roll(cluster, rig.namedLast("forward")),
    );
    assertShort(players);
    assertEquals(publisher.ends, []);
    for (const player of players) assertEquals(player.breaks, [], "no frame is lost or repeated");
    return flaws;
  });

  await step("ffmpeg: its origin is replaced, it starts anew at the other one", async () => {
    if (missing !== null) return [];
    const hashes = await hashesOf(clip);
    const ffmpeg = (at: "rtmpA" | "rtmpB") =>
      rig.run(publishClip(cluster.url(at, "encoded"), "-re", "-stream_loop", "-1", "-i", clip));
    const first = ffmpeg("rtmpA");
    for (let i = 0; i < 2; i++) rig.add(new ClipPlayer(second.url("encoded"), hashes));
    rig.add(new FfmpegPlayer(second.url("encoded")));
    await rig.settle(2500);
    return await rig.measure("ffmpeg's origin replaced", async () => {
      cluster.originA.kill("SIGQUIT");
      await first.ended;
      ffmpeg("rtmpB");
      await ends(cluster.originA);
      await cluster.restart("originA");
    });
  });
}, { adapt: (text) => `${WAITS}${text}`, missing });
