import { Mp4Demuxer } from "../../../src/cli/push/mp4_demuxer.ts";
import { assert, assertEquals, assertGreater, assertMatch } from "../../kit/assert.ts";
import { MemoryServer } from "../../kit/memory/memory_server.ts";
import { MemoryPublisher } from "../../kit/memory/memory_peers.ts";
import { key, videoHeader } from "../../kit/media/packets.ts";
import { RecordStage } from "./stage.ts";

const DVR = "dvr_path rec/[app]/[stream].[timestamp].flv; dvr_reconnect 10;";

/** A second server that records to the same disk. */
function second(stage: RecordStage, dvr = DVR): MemoryServer {
  return new MemoryServer(stage.network, "10.0.0.2", RecordStage.file(dvr), { disk: stage.disk });
}

async function publishAt(stage: RecordStage, ip: string, firstId: number): Promise<MemoryPublisher> {
  const publisher = await MemoryPublisher.start(stage.host(), `${ip}:1935`, "s", firstId);
  await stage.run(100);
  return publisher;
}

function entriesOf({ server }: MemoryServer): string[] {
  return [...server.recorder.book.all()].map(({ path, state }) => `${path} ${state}`);
}

/** Numbers of the frames in a file; fails where their times fall. */
function framesOf(stage: RecordStage, path: string): number[] {
  const frames = stage.labels(path).filter((each) => /^[KIA]\d/.test(each)).map((each) => each.slice(1).split("@"));
  const times = frames.map(([, at]) => Number(at));
  for (const [i, at] of times.entries()) assert(i === 0 || at - times[i - 1]! >= -40, `${path}: ${times[i - 1]} ${at}`);
  return frames.map(([id]) => Number(id));
}

/** All numbers are there, of one publisher and then of the other one. */
function assertTwoRuns(frames: readonly number[], firsts: readonly [number, number]): void {
  for (const [first, from, to] of [[firsts[0], 0, firsts[1]], [firsts[1], firsts[1], Infinity]] as const) {
    const ids = frames.filter((id) => id >= from && id < to).sort((a, b) => a - b);
    assertGreater(ids.length, 80);
    assertEquals(ids, ids.map((_, i) => first + i));
  }
}

Deno.test("a publisher that returns at another server goes on in the same file, of which one hook hears", async () => {
  await using stage = new RecordStage(DVR);
  const other = second(stage);
  const before = await publishAt(stage, "10.0.0.1", 50);
  await stage.run(3000);
  before[Symbol.dispose]();
  await stage.run(4000);
  const [tmp] = stage.disk.paths;
  const after = await publishAt(stage, "10.0.0.2", 1000);
  await stage.run(3000);
  const path = tmp!.replace(".tmp", "");
  assertEquals([entriesOf(stage.server), entriesOf(other)], [[], [`${path} recording`]]);
  assertEquals(stage.hooks.calls.length, 0);
  after[Symbol.dispose]();
  await stage.run(11_000);
  assertEquals(stage.disk.paths, [path]);
  assertTwoRuns(framesOf(stage, path), [50, 1000]);
  const labels = stage.labels(path);
  const at = (label: string) => Number(labels.find((each) => each.startsWith(label))!.split("@")[1]);
  const lastBefore = Math.max(...labels.filter((each) => /^[KIA]\d{2,3}@/.test(each)).map((each) => at(each)));
  assertEquals(at("K1000@") - lastBefore, 10);
  const metadata = stage.metadata(path);
  assertEquals(metadata.filesize, stage.disk.read(path).length);
  assertEquals(metadata.duration, Number(labels.at(-1)!.split("@")[1]) / 1000);
  assertEquals(stage.hooks.calls.map(({ body }) => body.file), [path]);
  assertEquals(entriesOf(other), [`${path} finished`]);
  assertEquals(stage.disk.openCount, 0);
  await other.stop();
});

Deno.test("what a server that died was recording goes on at another one, in FLV and MP4", async () => {
  for (const extension of ["flv", "mp4"]) {
    const dvr = `dvr_path rec/[stream].${extension}; dvr_reconnect 10;`;
    const stage = new RecordStage(dvr);
    const other = second(stage, dvr);
    await publishAt(stage, "10.0.0.1", 50);
    // A note was written meanwhile.
    await stage.run(14_000);
    stage.server.host.kill();
    await stage.run(3000);
    const tmp = `rec/s.${extension}.tmp`;
    // It died in the middle of a write.
    stage.disk.put(tmp, new Uint8Array([...stage.disk.read(tmp), 9, 0, 0, 100, 1, 2, 3]));
    const after = await publishAt(stage, "10.0.0.2", 3000);
    await stage.run(4000);
    after[Symbol.dispose]();
    await stage.run(11_000);
    assertEquals(stage.disk.paths, [`rec/s.${extension}`]);
    const ids = extension === "flv" ? framesOf(stage, "rec/s.flv") : mp4Frames(stage.disk.read("rec/s.mp4"));
    assertTwoRuns(ids, [50, 3000]);
    assertEquals(stage.hooks.calls.length, 1);
    await other.stop();
  }
});

function mp4Frames(bytes: Uint8Array<ArrayBuffer>): number[] {
  const demuxer = new Mp4Demuxer();
  const tags = demuxer.push(bytes).slice(2);
  demuxer.end();
  const at = (payload: Uint8Array, from: number) => new DataView(payload.buffer, payload.byteOffset).getUint32(from);
  return tags.map(({ type, payload }) => type === 9 ? at(payload, 5) : at(payload, 2));
}

Deno.test("a server that hangs keeps its file: the other one begins its own, and both are whole", async () => {
  await using stage = new RecordStage(DVR);
  const other = second(stage);
  await publishAt(stage, "10.0.0.1", 50);
  await stage.run(3000);
  stage.server.host.freeze();
  await stage.run(500);
  const after = await publishAt(stage, "10.0.0.2", 1000);
  await stage.run(6000);
  const [first, own, ...more] = stage.disk.paths;
  assertEquals(more, []);
  const left = stage.disk.read(first!);
  await stage.run(4000);
  assertEquals(stage.disk.read(first!), left);
  stage.server.host.thaw();
  await stage.run(30_000);
  after[Symbol.dispose]();
  await stage.run(12_000);
  const paths = stage.disk.paths.filter((path) => path.endsWith(".flv"));
  assert(paths.includes(own!.replace(".tmp", "")), stage.disk.paths.join());
  const ids = framesOf(stage, own!.replace(".tmp", ""));
  assertEquals(ids.sort((a, b) => a - b), ids.map((_, i) => 1000 + i));
  // Nothing that came while it was looked for the file is missing.
  assertGreater(ids.length, 1900);
  await other.stop();
});

Deno.test("a publisher that goes from server to server is recorded in one file", async () => {
  await using stage = new RecordStage(DVR);
  const other = second(stage);
  for (const [i, ip] of ["10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.1", "10.0.0.2"].entries()) {
    const publisher = await publishAt(stage, ip, (i + 1) * 1000);
    await stage.run(1900);
    publisher[Symbol.dispose]();
    // At once, or after a while.
    await stage.run(i % 2 === 0 ? 200 : 3000);
  }
  await stage.run(12_000);
  const [path, ...others] = stage.disk.paths;
  assertEquals(others, []);
  const ids = framesOf(stage, path!);
  for (const first of [1000, 2000, 3000, 4000, 5000]) {
    const run = ids.filter((id) => Math.floor(id / 1000) * 1000 === first).sort((a, b) => a - b);
    assertGreater(run.length, 80);
    assertEquals(run, run.map((_, at) => first + at));
  }
  assertEquals(stage.hooks.calls.length, 1);
  assertEquals(entriesOf(stage.server).length + entriesOf(other).length, 1);
  await other.stop();
});

Deno.test("a recording that cannot go on in its file is finished, and another one begins", async () => {
  const mp4 = "dvr_path rec/[stream].mp4; dvr_reconnect 10;";
  await using stage = new RecordStage(mp4);
  const other = second(stage, mp4);
  const before = await publishAt(stage, "10.0.0.1", 50);
  await stage.run(3000);
  before[Symbol.dispose]();
  await stage.run(1000);
  const after = await MemoryPublisher.start(stage.host(), "10.0.0.2:1935", "s");
  after.fallSilent();
  await stage.run(100);
  // Another picture.
  after.send(videoHeader(7));
  for (let i = 0; i < 100; i++) {
    after.send(key(1000 + i, i * 20));
    await stage.run(20);
  }
  after[Symbol.dispose]();
  await stage.run(12_000);
  const [next, first] = stage.disk.paths;
  assertEquals(first, "rec/s.mp4");
  assertMatch(next!, /^rec\/s-[0-9a-z]+-2\.mp4$/);
  assertEquals(stage.hooks.calls.length, 2);
  await other.stop();
});

Deno.test("without locks, and after dvr_reconnect, each server has files of its own", async () => {
  for (const lacksLocks of [true, false]) {
    await using stage = new RecordStage("dvr_path rec/[stream].flv; dvr_reconnect 10;");
    stage.disk.lacksLocks = lacksLocks;
    const other = second(stage, "dvr_path rec/[stream].flv; dvr_reconnect 10;");
    const before = await publishAt(stage, "10.0.0.1", 50);
    await stage.run(3000);
    before[Symbol.dispose]();
    await stage.run(lacksLocks ? 2000 : 11_000);
    const after = await publishAt(stage, "10.0.0.2", 1000);
    await stage.run(3000);
    after[Symbol.dispose]();
    await stage.run(12_000);
    const [part, first] = stage.disk.paths;
    assertEquals(first, "rec/s.flv");
    assertMatch(part!, /^rec\/s-[0-9a-z]+-2\.flv$/);
    assertEquals(stage.hooks.calls.length, 2);
    await other.stop();
  }
});

Deno.test("a start leaves files alone that another server has locked, however long they have not changed", async () => {
  await using stage = new RecordStage(DVR);
  await publishAt(stage, "10.0.0.1", 50);
  await stage.run(3000);
  stage.server.host.freeze();
  const other = second(stage);
  await stage.run(60_000);
  assertEquals(stage.disk.paths.length, 1);
  assertMatch(stage.disk.paths[0]!, /\.tmp$/);
  stage.server.host.thaw();
  await other.stop();
});
