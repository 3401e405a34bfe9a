import { assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { FollowingClient } from "../kit/peers/following_client.ts";
import { Cluster, Program, until } from "../kit/launcher.ts";
import { clip, hashesOf, parseFrameMd5, playHashes, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

interopTest("a clip reaches players of A, of the edge, of B and by way of B byte for byte", ["ffmpeg"], async () => {
  const source = await hashesOf(clip);
  await using cluster = await Cluster.start();
  await using playerOfA = new Program(playHashes(cluster.url("rtmpA")));
  await using playerOfEdge = new Program(playHashes(cluster.url("edge")));
  using playerByB = new FollowingClient(cluster.url("rtmpB"), "edge");
  using playerOfB = new FollowingClient(cluster.url("rtmpB"), "player");
  const { originA, originB, edge } = cluster;
  await until(
    () => [originA, originB, edge].every(({ output }) => output.includes("play /live/livestream")),
    10_000,
    () => `players; ${cluster.logs}`,
  );

  await using publisher = new Program(publishClip(cluster.url("rtmpA")));
  assertEquals((await publisher.status(30_000)).code, 0, publisher.output);
  const last = source.audio.at(-1);
  const waiting = [playerByB, playerOfB];
  await until(
    () => waiting.every(({ audio }) => audio.at(-1) === last),
    10_000,
    () => `the last packet; ${cluster.logs}`,
  );
  // The edge is one flush behind; then ffmpeg writes what it holds back to interleave.
  await new Promise((resolve) => setTimeout(resolve, 1000));
  for (const player of [playerOfA, playerOfEdge]) {
    player.kill("SIGINT");
    await player.status(5000);
    const got = parseFrameMd5(player.output);
    // Interrupted while it waits for more, ffmpeg 5.1 loses the last packets that it has read.
    assertGreater(got.video.length + got.audio.length, source.video.length + source.audio.length - 10);
    assertEquals(got.video, source.video.slice(0, got.video.length));
    assertEquals(got.audio, source.audio.slice(0, got.audio.length));
  }
  assertEquals(playerByB.visited, [`127.0.0.1:${cluster.ports.rtmpB}`, `127.0.0.1:${cluster.ports.rtmpA}`]);
  assertEquals(playerOfB.visited, [`127.0.0.1:${cluster.ports.rtmpB}`]);
  for (const { video, audio } of waiting) {
    // B learns of the publisher some moments late; five times as fast, that may be a GOP or two.
    assertLess(source.video.length - video.length, 150);
    assertEquals(video, source.video.slice(-video.length));
    assertEquals(audio, source.audio.slice(-audio.length));
  }
});
