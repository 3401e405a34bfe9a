import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { run, until } from "../kit/launcher.ts";
import { clip, hashesOf } from "../kit/media/media.ts";
import { interopTest } from "../kit/tools.ts";
import { BlackBox } from "./black_box_rig.ts";

const PUBLISH_MS = 4000;

/** Two programs that record to one directory. */
class SharedDisk implements AsyncDisposable {
  readonly dir = Deno.makeTempDirSync();

  start(extension: string): Promise<BlackBox> {
    return BlackBox.start({
      SRS_VHOST_DVR_ENABLED: "on",
      SRS_VHOST_DVR_DVR_PATH: `${this.dir}/[app]/[stream].${extension}`,
      SRS_VHOST_DVR_DVR_RECONNECT: "6",
    });
  }

  get files(): string[] {
    try {
      return [...Deno.readDirSync(`${this.dir}/live`)].map(({ name }) => name).sort();
    } catch {
      return [];
    }
  }

  size(name: string): number {
    return this.files.includes(name) ? Deno.statSync(this.path(name)).size : 0;
  }

  path(name: string): string {
    return `${this.dir}/live/${name}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Publishes the clip for a while. */
async function publish(box: BlackBox): Promise<void> {
  await using _publisher = box.publish("a");
  await pause(PUBLISH_MS);
}

async function statesAt(box: BlackBox): Promise<unknown[]> {
  const { body } = await box.api("/api/v1/recordings/");
  return (body.recordings as { state: string }[]).map(({ state }) => state);
}

/** The frames are those of the clip's beginning, again and again; ffmpeg decodes them all. */
async function assertBeginnings(file: string, count: number): Promise<void> {
  const { video } = await hashesOf(file);
  const sent = (await hashesOf(clip)).video;
  const starts = video.flatMap((hash, i) => hash === sent[0] ? [i] : []);
  assertEquals(starts.length, count);
  for (const [i, start] of starts.entries()) {
    const part = video.slice(start, starts[i + 1]);
    // Most of what was published; a crash takes two seconds at most.
    assertGreater(part.length, 25);
    assertEquals(part, sent.slice(0, part.length));
  }
  const { output } = await run(["ffmpeg", "-v", "warning", "-i", file, "-f", "null", "-"], 30_000);
  // Frames that were shown later than they were sent reach over the seam.
  const problems = output.split("\n").filter((line) =>
    line !== "" && !line.includes("non monotonically increasing dts")
  );
  assertEquals(problems, []);
}

interopTest("two programs on one disk: what one was recording when it was killed goes on at the other", [
  "ffmpeg",
  "ffprobe",
], async () => {
  for (const extension of ["mp4", "flv"]) {
    await using disk = new SharedDisk();
    await using first = await disk.start(extension);
    await using second = await disk.start(extension);
    const before = publish(first);
    await until(() => disk.size(`a.${extension}.tmp`) > 40_000, 20_000, () => first.program.output);
    first.program.kill("SIGKILL");
    await before;
    assertEquals(disk.files, [`a.${extension}.tmp`]);
    await publish(second);
    await until(() => disk.files.includes(`a.${extension}`), 15_000, () => `${disk.files}; ${second.program.output}`);
    assertEquals(disk.files, [`a.${extension}`]);
    await assertBeginnings(disk.path(`a.${extension}`), 2);
    assertEquals(await statesAt(second), ["finished"]);
  }
});

interopTest(
  "two programs on one disk: one that stands still keeps its file, and a publisher that left goes on elsewhere",
  [
    "ffmpeg",
    "ffprobe",
  ],
  async () => {
    await using disk = new SharedDisk();
    await using first = await disk.start("mp4");
    await using second = await disk.start("mp4");
    await publish(first);
    await pause(500);
    assertEquals(await statesAt(first), ["waiting"]);
    const atSecond = publish(second);
    await pause(2500);
    assertEquals([await statesAt(first), await statesAt(second)], [[], ["recording"]]);
    second.program.kill("SIGSTOP");
    await atSecond;
    await publish(first);
    second.program.kill("SIGCONT");
    await until(() => !disk.files.some((name) => name.endsWith(".tmp")), 30_000, () => disk.files.join());
    const [own, shared, ...more] = disk.files;
    assertEquals([shared, more], ["a.mp4", []]);
    assert(/^a-[0-9a-z]+-2\.mp4$/.test(own!), own);
    await assertBeginnings(disk.path(shared!), 2);
    await assertBeginnings(disk.path(own!), 1);
  },
);
