import { createHash } from "node:crypto";
import { assert, assertEquals, assertGreater, assertMatch } from "../kit/assert.ts";
import { freePort, Program, run, until } from "../kit/launcher.ts";
import { FlvDemuxer } from "../../src/flv/demuxer.ts";
import { FlvTagType } from "../../src/flv/tag.ts";
import { WebServer } from "../kit/server/http_flv_rig.ts";
import { clip, hashesOf, type PacketHashes, parseFrameMd5, playHashes, publishClip } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/** Two origins that know each other, and an edge. */
function cluster() {
  const [apiA, apiB] = [freePort(), freePort()];
  const vhost = (coworker: number) => `cluster { origin_cluster on; coworkers 127.0.0.1:${coworker}; }`;
  const a = new WebServer({ vhost: vhost(apiB), apiPort: apiA });
  const b = new WebServer({ vhost: vhost(apiA), apiPort: apiB });
  const edge = new WebServer({ vhost: `cluster { mode remote; origin 127.0.0.1:${a.port} 127.0.0.1:${b.port}; }` });
  return {
    a,
    b,
    edge,
    publishUrl: `rtmp://127.0.0.1:${a.port}/live/s`,
    async [Symbol.asyncDispose]() {
      for (const server of [edge, b, a]) await server[Symbol.asyncDispose]();
    },
  };
}

/** Hashes of the payloads of a kind in an FLV file, without decoder headers and the end of a sequence. */
function frames(file: Uint8Array, type: number): string[] {
  const demuxer = new FlvDemuxer();
  const tags = demuxer.push(file);
  demuxer.end();
  // Packet type 1 is coded data in both kinds.
  return tags.filter((tag) => tag.type === type && tag.payload[1] === 1)
    .map(({ payload }) => createHash("md5").update(payload).digest("hex"));
}

interopTest("ffmpeg gets a clip over HTTP-FLV byte for byte, from its first frame to its end", ["ffmpeg"], async () => {
  const source = await hashesOf(clip);
  await using servers = cluster();
  const { a, b, edge, publishUrl } = servers;
  const players = [a, b, edge].map((server) => new Program(playHashes(server.url("/live/s.flv"))));
  await until(
    () => [a, b, edge].every((server) => server.log.find("play /live/s over HTTP").length === 1),
    10_000,
    () => "players",
  );
  await using publisher = new Program(publishClip(publishUrl));
  assertEquals((await publisher.status(30_000)).code, 0, publisher.output);
  for (const player of players) {
    // Nobody ends them: they end with the stream.
    assertEquals((await player.status(20_000)).code, 0, player.output);
    assertHashes(parseFrameMd5(player.output), source);
    await player[Symbol.asyncDispose]();
  }
});

/** B learns of the publisher some moments late, five times as fast: the beginning may be missing. */
function assertHashes(got: PacketHashes, source: PacketHashes): void {
  assertGreater(got.video.length, source.video.length - 150);
  assertEquals(got.video, source.video.slice(-got.video.length));
  assertEquals(got.audio, source.audio.slice(-got.audio.length));
}

interopTest("ffmpeg gets a clip byte for byte through edges that pull it over HTTP-FLV", ["ffmpeg"], async () => {
  const source = await hashesOf(clip);
  await using origin = new WebServer();
  const over = ({ webPort }: WebServer) => `cluster { mode remote; protocol flv; origin 127.0.0.1:${webPort}; }`;
  await using inner = new WebServer({ vhost: over(origin) });
  await using outer = new WebServer({ vhost: over(inner) });
  const urls = [outer.url("/live/s.flv"), `rtmp://127.0.0.1:${outer.port}/live/s`];
  const players = urls.map((url) => new Program(playHashes(url)));
  await until(() => outer.log.find("play /live/s").length === 2, 10_000, () => "players");
  await using publisher = new Program(publishClip(`rtmp://127.0.0.1:${origin.port}/live/s`));
  assertEquals((await publisher.status(30_000)).code, 0, publisher.output);
  // Over HTTP the end of the stream is told; RTMP players wait for the next publisher.
  assertEquals((await players[0]!.status(20_000)).code, 0, players[0]!.output);
  players[1]!.kill("SIGINT");
  await players[1]!.status(10_000);
  for (const [i, player] of players.entries()) {
    const got = parseFrameMd5(player.output);
    for (const kind of ["video", "audio"] as const) {
      // What is on its way to the one that is ended is lost.
      assertGreater(got[kind].length, source[kind].length - (i === 0 ? 1 : 30));
      assertEquals(got[kind], source[kind].slice(0, got[kind].length), urls[i]!);
    }
    await player[Symbol.asyncDispose]();
  }
});

interopTest("curl gets a whole FLV, and follows an origin that knows who has it", ["ffmpeg", "curl"], async () => {
  await using servers = cluster();
  const { a, b, publishUrl } = servers;
  const dir = await Deno.makeTempDir();
  await using publisher = new Program(publishClip(publishUrl));
  await until(() => a.log.find("publish /live/s").length === 1, 10_000, () => publisher.output);
  const curl = (name: string, ...args: string[]) =>
    run(
      ["curl", "-sS", "-w", "%{http_code} %{num_redirects} %{url_effective}", "-o", `${dir}/${name}`, ...args],
      20_000,
    );
  const [direct, followed, unfollowed, head] = await Promise.all([
    curl("direct.flv", a.url("/live/s.flv")),
    curl("followed.flv", "-L", b.url("/live/s.flv?token=x")),
    curl("unfollowed", b.url("/live/s.flv")),
    curl("head", "-I", a.url("/live/s.flv")),
  ]);
  assertEquals([direct.code, direct.output], [0, `200 0 ${a.url("/live/s.flv")}`]);
  assertEquals([followed.code, followed.output], [0, `200 1 ${a.url("/live/s.flv?token=x")}`]);
  assertEquals([unfollowed.code, unfollowed.output], [0, `302 0 ${b.url("/live/s.flv")}`]);
  assertEquals([head.code, head.output], [0, `200 0 ${a.url("/live/s.flv")}`]);
  assertMatch(await Deno.readTextFile(`${dir}/head`), /content-type: video\/x-flv\r\n/i);
  const whole = await Deno.readFile(clip);
  for (const name of ["direct.flv", "followed.flv"]) {
    const file = await Deno.readFile(`${dir}/${name}`);
    for (const type of [FlvTagType.Video, FlvTagType.Audio]) {
      const got = frames(file, type);
      const expected = frames(whole, type);
      const from = expected.indexOf(got[0]!);
      assert(from >= 0, "the first frame is one of the clip");
      assertGreater(got.length, 200);
      assertEquals(got, expected.slice(from, from + got.length), name);
    }
  }
  await Deno.remove(dir, { recursive: true });
});

interopTest("ffmpeg gets the audio alone as MP3 and AAC", ["ffmpeg", "ffprobe"], async () => {
  const source = await hashesOf(clip);
  const cases = [["mp3", ["-c:a", "libmp3lame"], []], ["aac", ["-c:a", "copy"], ["-bsf:a", "aac_adtstoasc"]]] as const;
  for (const [name, codec, filter] of cases) {
    await using server = new WebServer({ remux: `mount [vhost]/[app]/[stream].${name};` });
    const url = server.url(`/live/s.${name}`);
    const play = ["ffmpeg", "-v", "error", "-i", url, "-c", "copy", ...filter, "-f", "framemd5", "-"];
    await using player = new Program(play);
    await until(() => server.log.find("play /live/s over HTTP").length === 1, 10_000, () => player.output);
    const publish = ["ffmpeg", "-v", "error", "-re", "-i", clip, "-c:v", "copy", ...codec, "-t", "4", "-f", "flv"];
    await using publisher = new Program([...publish, `rtmp://127.0.0.1:${server.port}/live/s`]);
    assertEquals((await publisher.status(20_000)).code, 0, publisher.output);
    assertEquals((await player.status(10_000)).code, 0, player.output);
    assertMatch(player.output, new RegExp(`#codec_id 0: ${name}`));
    const { audio } = parseFrameMd5(player.output);
    // Nearly all of the 4 s.
    assertGreater(audio.length, 140);
    if (name === "aac") assertEquals(audio, source.audio.slice(0, audio.length));
  }
});

interopTest("ffprobe reads what it is sent: codecs, size, one kind alone", ["ffmpeg", "ffprobe"], async () => {
  await using servers = cluster();
  const { a, edge, publishUrl } = servers;
  await using publisher = new Program(publishClip(publishUrl, "-re", "-stream_loop", "-1", "-i", clip));
  await until(() => a.log.find("publish /live/s").length === 1, 10_000, () => publisher.output);
  const probe = async (url: string) => {
    const entries = ["-show_entries", "stream=codec_name,width", "-of", "csv=p=0"];
    const { output } = await run(["ffprobe", "-v", "error", ...entries, url], 15_000);
    return output.trim().split("\n").sort();
  };
  assertEquals(await probe(a.url("/live/s.flv")), ["aac", "h264,768"]);
  assertEquals(await probe(edge.url("/live/s.flv")), ["aac", "h264,768"]);
  assertEquals(await probe(a.url("/live/s.flv?only-audio")), ["aac"]);
  assertEquals(await probe(a.url("/live/s.flv?only-video")), ["h264,768"]);
});
