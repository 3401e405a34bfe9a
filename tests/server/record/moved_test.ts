import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { MemoryDisk } from "../../kit/memory/memory_disk.ts";
import { MemoryPublisher, MemoryViewer } from "../../kit/memory/memory_peers.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { RecordStage } from "./stage.ts";

const DVR = "dvr_path rec/[app]/[stream].[timestamp].flv; dvr_reconnect 10;";
const vhost = (coworker: string) => ({ vhost: `cluster { origin_cluster on; coworkers ${coworker}:1985; }` });

/** Two origins that record, each to a disk of its own. */
function origins() {
  const stage = new RecordStage(DVR, vhost("10.0.0.2"));
  const disk = new MemoryDisk(stage.network.timers);
  const other = new MemoryServer(stage.network, "10.0.0.2", RecordStage.file(DVR, vhost("10.0.0.1")), { disk });
  const publishAt = async (ip: string, firstId: number) => {
    const publisher = await MemoryPublisher.start(stage.host(), `${ip}:1935`, "s", firstId);
    await stage.run(3000);
    return publisher;
  };
  return { stage, other, disk, publishAt };
}

/** What `/api/v1/recordings` has at a server. */
async function listed(stage: RecordStage, ip: string): Promise<Record<string, unknown>[]> {
  const asked = stage.network.host("10.0.3.1").fetch(`http://${ip}:1985/api/v1/recordings/`, {});
  await stage.run(200);
  return (await (await asked).json()).recordings;
}

Deno.test("without a shared disk, a recording goes on at another origin in a file whose name bears epoch and part", async () => {
  const { stage, other, disk, publishAt } = origins();
  const first = await publishAt("10.0.0.1", 50);
  first[Symbol.dispose]();
  await stage.run(3000);
  const second = await publishAt("10.0.0.2", 1000);
  const [own] = await listed(stage, "10.0.0.1");
  const epoch = own!["epoch"] as number;
  const name = new RegExp(`^rec/live/s\\.\\d+-${epoch.toString(36)}-2\\.flv$`);
  const [moved] = await listed(stage, "10.0.0.2");
  assertMatch(moved!["file"] as string, name);
  assertEquals([own!["part"], moved!["epoch"], moved!["part"], moved!["state"]], [1, epoch, 2, "recording"]);
  second[Symbol.dispose]();
  await stage.run(5000);
  // By now the first origin has finished its file.
  const third = await publishAt("10.0.0.1", 2000);
  third[Symbol.dispose]();
  await stage.run(15_000);
  const parts = stage.hooks.calls.map(({ body }) => [body["epoch"], body["part"]]);
  assertEquals(parts.sort(), [[epoch, 1], [epoch, 2], [epoch, 3]]);
  assertMatch(disk.paths.join(), name);
  assert(stage.disk.paths.some((path) => path.endsWith(`-${epoch.toString(36)}-3.flv`)), stage.disk.paths.join());
  await other.stop();
  await stage.server.stop();
});

Deno.test("a recording whose origin has died goes on at another one as the part behind, as edges have seen the publish", async () => {
  const { stage, other, disk, publishAt } = origins();
  const edge = new MemoryServer(stage.network, "10.0.0.3", {
    vhost: "cluster { mode remote; origin 10.0.0.1:1935 10.0.0.2:1935; }",
  });
  using _viewer = await MemoryViewer.start(stage.host(), "10.0.0.3:1935", "s");
  const first = await publishAt("10.0.0.1", 50);
  const [own] = await listed(stage, "10.0.0.1");
  stage.server.host.kill();
  first[Symbol.dispose]();
  await stage.run(2000);
  const second = await publishAt("10.0.0.2", 1000);
  second[Symbol.dispose]();
  await stage.run(12_000);
  assertMatch(disk.paths.join(), new RegExp(`^rec/live/s\\.\\d+-${(own!["epoch"] as number).toString(36)}-2\\.flv$`));
  await edge.stop();
  await other.stop();
});

Deno.test("a publisher that comes to another origin when the recording is over begins a new one", async () => {
  const { stage, other, disk, publishAt } = origins();
  const first = await publishAt("10.0.0.1", 50);
  first[Symbol.dispose]();
  await stage.run(12_000);
  const second = await publishAt("10.0.0.2", 1000);
  second[Symbol.dispose]();
  await stage.run(12_000);
  assertMatch(disk.paths.join(), /^rec\/live\/s\.\d+\.flv$/);
  const parts = stage.hooks.calls.map(({ body }) => body["part"]);
  assertEquals(parts, [1, 1]);
  await other.stop();
  await stage.server.stop();
});
