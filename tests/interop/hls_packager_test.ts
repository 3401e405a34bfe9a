import { concatBytes } from "../../src/base/bytes.ts";
import { masterPlaylist } from "../../src/hls/master_playlist.ts";
import { mediaPlaylist } from "../../src/hls/playlist.ts";
import { entryBytes } from "../../src/hls/segment.ts";
import type { Packager } from "../../src/hls/packager.ts";
import { encryptSegment, keyNumberOf, segmentKey } from "../../src/hls/encryption.ts";
import { assert, assertEquals, assertGreater, assertMatch } from "../kit/assert.ts";
import { enhancedPackets } from "../kit/media/encoded_media.ts";
import { clipPackets, hlsNames, hlsOptions, packaged } from "../kit/hls/hls_media.ts";
import { run } from "../kit/launcher.ts";
import { clip, hashesOf } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";

const low = { ...hlsOptions, partMs: 200 };

/** All segments in one file. */
function fileOf({ window }: Packager): Uint8Array {
  const init = window.entries[0]?.init;
  return concatBytes(...(init ? [init.bytes] : []), ...window.entries.flatMap(entryBytes));
}

/** What ffprobe says of every packet: codec, size and times, as JSON; and that it warns of nothing. */
async function probe(file: string): Promise<{ stream: string; pts: number; dts: number; duration: number }[]> {
  const fields = "packet=codec_type,pts_time,dts_time,duration_time,flags";
  const { code, output } = await run(
    ["ffprobe", "-v", "warning", "-show_entries", fields, "-of", "json", file],
    20_000,
  );
  assertEquals(code, 0, output);
  const at = output.indexOf("{");
  assertEquals(output.slice(0, at).trim(), "", "ffprobe warns");
  const { packets } = JSON.parse(output.slice(at)) as { packets: Record<string, string>[] };
  return packets.map((packet) => ({
    stream: packet.codec_type!,
    pts: Number(packet.pts_time),
    dts: Number(packet.dts_time),
    duration: Number(packet.duration_time),
  }));
}

/** Decoding times ascend, without holes longer than this. */
async function assertTimesAreWhole(file: string, holeSeconds: number): Promise<number> {
  const packets = await probe(file);
  for (const stream of ["video", "audio"]) {
    const times = packets.filter((packet) => packet.stream === stream).map(({ dts }) => dts);
    assert(stream === "video" || times.length > 0);
    times.forEach((dts, i) => {
      const step = i === 0 ? holeSeconds / 2 : dts - times[i - 1]!;
      assertGreater(step, 0, `${stream} ${i} at ${dts}`);
      assertGreater(holeSeconds, step, `${stream} ${i} at ${dts}`);
    });
  }
  return packets.length;
}

async function withFolder(fn: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await fn(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes everything that a client fetches. */
async function writeAll(folder: string, { window }: Packager, playlist: string): Promise<void> {
  await Deno.writeTextFile(`${folder}/x.m3u8`, playlist);
  for (const entry of window.entries) {
    if (entry.init !== null) await Deno.writeFile(`${folder}/${hlsNames.init(entry.init.id)}`, entry.init.bytes);
    await Deno.writeFile(`${folder}/${hlsNames.segment(entry)}`, concatBytes(...entryBytes(entry)));
  }
}

for (const container of ["ts", "cmaf"] as const) {
  interopTest(
    `ffprobe finds no broken times in ${container}, of the clip and of audio alone`,
    ["ffprobe"],
    () =>
      withFolder(async (folder) => {
        const whole = clipPackets();
        const streams = [whole, whole.filter(({ packet }) => packet.kind === "audio")];
        for (const packets of streams) {
          const packager = packaged(packets, { ...low, container });
          packager.endPublish(true);
          const file = `${folder}/all.${container === "ts" ? "ts" : "mp4"}`;
          await Deno.writeFile(file, fileOf(packager));
          assertGreater(await assertTimesAreWhole(file, 0.06), 800);
        }
      }),
  );

  interopTest(
    `ffmpeg plays a playlist of ${container}, and gets each frame as it was published`,
    ["ffmpeg"],
    () =>
      withFolder(async (folder) => {
        const options = { ...low, container };
        const packager = packaged(clipPackets(), options);
        packager.endPublish(true);
        await writeAll(folder, packager, mediaPlaylist(packager.window, { ...options, isEnded: true }, hlsNames));
        const { code, output } = await run(
          ["ffmpeg", "-v", "warning", "-i", `${folder}/x.m3u8`, "-f", "null", "-"],
          30_000,
        );
        assertEquals([code, output.trim()], [0, ""]);
        if (container === "cmaf") assertEquals(await hashesOf(`${folder}/x.m3u8`), await hashesOf(clip));
        // MPEG-TS has other bytes around the same frames.
        const direct = `${folder}/direct.mp4`;
        await run(
          ["ffmpeg", "-v", "error", "-i", `${folder}/x.m3u8`, "-c", "copy", "-bsf:a", "aac_adtstoasc", direct],
          30_000,
        );
        assertEquals((await hashesOf(direct)).audio, (await hashesOf(clip)).audio);
      }),
  );
}

interopTest(
  "ffmpeg decrypts segments with the keys that the playlist names",
  ["ffmpeg"],
  () =>
    withFolder(async (folder) => {
      const options = { ...hlsOptions, container: "ts", fragmentsPerKey: 3, isEnded: true } as const;
      const packager = packaged(clipPackets(), options);
      await writeAll(folder, packager, mediaPlaylist(packager.window, options, hlsNames));
      const plain = `${folder}/plain.ts`;
      await Deno.writeFile(plain, fileOf(packager));
      const secret = new TextEncoder().encode("a secret of the cluster");
      for (const entry of packager.window.entries) {
        const keyNumber = keyNumberOf(entry.number, 3);
        const key = segmentKey(secret, "live/livestream", keyNumber);
        await Deno.writeFile(`${folder}/${keyNumber}.key`, key);
        const sealed = encryptSegment(entryBytes(entry), key, entry.number);
        await Deno.writeFile(`${folder}/${hlsNames.segment(entry)}`, sealed);
      }
      const crypted = await run(
        [
          "ffmpeg",
          "-v",
          "error",
          "-allowed_extensions",
          "ALL",
          "-i",
          `${folder}/x.m3u8`,
          "-c",
          "copy",
          "-f",
          "framemd5",
          "-",
        ],
        30_000,
      );
      const open = await run(["ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-f", "framemd5", "-"], 30_000);
      const hashes = (text: string) =>
        text.split("\n").filter((line) => !line.startsWith("#")).map((line) => `${line[0]} ${line.split(",")[5]}`)
          .sort();
      assertGreater(hashes(open.output).length, 1500);
      assertEquals(hashes(crypted.output), hashes(open.output));
    }),
);

const encoders: [name: string, video: string[], audio: string[], codecs: RegExp, containers: ("ts" | "cmaf")[]][] = [
  [
    "HEVC and MP3",
    ["libx265", "-tag:v", "hvc1", "-x265-params", "keyint=50:log-level=error"],
    ["libmp3lame"],
    /hvc1\.1\.6\.L60\.90,mp4a\.40\.34/,
    ["ts", "cmaf"],
  ],
  ["AV1 and Opus", ["libaom-av1", "-cpu-used", "8"], ["libopus"], /av01\.0\.00M\.08,opus/, ["cmaf"]],
  [
    "VP9 and AAC",
    ["libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    ["aac"],
    /vp09\.00\.\d\d\.08,mp4a\.40\.2/,
    ["cmaf"],
  ],
];

for (const [name, video, audio, codecs, containers] of encoders) {
  interopTest(
    `${name}, of ffmpeg's encoders, come out as they went in, and decode`,
    ["ffmpeg"],
    () =>
      withFolder(async (folder) => {
        const source = `${folder}/source.mp4`;
        const inputs = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=3", "-f", "lavfi", "-i", "sine=r=48000:d=3"];
        const made = await run(
          [
            "ffmpeg",
            "-v",
            "error",
            ...inputs,
            "-c:v",
            ...video,
            "-g",
            "50",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            ...audio,
            source,
          ],
          60_000,
        );
        assertEquals(made.code, 0, made.output);
        const packets = enhancedPackets(await Deno.readFile(source));
        for (const container of containers) {
          const packager = packaged(packets, { ...low, container });
          packager.endPublish(true);
          assertMatch(masterPlaylist(packager.window, "x.m3u8"), codecs);
          const file = `${folder}/all.${container === "ts" ? "ts" : "mp4"}`;
          await Deno.writeFile(file, fileOf(packager));
          const decoded = await run(["ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-"], 60_000);
          assertEquals([decoded.code, decoded.output.trim()], [0, ""]);
          if (container === "cmaf") assertEquals(await hashesOf(file), await hashesOf(source));
          else assertEquals((await hashesOf(file)).audio, (await hashesOf(source)).audio);
        }
      }),
  );
}
