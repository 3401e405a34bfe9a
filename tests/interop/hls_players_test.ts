import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { Program, run, until } from "../kit/launcher.ts";
import { isInstalled } from "../kit/tools.ts";
import { HLS_FORMATS, type HlsFormat } from "../kit/hls/hls_formats.ts";
import { HlsCluster } from "../kit/hls/hls_cluster.ts";

/** What a player has decoded. */
interface Decoded {
  readonly video: number;
  readonly audio: number;
  /** What it complained of. */
  readonly complaints: string;
}

/** Plays an address for some seconds. @param folder For files of its own. */
type Play = (url: string, folder: string, format: HlsFormat) => Promise<Decoded>;

const WATCH_SECONDS = 8;
/** Of 25 pictures and 43 packets of sound a second. Players of live streams take their time at the beginning. */
const LEAST = { video: 75, audio: 120 };

/** What ffprobe counts in a file. */
async function countOf(file: string): Promise<Pick<Decoded, "video" | "audio">> {
  const entries = ["-count_packets", "-show_entries", "stream=codec_type,nb_read_packets", "-of", "csv=p=0"];
  const { output } = await run(["ffprobe", "-v", "error", ...entries, file], 15_000);
  const count = (kind: string) => Number(new RegExp(`${kind},(\\d+)`).exec(output)?.[1] ?? 0);
  return { video: count("video"), audio: count("audio") };
}

async function ffmpeg(url: string): Promise<Decoded> {
  const sink = ["-t", String(WATCH_SECONDS), "-map", "0:v", "-map", "0:a", "-f", "framecrc", "-"];
  const { output } = await run(["ffmpeg", "-v", "warning", "-i", url, ...sink], 40_000);
  const lines = output.split("\n");
  const count = (stream: number) => lines.filter((line) => line.startsWith(`${stream},`)).length;
  // Its demuxer reads the head of fragmented MP4 again with each playlist.
  const complaints = lines.filter((line) => !/^(?:#|\d,|$)|duplicated MOOV|Last message repeated/.test(line)).join(
    "\n",
  );
  return { video: count(0), audio: count(1), complaints };
}

/**
 * @param element `uridecodebin` takes `hlsdemux`, `uridecodebin3` the newer `hlsdemux2`. The older one takes the times in
 *   fragmented MP4 as if they began at 0: it decodes these, but would show them in the year 2081.
 */
function gstreamer(element: "uridecodebin" | "uridecodebin3"): Play {
  return async (url, _folder, { container }) => {
    const sync = element === "uridecodebin3" || container === "ts";
    const branches = ["video", "audio"].flatMap((kind) =>
      `d. ! ${kind}/x-raw ! queue ! ${kind}convert ! fakesink name=${kind} silent=false sync=${sync}`.split(" ")
    );
    const command = ["gst-launch-1.0", "-v", element, `uri=${url}`, "name=d", ...branches];
    await using player = new Program(command);
    const count = (kind: string) => player.output.split(`(${kind}:sink)`).length - 1;
    // It fills its buffers before it plays, and again when they run low.
    const isEnough = () => count("video") > LEAST.video && count("audio") > LEAST.audio;
    await until(() => isEnough() || player.hasEnded, 30_000, () => `frames: ${count("video")}, ${count("audio")}`);
    const complaints = player.output.split("\n").filter((line) => /^ERROR|^WARNING/.test(line)).join("\n");
    return { video: count("video"), audio: count("audio"), complaints };
  };
}

async function vlc(url: string, folder: string): Promise<Decoded> {
  const file = `${folder}/vlc.ts`;
  // It decodes, and what it decoded is encoded again.
  const sout = `#transcode{vcodec=mp2v,vb=400,acodec=mpga}:std{access=file,mux=ts,dst=${file}}`;
  const command = ["cvlc", "-I", "dummy", "--sout", sout, url];
  // It refuses to run as root.
  const user = Deno.uid() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  await using player = new Program([...user, ...command]);
  let counted = { video: 0, audio: 0 };
  // Its own option for a running time counts from the beginning of the playlist.
  await until(
    async () => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      counted = await countOf(file);
      return player.hasEnded || counted.video > LEAST.video && counted.audio > LEAST.audio;
    },
    40_000,
    () => `frames: ${JSON.stringify(counted)}; ${player.output}`,
  );
  const complaints = player.output.split("\n").filter((line) => /demux error|PSI decoder/.test(line)).join("\n");
  return { ...counted, complaints };
}

async function mpv(url: string, folder: string): Promise<Decoded> {
  const file = `${folder}/mpv.mkv`;
  const encode = [`--length=${WATCH_SECONDS}`, `--o=${file}`, "--ovc=mpeg2video", "--oac=mp2"];
  const { output } = await run(["mpv", "--no-config", "--msg-level=all=error", ...encode, url], 40_000);
  return { ...await countOf(file), complaints: output.trim() };
}

const players: readonly [name: string, program: string, play: Play][] = [
  ["ffmpeg", "ffmpeg", ffmpeg],
  ["GStreamer's hlsdemux", "gst-launch-1.0", gstreamer("uridecodebin")],
  ["GStreamer's hlsdemux2", "gst-launch-1.0", gstreamer("uridecodebin3")],
  ["VLC", "cvlc", vlc],
  ["mpv", "mpv", mpv],
];

const missing = ["ffmpeg", "ffprobe"].filter((program) => !isInstalled(program));

Deno.test({
  name: `HLS of an edge by players: MPEG-TS, CMAF and low latency${
    missing.length > 0 ? ` (not installed: ${missing.join(", ")})` : ""
  }`,
  ignore: missing.length > 0,
  async fn(t) {
    await using rig = await HlsCluster.start();
    for (const format of HLS_FORMATS) rig.publish("originA", format);
    const isThere = async (format: HlsFormat) => {
      const answer = await fetch(rig.playlist("edge", format));
      // So many segments that a player which begins three before the end has them.
      return (await answer.text()).split("#EXTINF").length > 3;
    };
    for (const format of HLS_FORMATS) await until(() => isThere(format), 30_000, () => rig.cluster.logs);
    for (const [name, program, play] of players) {
      await t.step({
        name: isInstalled(program) ? name : `${name} (not installed: ${program})`,
        ignore: !isInstalled(program),
        fn: () => Promise.all(HLS_FORMATS.map((format) => check(name, play, format, rig))).then(() => {}),
      });
    }
  },
});

async function check(name: string, play: Play, format: HlsFormat, rig: HlsCluster): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    // VLC is another user.
    await Deno.chmod(folder, 0o777);
    const { video, audio, complaints } = await play(rig.playlist("edge", format), folder, format);
    const what = `${name}, ${format.name}: ${video} pictures, ${audio} packets of sound\n`;
    Deno.stdout.writeSync(new TextEncoder().encode(`  ${what}`));
    assertEquals(complaints, "", what);
    assertGreater(video, LEAST.video, what);
    assertGreater(audio, LEAST.audio, what);
    assert(!rig.cluster.edge.hasEnded);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
