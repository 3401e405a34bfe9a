import { assert, assertEquals, assertGreater, assertLess } from "../kit/assert.ts";
import { PLAY_PATH_HEADER } from "../../src/server/play/play_path.ts";
import { ZERO_HEADER } from "../../src/stream/publish_facts.ts";
import { readMediaPlaylist } from "../kit/hls/hls_rules.ts";
import { askOver, compareHashes } from "../kit/hls/hls_watch.ts";
import { HlsWatcher } from "../kit/hls/hls_watcher.ts";
import { run, until } from "../kit/launcher.ts";
import { interopTest } from "../kit/tools.ts";
import { HLS_FORMATS, HLS_FRAGMENT_MS, type HlsFormat } from "../kit/hls/hls_formats.ts";
import { HlsCluster } from "../kit/hls/hls_cluster.ts";

/** `HLS_SECONDS=60` watches for longer. */
const SECONDS = Number(Deno.env.get("HLS_SECONDS") ?? 20);
/** The owner is killed in the middle. */
const HALF_MS = SECONDS * 500;
const LEAST_SEGMENTS = 3;
const BUSY_MS = 60_000;

/** What a server sends to other servers of a stream, as a file, until it ends. */
class Recording {
  readonly done: Promise<void>;
  zeroMs = NaN;
  readonly path: string;

  constructor(path: string, url: string) {
    this.path = path;
    this.done = this.#run(url);
  }

  async #run(url: string): Promise<void> {
    using file = await Deno.create(this.path);
    const answer = await fetch(url, { headers: { [PLAY_PATH_HEADER]: "" } });
    assertEquals(answer.status, 200);
    this.zeroMs = Number(answer.headers.get(ZERO_HEADER));
    try {
      for await (const piece of answer.body!) await file.write(piece);
    } catch {
      // The server was killed.
    }
  }
}

/** Segments that were fetched. */
function numbersOf({ watch }: Pick<HlsWatcher, "watch">): number[] {
  return watch.addresses("segment").map((address) => Number(placeOf(address)));
}

/** Discontinuities in a playlist. */
function breaksOf(text: string): number {
  return new Set(readMediaPlaylist(text).segments.map(({ discontinuity }) => discontinuity)).size - 1;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The hash of each number and part of a recording, as another process makes them. */
async function remade({ path, zeroMs }: Recording, { container, partMs }: HlsFormat): Promise<Record<string, string>> {
  const script = new URL("../kit/hls/hls_remake.ts", import.meta.url).pathname;
  const sizes = { fragmentMs: HLS_FRAGMENT_MS, partMs, windowMs: 600_000, maxBytes: 1e9 };
  const options = JSON.stringify({ ...sizes, container, zeroMs });
  const { code, output } = await run([Deno.execPath(), "run", "-A", "--no-check", script, path, options], 30_000);
  assertEquals(code, 0, output);
  return JSON.parse(output);
}

/** `7` or `7.0` of an address. */
const placeOf = (address: string) => /-(\d+(?:\.\d+)?)\.\w+\?/.exec(address)![1]!;

interopTest(
  "HLS: the death of the owner, and all segments and parts have the same bytes on three processes, and if made again",
  ["ffmpeg"],
  async () => {
    await using rig = await HlsCluster.start();
    for (const format of HLS_FORMATS) rig.publish("originA", format);
    for (const { vhost } of HLS_FORMATS) {
      const isThere = async () =>
        (await askOver(rig.base("originA"), 30_000)(`/live/s.m3u8?vhost=${vhost}`)).status === 200;
      await until(isThere, 20_000, () => rig.cluster.logs);
    }
    const folder = await Deno.makeTempDir();
    await using _folder = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
    const recordings = HLS_FORMATS.map(({ vhost }) =>
      new Recording(`${folder}/${vhost}.flv`, `${rig.base("originA")}/live/s.flv?vhost=${vhost}`)
    );
    const watchers = HLS_FORMATS.flatMap((format) =>
      (["originA", "originB", "edge"] as const).map((server) => new HlsWatcher(rig, server, format))
    );
    await pause(HALF_MS);
    // A busy machine takes longer.
    const hasSome = ({ watch }: HlsWatcher) => watch.addresses("segment").length >= LEAST_SEGMENTS;
    await until(() => watchers.every(hasSome), BUSY_MS, () => rig.cluster.logs);

    const ofA = watchers.filter(({ server }) => server === "originA");
    const ended = Promise.all(ofA.map((watcher) => watcher.stop(true)));
    await rig.cluster.kill("originA");
    for (const format of HLS_FORMATS) rig.publish("originB", format);
    await Promise.all([ended, ...recordings.map(({ done }) => done)]);
    await pause(HALF_MS);
    const living = watchers.filter(({ server }) => server !== "originA");
    const goesOn = ({ watch }: HlsWatcher) => breaksOf(watch.lastText) === 1;
    await until(() => living.every(goesOn), BUSY_MS, () => rig.cluster.logs);
    await Promise.all(living.map((watcher) => watcher.stop()));

    for (const { watch } of watchers) {
      assert(watch.overdue <= 1, `${watch.name}: ${watch.overdue} reloads were overdue`);
      assertEquals(watch.troubles, [], `${watch.name}\n${watch.lastText}`);
      assertEquals(watch.rules.breaches, [], `${watch.name}\n${watch.lastText}`);
    }
    for (const [i, format] of HLS_FORMATS.entries()) {
      const [a, b, edge] = watchers.filter((watcher) => watcher.format === format) as [
        HlsWatcher,
        HlsWatcher,
        HlsWatcher,
      ];
      const { shared, differing } = compareHashes([a.watch, b.watch, edge.watch]);
      assertEquals(differing, []);
      print(
        `  HLS ${format.name}: ${shared} equal; segments and parts of A, B, edge: ` +
          [a, b, edge].map(({ watch }) => `${watch.addresses("segment").length} + ${watch.addresses("part").length}`)
            .join(", "),
      );
      // What A had, the others had as well, from where they began until shortly before its death.
      const ofOwner = numbersOf(a);
      const fresh = Math.max(...ofOwner) - 1;
      for (const { watch } of [b, edge]) {
        const numbers = numbersOf({ watch });
        const wanted = ofOwner.filter((number) => number >= Math.min(...numbers) && number < fresh);
        assertEquals(wanted.filter((number) => !numbers.includes(number)), [], watch.name);
        assertGreater(wanted.length, 0, `${watch.name}: ${numbers.join(" ")}; A: ${ofOwner.join(" ")}`);
        // And it goes on behind it: one discontinuity, and the newest is not old.
        assertEquals(breaksOf(watch.lastText), 1, watch.lastText);
        const last = readMediaPlaylist(watch.lastText).segments.at(-1)!;
        assert(!last.isGap, watch.lastText);
        assertLess(Date.now() - last.startMs! - 1000 * last.seconds, 4 * HLS_FRAGMENT_MS, watch.lastText);
      }
      const again = await remade(recordings[i]!, format);
      const served = new Map(
        Array.from(a.watch.hashes, ([address, hash]) => [address, hash] as const).filter(
          ([address]) => !/init|key/.test(address),
        ).map(([address, hash]) => [placeOf(address), hash]),
      );
      const both = Object.keys(again).filter((place) => served.has(place));
      assertEquals(both.filter((place) => served.get(place) !== again[place]), [], format.name);
      assertGreater(both.length, 1);
      print(`  HLS ${format.name}: ${both.length} made again by another process, all equal`);
    }
  },
);

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
