import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../kit/assert.ts";
import { freePort, Program, run, until } from "../kit/launcher.ts";
import { BlackBox, type Recording } from "./black_box_rig.ts";
import { clip, parseFrameMd5 } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

/**
 * The scenarios of SRS's black-box tests (`trunk/3rdparty/srs-bench/blackbox`) that concern RTMP, HTTP streaming and the
 * API, with this program in the place of SRS.
 */
const tools = ["ffmpeg", "ffprobe"] as const;
const web = { SRS_HTTP_SERVER_ENABLED: "on", SRS_VHOST_HTTP_REMUX_ENABLED: "on" };
const mp3 = ["-vcodec", "copy", "-acodec", "libmp3lame"];

function assertWhole(recording: Recording, codecs: Record<string, string>, { score = 90 } = {}): void {
  assertEquals(recording.codecs, codecs);
  assertEquals(recording.streams, Object.keys(codecs).length);
  assert(recording.probeScore >= score, `score ${recording.probeScore}`);
  assertGreater(recording.seconds, 2.8);
}

const plain = { video: "h264", audio: "aac" };

interopTest(
  "SRS's environment: RTMP and HTTP-FLV are played whole, the pid file is there while it runs",
  tools,
  async () => {
    await using box = await BlackBox.start(web);
    await using publisher = box.publish("s");
    const [rtmp, flv] = await Promise.all([box.record(box.rtmpUrl("s")), box.record(box.httpUrl("/live/s.flv"))]);
    assertWhole(rtmp, plain);
    assertWhole(flv, plain);
    assertEquals(publisher.output, "");
    const pid = Number(await Deno.readTextFile(`${box.dir}/objs/srs-test.pid`));
    assertGreater(pid, 1);
    box.program.kill("SIGTERM");
    assertEquals((await box.program.status(8000)).code, 0, box.program.output);
  },
);

interopTest("SRS 7's newer name of the port: SRS_RTMP_LISTEN", tools, async () => {
  const port = String(freePort());
  await using box = await BlackBox.start({ SRS_LISTEN: "", SRS_RTMP_LISTEN: port });
  const url = `rtmp://localhost:${port}/live/s`;
  await using _publisher = new Program(["ffmpeg", "-v", "error", "-re", "-i", clip, "-c", "copy", "-f", "flv", url]);
  assertWhole(await box.record(url), plain);
});

interopTest("SRS_CHUNK_SIZE=128 and others: a stream is played whole", tools, async () => {
  await Promise.all(["128", "4096", "65536"].map(async (size) => {
    await using box = await BlackBox.start({ SRS_CHUNK_SIZE: size });
    await using _publisher = box.publish("s");
    assertWhole(await box.record(box.rtmpUrl("s")), plain);
  }));
});

interopTest("MP3 is played whole over RTMP and HTTP-FLV", tools, async () => {
  await using box = await BlackBox.start({ ...web, SRS_VHOST_HTTP_REMUX_GUESS_HAS_AV: "off" });
  await using _publisher = box.publish("s", ...mp3);
  const [rtmp, flv] = await Promise.all([box.record(box.rtmpUrl("s")), box.record(box.httpUrl("/live/s.flv"))]);
  for (const recording of [rtmp, flv]) assertWhole(recording, { video: "h264", audio: "mp3" });
});

interopTest("MP3 alone is played whole over HTTP-MP3", tools, async () => {
  await using box = await BlackBox.start({ ...web, SRS_VHOST_HTTP_REMUX_MOUNT: "[vhost]/[app]/[stream].mp3" });
  await using _publisher = box.publish("s", "-vn", "-acodec", "libmp3lame");
  // The score of MP3 is low, with SRS too.
  assertWhole(await box.record(box.httpUrl("/live/s.mp3"), "mp3"), { audio: "mp3" }, { score: 25 });
});

interopTest("HTTP-TS is played whole, with AAC and with MP3", tools, async () => {
  await using box = await BlackBox.start({ ...web, SRS_VHOST_HTTP_REMUX_MOUNT: "[vhost]/[app]/[stream].ts" });
  await using _aac = box.publish("aac");
  await using _mp3 = box.publish("mp3", ...mp3);
  await Promise.all(["aac", "mp3"].map(async (audio) => {
    // The score of a transport stream is low, with SRS too.
    const recording = await box.record(box.httpUrl(`/live/${audio}.ts`), "ts");
    assertWhole(recording, { video: "h264", audio }, { score: 25 });
  }));
});

interopTest("HTTP-TS shows the same pictures and sound, at the same distances in time", tools, async () => {
  await using box = await BlackBox.start({ ...web, SRS_VHOST_HTTP_REMUX_MOUNT: "[vhost]/[app]/[stream].ts" });
  const decoded = (...input: string[]) =>
    new Program(["ffmpeg", "-v", "error", ...input, "-t", "4", "-fps_mode", "passthrough", "-f", "framemd5", "-"]);
  await using player = decoded("-i", box.httpUrl("/live/s.ts"));
  await until(() => box.program.output.includes("play /live/s over HTTP"), 10_000, () => box.program.output);
  await using _publisher = box.publish("s");
  await using original = decoded("-i", clip);
  assertEquals((await player.status(20_000)).code, 0, player.output);
  await original.status(20_000);
  const [got, expected] = [parseFrameMd5(player.output), parseFrameMd5(original.output)];
  assertGreater(got.video.length, 90);
  assertEquals(got.video, expected.video.slice(0, got.video.length));
  // The decoder cuts the first frame of the clip short, which the transport stream cannot say.
  assertGreater(got.audio.filter((hash) => expected.audio.includes(hash)).length, got.audio.length - 5);
});

/** Times of the first packets that a player gets, in seconds. */
async function firstTimes(url: string, count = 6): Promise<number[]> {
  const entries = ["-show_entries", "packet=dts_time", "-read_intervals", `%+#${count}`, "-of", "csv=p=0"];
  const { output } = await run(["ffprobe", "-v", "error", ...entries, url], 15_000);
  return output.trim().split("\n").map((line) => parseFloat(line)).filter((seconds) => !Number.isNaN(seconds));
}

interopTest("SRS_VHOST_PLAY_ATC=on keeps the publisher's times, off begins at 0", tools, async () => {
  await Promise.all(["on", "off"].map(async (atc) => {
    await using box = await BlackBox.start({ ...web, SRS_VHOST_PLAY_ATC: atc });
    const from = ["-output_ts_offset", "3600", "-copyts", "-c", "copy"];
    const source = ["-v", "error", "-re", "-i", clip];
    await using _publisher = new Program(["ffmpeg", ...source, ...from, "-f", "flv", box.rtmpUrl("s")]);
    await until(() => box.program.output.includes("publish /live/s"), 10_000, () => box.program.output);
    for (const url of [box.rtmpUrl("s"), box.httpUrl("/live/s.flv")]) {
      const times = await firstTimes(url);
      assertGreater(times.length, 2, url);
      for (const time of times) {
        if (atc === "on") assert(time >= 3600 && time < 3630, `${url}: ${times}`);
        else assertLess(time, 30, `${url}: ${times}`);
      }
    }
  }));
});

interopTest(
  "SRS_VHOST_PLAY_ATC_AUTO=on keeps the times of an encoder that says that they are absolute",
  tools,
  async () => {
    await using box = await BlackBox.start({ SRS_VHOST_PLAY_ATC_AUTO: "on" });
    const from = ["-output_ts_offset", "3600", "-copyts", "-c", "copy", "-f", "flv"];
    const publish = (stream: string, ...metadata: string[]) =>
      new Program(["ffmpeg", "-v", "error", "-re", "-i", clip, ...metadata, ...from, box.rtmpUrl(stream)]);
    await using _absolute = publish("absolute", "-metadata", "bravo_atc=true");
    await using _other = publish("other");
    const [absolute, other] = await Promise.all(["absolute", "other"].map((stream) => firstTimes(box.rtmpUrl(stream))));
    assert(absolute!.length > 2 && absolute!.every((time) => time >= 3600), `${absolute}`);
    assert(other!.length > 2 && other!.every((time) => time < 30), `${other}`);
  },
);

interopTest("SRS_VHOST_PLAY_MIX_CORRECT=on: a stream is played whole, in order", tools, async () => {
  await using box = await BlackBox.start({ SRS_VHOST_PLAY_MIX_CORRECT: "on" });
  await using _publisher = box.publish("s");
  assertWhole(await box.record(box.rtmpUrl("s")), plain);
  const times = await firstTimes(box.rtmpUrl("s"), 200);
  assertGreater(times.length, 150);
  assertEquals(times.filter((time, i) => i > 0 && time < times[i - 1]!), []);
});

interopTest("SRS_VHOST_PLAY_ATC=on: a stream is played whole", tools, async () => {
  await using box = await BlackBox.start({ SRS_VHOST_PLAY_ATC: "on" });
  await using _publisher = box.publish("s");
  assertWhole(await box.record(box.rtmpUrl("s")), plain);
});

interopTest("SRS_HTTP_API_AUTH_ENABLED=on: the API asks for the password", [], async () => {
  await using box = await BlackBox.start({
    SRS_HTTP_API_AUTH_ENABLED: "on",
    SRS_HTTP_API_AUTH_USERNAME: "admin",
    SRS_HTTP_API_AUTH_PASSWORD: "admin",
  });
  const versions = "/api/v1/versions";
  assertEquals((await box.api(versions, "admin:admin")).status, 200);
  for (const user of ["", "admin:123456", "admin:", ":admin", "root:admin", "admin:admin2"]) {
    assertEquals((await box.api(versions, user)).status, 401, user);
  }
  const answer = await fetch(`http://localhost:${box.apiPort}${versions}`);
  await answer.body?.cancel();
  assertMatch(answer.headers.get("www-authenticate") ?? "", /^Basic /);
});

interopTest("the API tells of server, stream and clients, with the members of SRS", tools, async () => {
  await using box = await BlackBox.start(web);
  await using _publisher = box.publish("s");
  await using _player = new Program(["ffmpeg", "-v", "error", "-i", box.rtmpUrl("s"), "-c", "copy", "-f", "null", "-"]);
  const list = async (name: string) => {
    const { status, body } = await box.api(`/api/v1/${name}`);
    assertEquals([status, body.code, body.server], [200, 0, "srs-id-test"], name);
    return body[name] as Record<string, unknown>[];
  };
  const clientsAt = async (count: number) => (await list("clients")).length === count;
  await until(() => clientsAt(2), 10_000, () => box.program.output);
  await until(async () => (await list("streams"))[0]?.video instanceof Object, 10_000, () => box.program.output);

  const versions = (await box.api("/api/v1/versions")).body.data as Record<string, unknown>;
  assertEquals(["major", "minor", "revision", "version"].filter((name) => !(name in versions)), []);
  const { data } = (await box.api("/api/v1/summaries")).body as { data: Record<string, Record<string, unknown>> };
  assertEquals(data.ok, true as unknown);
  assertEquals(
    ["pid", "ppid", "argv", "cwd", "mem_kbyte", "cpu_percent", "srs_uptime"].filter((n) => !(n in data.self!)),
    [],
  );
  assertEquals(["cpu_percent", "mem_ram_kbyte", "cpus", "uptime", "conn_srs"].filter((n) => !(n in data.system!)), []);
  assertEquals(data.self!.pid, Number(await Deno.readTextFile(`${box.dir}/objs/srs-test.pid`)));

  const [stream] = await list("streams");
  const { name, app, url, publish, video, audio, clients, kbps } = stream as Record<string, Record<string, unknown>>;
  assertEquals([name, app, url, clients] as unknown[], ["s", "live", "/live/s", 2]);
  assertEquals([publish!.active, typeof publish!.cid], [true, "string"]);
  assertEquals([video!.codec, video!.width, video!.height], ["H264", 768, 320]);
  assertEquals([audio!.codec, audio!.channel], ["AAC", 2]);
  assertEquals(Object.keys(kbps!).toSorted(), ["recv_30s", "send_30s"]);

  const shown = await list("clients");
  assertEquals(shown.map(({ type, publish }) => `${type} ${publish}`).toSorted(), [
    "fmle-publish true",
    "rtmp-play false",
  ]);
  const members = [
    "id",
    "vhost",
    "stream",
    "ip",
    "pageUrl",
    "swfUrl",
    "tcUrl",
    "url",
    "name",
    "type",
    "publish",
    "alive",
  ];
  for (const client of shown) assertEquals(members.filter((member) => !(member in client)), []);
  const { id: vhost, streams, clients: inVhost } = (await list("vhosts"))[0]!;
  assertEquals([streams, inVhost, stream!.vhost], [1, 2, vhost]);

  const player = shown.find(({ type }) => type === "rtmp-play")!;
  const kicked = await fetch(`http://localhost:${box.apiPort}/api/v1/clients/${player.id}`, { method: "DELETE" });
  assertEquals((await kicked.json()).code, 0);
  await until(() => clientsAt(1), 5000, () => box.program.output);
});
