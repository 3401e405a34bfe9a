import { assertEquals } from "../assert.ts";
import { FollowingClient } from "../following_client.ts";
import { Cluster, Program, until } from "../launcher.ts";
import { clip, hashesOf, parseFrameMd5, playHashes, publishClip } from "./media.ts";
import { interopTest } from "./tools.ts";

interopTest("a clip reaches players of A, of the edge and by way of B byte for byte", ["ffmpeg"], async () => {
  const source = await hashesOf(clip);
  await using cluster = await Cluster.start();
  await using playerOfA = new Program(playHashes(cluster.url("rtmpA")));
  await using playerOfEdge = new Program(playHashes(cluster.url("edge")));
  using playerByB = new FollowingClient(cluster.url("rtmpB"));
  const { originA, originB, edge } = cluster;
  await until(
    () => [originA, originB, edge].every(({ output }) => output.includes("play /live/livestream")),
    10_000,
    () => `players; ${cluster.logs}`,
  );

  await using publisher = new Program(publishClip(cluster.url("rtmpA")));
  assertEquals((await publisher.status(30_000)).code, 0, publisher.output);
  const programs = [playerOfA, playerOfEdge];
  const isWhole = ({ output }: Program) => parseFrameMd5(output).audio.length >= source.audio.length;
  await until(() => programs.every(isWhole), 10_000, () => `the last packet; ${cluster.logs}`);

  for (const player of programs) assertEquals(parseFrameMd5(player.output), source);
  assertEquals(playerByB.visited, [`127.0.0.1:${cluster.ports.rtmpB}`, `127.0.0.1:${cluster.ports.rtmpA}`]);
  assertEquals({ video: playerByB.video, audio: playerByB.audio }, source);
});
