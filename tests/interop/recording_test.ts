import { createFile, type ISOFile, MP4BoxBuffer } from "mp4box";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { Program, programCommand, run, until } from "../kit/launcher.ts";
import { clip, hashesOf, type PacketHashes } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";
import { BlackBox } from "./black_box_rig.ts";

/** A server with environment variables for recording. */
function recorder(env: Readonly<Record<string, string>>): Promise<BlackBox> {
  return BlackBox.start({
    SRS_VHOST_DVR_ENABLED: "on",
    SRS_VHOST_DVR_DVR_PATH: "./objs/nginx/html/[app]/[stream].[timestamp].mp4",
    SRS_VHOST_DVR_DVR_RECONNECT: "0",
    ...env,
  });
}

/** Names of the recordings of a stream, in order; the unfinished ones too. */
function filesOf(box: BlackBox, stream: string): string[] {
  const folder = `${box.dir}/objs/nginx/html/live`;
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.startsWith(`${stream}.`)).sort()
      .map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

async function hashesOfAll(files: readonly string[]): Promise<PacketHashes> {
  const each = await Promise.all(files.map(hashesOf));
  return { video: each.flatMap(({ video }) => video), audio: each.flatMap(({ audio }) => audio) };
}

/** Problems that ffmpeg finds when it decodes a file. */
async function problemsOf(file: string): Promise<string> {
  return (await run(["ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-"], 30_000)).output;
}

/** Publishes a file once with `push`. */
async function push(box: BlackBox, stream: string, file: string): Promise<void> {
  const { code, output } = await run(programCommand("push", "--no-loop", "-i", file, box.rtmpUrl(stream)), 60_000);
  assertEquals(code, 0, output);
}

const testSource = ["-f", "lavfi", "-i", "testsrc=size=192x108:rate=25", "-f", "lavfi", "-i", "sine=sample_rate=48000"];
const fragmented = ["-movflags", "frag_keyframe+delay_moov+default_base_moof"];

const codecs: readonly [name: string, args: readonly string[]][] = [
  ["H.264 and AAC", ["-c:v", "libx264", "-bf", "2", "-c:a", "aac"]],
  ["H.264 and MP3", ["-c:v", "libx264", "-c:a", "libmp3lame"]],
  ["HEVC and AAC", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-tag:v", "hvc1"]],
  ["VP9 and Opus", ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus", "-ac", "2"]],
  ["AV1 and Opus", ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-c:a", "libopus", "-ac", "2"]],
];

for (const [name, args] of codecs) {
  interopTest(`${name}: recorded in segments of MP4 and FLV, which hold each packet and can be pushed again`, [
    "ffmpeg",
    "ffprobe",
  ], async () => {
    await using box = await recorder({ SRS_VHOST_DVR_DVR_PLAN: "segment", SRS_VHOST_DVR_DVR_DURATION: "2" });
    const source = `${box.dir}/source.mp4`;
    const made = await run(
      ["ffmpeg", "-v", "error", ...testSource, "-t", "4", ...args, "-g", "25", ...fragmented, source],
      60_000,
    );
    assertEquals(made.code, 0, made.output);
    const sent = await hashesOf(source);
    await push(box, "a", source);
    await until(
      () => filesOf(box, "a").length > 0 && !filesOf(box, "a").some((file) => file.endsWith(".tmp")),
      10_000,
      () => `the recordings; ${box.program.output}`,
    );
    const files = filesOf(box, "a");
    assertEquals(files.length, 2, files.join());
    assertEquals(await hashesOfAll(files), sent);
    for (const file of files) await readByOthers(file);
    // What was recorded goes the same way again.
    await push(box, "b", files[0]!);
    await until(
      () => filesOf(box, "b").length > 0 && !filesOf(box, "b").some((file) => file.endsWith(".tmp")),
      10_000,
      () => "the second recording",
    );
    assertEquals(await hashesOfAll(filesOf(box, "b")), await hashesOf(files[0]!));
  });
}

/** ffmpeg decodes a file without a word, and mp4box and mediabunny see the same frames in it. */
async function readByOthers(file: string): Promise<void> {
  assertEquals(await problemsOf(file), "");
  const hashes = await hashesOf(file);
  const bytes = await Deno.readFile(file);
  const samples = samplesByMp4box(bytes);
  assertEquals(samples, { video: hashes.video.length, audio: hashes.audio.length });
  using input = new Input({ source: new BufferSource(bytes.buffer), formats: ALL_FORMATS });
  const [video, audio] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()];
  const packets = { video: 0, audio: 0 };
  for (const [kind, track] of [["video", video], ["audio", audio]] as const) {
    assert(track !== null);
    let lastS = -Infinity;
    for await (const packet of new EncodedPacketSink(track).packets()) {
      packets[kind]++;
      if (kind === "audio") assertGreater(packet.timestamp, lastS);
      lastS = packet.timestamp;
    }
  }
  assertEquals(packets, samples);
  assertLess(Math.abs(await input.computeDuration() - 2), 0.3);
}

function samplesByMp4box(bytes: Uint8Array<ArrayBuffer>): { video: number; audio: number } {
  const file: ISOFile = createFile();
  const errors: unknown[] = [];
  file.onError = (...args: unknown[]) => errors.push(args);
  let info: { isFragmented: boolean; tracks: { id: number; type?: string }[] } | null = null;
  file.onReady = (found) => info = found as typeof info;
  file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.slice().buffer, 0));
  file.flush();
  assertEquals(errors, []);
  const { isFragmented, tracks } = info!;
  assert(isFragmented);
  const count = (type: string) => {
    const track = tracks.find((each) => each.type === type)!;
    return file.getTrackSamplesInfo(track.id).length;
  };
  return { video: count("video"), audio: count("audio") };
}

interopTest("a recording that kill -9 cut off plays, and the next start finishes it", ["ffmpeg"], async () => {
  for (const extension of ["flv", "mp4"]) {
    const env = { SRS_VHOST_DVR_DVR_PATH: `./objs/nginx/html/[app]/[stream].${extension}` };
    await using box = await recorder(env);
    await using _publisher = box.publish("a");
    await until(() => filesOf(box, "a").length > 0, 10_000, () => "a recording");
    await new Promise((resolve) => setTimeout(resolve, 6000));
    box.program.kill("SIGKILL");
    await box.program.ended;
    const [left] = filesOf(box, "a");
    assertEquals(left!.endsWith(`a.${extension}.tmp`), true);
    const before = await hashesOf(left!);
    // Two seconds at most are missing.
    assertGreater(before.video.length, 3.5 * 25);
    const sent = await hashesOf(clip);
    assertEquals(before.video, sent.video.slice(0, before.video.length));
    await using _again = new Program(programCommand("-e"), {
      cwd: box.dir,
      env: {
        ...env,
        SRS_VHOST_DVR_ENABLED: "on",
        SRS_VHOST_DVR_DVR_RECONNECT: "0",
        SRS_LISTEN: String(box.rtmpPort),
        SRS_DAEMON: "off",
        SRS_SRS_LOG_FILE: "console",
        SRS_MAX_CONNECTIONS: "100",
        SRS_PID: "objs/again.pid",
      },
    });
    await until(() => filesOf(box, "a").includes(left!.replace(".tmp", "")), 30_000, () => _again.output);
    assertEquals(await hashesOf(left!.replace(".tmp", "")), before);
  }
});
