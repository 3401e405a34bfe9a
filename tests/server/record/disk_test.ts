import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "../../kit/assert.ts";
import { key } from "../../kit/media/packets.ts";
import type { MemoryPublisher } from "../../kit/memory/memory_peers.ts";
import { RecordStage } from "./stage.ts";

const DVR = "dvr_path rec/[stream].[timestamp].flv; dvr_reconnect 0;";
const MIB = 1024 * 1024;

/** Sends keyframes of one MiB, five a second, beside what the publisher sends. */
async function sendLarge(stage: RecordStage, publisher: MemoryPublisher, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    publisher.send(key(100_000 + i, stage.network.timers.nowMs() % 1_000_000, MIB));
    await stage.run(200);
  }
}

Deno.test("a slow disk delays no player, fills no memory, and costs frames up to a keyframe, with one line for it", async () => {
  await using stage = new RecordStage(DVR);
  const publisher = await stage.publish("s", 50);
  const viewer = await stage.play();
  await stage.run(2000);
  stage.disk.writeMs = 60_000;
  const writesBefore = stage.disk.writes;
  await sendLarge(stage, publisher, 60);
  // Over a minute: one write has ended.
  assertLess(stage.disk.writes - writesBefore, 4);
  assertLess(viewer.worstGapMs, 500);
  assertGreater(viewer.frames.filter((each) => /^K1000\d\d$/.test(each)).length, 55);
  assertEquals(stage.server.log.find("too slow").length, 1);
  const { budget } = stage.server.server.recorder;
  assert(budget.usedBytes > 8 * MIB && budget.usedBytes < 24 * MIB, `${budget.usedBytes}`);
  stage.disk.writeMs = 0;
  await stage.run(70_000);
  assertEquals(budget.usedBytes < MIB, true);
  assertMatch(stage.server.log.find("frames are missing").join(), /goes on, \d+ frames are missing/);
  publisher[Symbol.dispose]();
  await stage.run(1000);
  const [path] = stage.disk.paths;
  const video = stage.labels(path!).filter((each) => /^[KI]\d/.test(each)).map((each) => each.split("@")[0]!);
  const firstMissing = video.findIndex((each, i) =>
    each.startsWith("I") && numberOf(each) - numberOf(video[i - 1]!) > 4
  );
  assertEquals(firstMissing, -1);
  assertEquals(stage.disk.openCount, 0);
});

function numberOf(name: string): number {
  return Number(name.slice(1));
}

Deno.test("on a full disk the stream goes on, one line says why, and recording goes on when there is room", async () => {
  await using stage = new RecordStage(DVR);
  const publisher = await stage.publish("s", 50);
  const viewer = await stage.play();
  await stage.run(3000);
  stage.disk.capacityBytes = stage.disk.usedBytes + 700;
  await stage.run(30_000);
  assertEquals(stage.server.log.find("the disk is full").length, 1);
  assertEquals(stage.disk.paths.length, 1);
  const [first] = stage.disk.paths;
  assertMatch(first!, /\.flv$/);
  // What had been written as a whole is kept, with its length.
  const last = stage.labels(first!).at(-1)!;
  assertEquals(stage.metadata(first!).duration, Number(last.split("@")[1]) / 1000);
  assertLess(viewer.worstGapMs, 500);
  stage.disk.capacityBytes = Infinity;
  await stage.run(10_000);
  assertEquals(stage.server.log.find("records again").length, 1);
  publisher[Symbol.dispose]();
  await stage.run(1000);
  assertEquals(stage.disk.paths.length, 2);
  assertMatch(stage.labels(stage.disk.paths[1]!)[2]!, /^[KA]\d+@0$/);
  assertEquals(stage.hooks.calls.length, 2);
});

Deno.test("what a crash leaves is finished at the next start, up to its last whole frame", async () => {
  const stage = new RecordStage("dvr_path rec/[app]/[stream].[timestamp].flv;");
  await stage.publish("s", 50);
  await stage.run(5000);
  stage.server.host.kill();
  await stage.run(1000);
  const [tmp] = stage.disk.paths;
  assertMatch(tmp!, /\.flv\.tmp$/);
  const whole = stage.disk.read(tmp!);
  stage.disk.put(tmp!, new Uint8Array([...whole, 9, 0, 0, 100, 1, 2, 3, 0, 0, 0, 0, 1, 2, 3]));
  stage.disk.put("rec/live/other.1.flv.tmp", Uint8Array.of(1, 2, 3));
  stage.disk.put("rec/live/notes.txt.tmp", Uint8Array.of(1, 2, 3));
  const server = stage.serve("dvr_path ./rec/[app]/[stream].[timestamp].flv;");
  await stage.run(25_000);
  const path = tmp!.replace(".tmp", "");
  assertEquals(stage.disk.paths, ["rec/live/notes.txt.tmp", path]);
  const labels = stage.labels(path);
  assertEquals(labels[2], "K50@0");
  assertGreater(labels.length, 200);
  assertEquals(stage.metadata(path).filesize, stage.disk.read(path).length);
  assertEquals(stage.metadata(path).duration, Number(labels.at(-1)!.split("@")[1]) / 1000);
  const { file, stream, app } = stage.hooks.calls.at(-1)!.body;
  assertEquals([file, app, stream], [`./${path}`, "live", "s"]);
  const [entry] = server.server.recorder.book.all();
  assertEquals([entry!.key, entry!.state, entry!.path], ["/live/s", "finished", `./${path}`]);
  await server.stop();
});

Deno.test("a file that another server writes is left alone", async () => {
  await using stage = new RecordStage("dvr_path rec/[stream].flv; dvr_reconnect 10;");
  stage.disk.put("rec/other.flv.tmp", Uint8Array.of(0x46, 0x4c, 0x56));
  await stage.server.stop();
  stage.serve("dvr_path rec/[stream].flv; dvr_reconnect 10;");
  for (let i = 0; i < 4; i++) {
    await stage.run(8000);
    stage.disk.put("rec/other.flv.tmp", Uint8Array.of(0x46, 0x4c, 0x56, i));
  }
  assertEquals(stage.disk.paths, ["rec/other.flv.tmp"]);
});

Deno.test("a disk that hangs does not keep the server from its end, nor from streams", async () => {
  const stage = new RecordStage(`dvr_plan segment; dvr_duration 1; ${DVR}`);
  const publisher = await stage.publish("s", 50);
  const viewer = await stage.play();
  await stage.run(2000);
  stage.disk.isHung = true;
  await stage.run(60_000);
  publisher[Symbol.dispose]();
  // Publishers that come and go open no files without end.
  for (let i = 0; i < 20; i++) {
    using _ = await stage.publish("s", 50);
    await stage.run(3000);
  }
  assertLess(viewer.worstGapMs, 5000);
  const open = stage.disk.openCount;
  const stopped = stage.server.server.stop();
  let isStopped = false;
  stopped.then(() => isStopped = true);
  await stage.run(10_000);
  assert(isStopped);
  assertLess(open, 60);
  await stage.server.http.stop();
});
