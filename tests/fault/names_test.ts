import { assertEquals, assertLess, assertRejects } from "../kit/assert.ts";
import { type ClusterPorts, type ServerName, until } from "../kit/launcher.ts";
import { NameSpace, SilentNameServer } from "../kit/fault/name_space.ts";
import { faultTest, pause } from "../kit/fault/steps.ts";

const missing = NameSpace.missing();
const names = missing === null ? await NameSpace.create() : null;

/** The edge knows one origin by a name of its own, A. The other one, B, it knows by its address. */
function byName(text: string, server: ServerName, { rtmpA }: ClusterPorts): string {
  return server === "edge" ? text.replace(`127.0.0.1:${rtmpA}`, `origin-a.test:${rtmpA}`) : text;
}

/** The edge knows only that origin. */
function onlyByName(text: string, server: ServerName, ports: ClusterPorts): string {
  return byName(text, server, ports).replace(server === "edge" ? ` 127.0.0.1:${ports.rtmpB}` : "", "");
}

const wrap = (command: [string, ...string[]], role: "origin" | "edge"): [string, ...string[]] =>
  role === "edge" && names !== null ? names.command(command) : command;

faultTest("an origin's name cannot be resolved", async (step, rig) => {
  await using _server = await SilentNameServer.start();
  const STREAMS = 10;

  await step("streams that the other origin has, or knows of", async () => {
    const streams = Array.from({ length: STREAMS }, (_, i) => `s${i}`);
    streams.forEach((stream, i) => rig.publish([i % 2 === 0 ? "rtmpA" : "rtmpB"], {}, stream));
    await pause(1500);
    const players = streams.flatMap((stream) => rig.play("edge", 1, "player", stream));
    await rig.settle();
    const waitsMs = players.map(({ firstFrameMs }) => firstFrameMs[0]!);
    rig.note("first frame, name cannot be resolved", waitsMs);
    assertLess(Math.max(...waitsMs), 600);
    return await rig.measure("name cannot be resolved, publishers crash", async () => {
      for (const publisher of rig.publishers) publisher.crash();
      await pause(500);
    });
  });
}, { adapt: byName, wrap, missing });

faultTest("an origin's name can be resolved only after a while", async (step, rig) => {
  await using _server = await SilentNameServer.start();

  await step("players wait for the name", async () => {
    rig.publish(["rtmpA"]);
    await pause(500);
    const [player] = rig.play("edge", 2);
    await pause(4000);
    names!.setHosts({ "origin-a.test": "127.0.0.1" });
    const knownMs = performance.now();
    await until(() => player!.frames > 0, 5000, () => rig.cluster.edge.output);
    rig.note("first frame behind the name", [performance.now() - knownMs]);
    return player!.flaws;
  });

  await step("the name is lost while players watch, and the origin fails", async () => {
    const publisher = rig.publish(["rtmpA"]);
    rig.play("edge", 2);
    await rig.settle();
    const flaws = await rig.measure("name lost, then publisher crashes", async () => {
      names!.setHosts({});
      await pause(500);
      publisher.crash();
      await pause(3000);
      names!.setHosts({ "origin-a.test": "127.0.0.1" });
    });
    return flaws;
  });
}, { adapt: onlyByName, wrap, missing });

Deno.test({ name: "names are given back, and were known to the edge alone", ignore: names === null }, async () => {
  const { dir } = names!;
  await names?.[Symbol.asyncDispose]();
  await assertRejects(() => Deno.stat(dir), Deno.errors.NotFound);
  assertEquals((await Deno.readTextFile("/etc/hosts")).includes("origin-a.test"), false);
});
