import { assert, assertEquals, assertGreater } from "../kit/assert.ts";
import { SeededRandom } from "../kit/fault/seeded_random.ts";
import { print } from "../kit/fault/gap_table.ts";
import { pause } from "../kit/fault/steps.ts";
import { HlsCluster, type OriginName } from "../kit/hls/hls_cluster.ts";
import { HLS_FORMATS } from "../kit/hls/hls_formats.ts";
import { readMediaPlaylist } from "../kit/hls/hls_rules.ts";
import { askOver, compareHashes } from "../kit/hls/hls_watch.ts";
import { HlsWatcher } from "../kit/hls/hls_watcher.ts";
import { type Program, until } from "../kit/launcher.ts";
import { isInstalled } from "../kit/tools.ts";

const ROUNDS = Number(Deno.args.find((arg) => arg.startsWith("--rounds="))?.slice(9) ?? 4);
const SEED = 20261128;
const missing = isInstalled("ffmpeg") ? "" : " (not installed: ffmpeg)";

Deno.test({
  name: `srs-ts: ${ROUNDS} owners of streams in HLS are killed one after the other, seed ${SEED}${missing}`,
  ignore: missing !== "",
}, async () => {
  const random = new SeededRandom(SEED);
  await using rig = await HlsCluster.start();
  const { cluster } = rig;
  const isThere = async (vhost: string) =>
    (await askOver(rig.base("edge"), 30_000)(`/live/s.m3u8?vhost=${vhost}`)).status === 200;
  let owner: OriginName = "originA";
  let publishers: Program[] = HLS_FORMATS.map((format) => rig.publish(owner, format));
  for (const { vhost } of HLS_FORMATS) await until(() => isThere(vhost), 30_000, () => cluster.logs);
  const ofEdge = HLS_FORMATS.map((format) => new HlsWatcher(rig, "edge", format));
  const all = [...ofEdge];
  for (let round = 0; round < ROUNDS; round++) {
    const other: OriginName = owner === "originA" ? "originB" : "originA";
    const watchers = HLS_FORMATS.map((format) => new HlsWatcher(rig, owner, format));
    all.push(...watchers);
    await pause(random.between(5000, 8000));
    const stopped = Promise.all(watchers.map((watcher) => watcher.stop(true)));
    await cluster.kill(owner);
    await stopped;
    for (const publisher of publishers) publisher.kill("SIGKILL");
    // As an encoder that notices sooner or later.
    await pause(random.between(0, 1500));
    publishers = HLS_FORMATS.map((format) => rig.publish(other, format));
    await pause(random.between(0, 2000));
    await cluster.restart(owner);
    owner = other;
  }
  await pause(7000);
  await Promise.all(ofEdge.map((watcher) => watcher.stop()));

  for (const { watch } of all) {
    assertEquals(watch.troubles, [], `${watch.name}\n${watch.lastText}`);
    assert(watch.overdue <= ROUNDS, `${watch.name}: ${watch.overdue} reloads were overdue`);
    assertEquals(watch.rules.breaches, [], `${watch.name}\n${watch.lastText}`);
  }
  for (const format of HLS_FORMATS) {
    const watches = all.filter((watcher) => watcher.format === format).map(({ watch }) => watch);
    const { shared, differing } = compareHashes(watches);
    assertEquals(differing, []);
    assertGreater(shared, ROUNDS);
    const { segments } = readMediaPlaylist(watches[0]!.lastText);
    assert(!segments.at(-1)!.isGap, watches[0]!.lastText);
    const gaps = [...watches[0]!.rules.segments.values()].filter(({ isGap }) => isGap).length;
    print(
      `HLS ${format.name}: ${shared} segments and parts equal on owners and edge, ${gaps} gaps, ${
        watches[0]!.overdue
      } overdue`,
    );
  }
});
