import { assertEquals, assertLess, assertMatch } from "../../kit/assert.ts";
import { Mp4Demuxer } from "../../../src/cli/push/mp4_demuxer.ts";
import { audio, audioHeader, key, videoHeader } from "../../kit/media/packets.ts";
import { RecordStage } from "./stage.ts";

Deno.test("a publisher that changes its codecs all the time makes no file for each", async () => {
  for (const extension of ["flv", "mp4"]) {
    await using stage = new RecordStage(`dvr_path rec/[timestamp].${extension}; dvr_reconnect 0;`);
    const publisher = await stage.publish("s", 50);
    publisher.fallSilent();
    const from = stage.network.timers.nowMs();
    for (let i = 0; i < 200; i++) {
      const atMs = 1000 + i * 20;
      publisher.send(videoHeader(i, atMs));
      // MP3 and AAC by turns.
      const sound = audio(i, atMs);
      sound.payload[0] = i % 2 === 0 ? 0x2f : 0xaf;
      publisher.send(sound);
      publisher.send(key(1000 + i, atMs));
      await stage.run(20);
    }
    const seconds = (stage.network.timers.nowMs() - from) / 1000;
    assertLess(stage.disk.paths.length, 2 * seconds + 3, extension);
    publisher[Symbol.dispose]();
    await stage.run(1000);
    assertEquals(stage.disk.paths.filter((path) => path.endsWith(".tmp")), []);
    assertEquals(stage.disk.openCount, 0);
  }
});

Deno.test("a stream is recorded in MP4 across a return, and nothing of it is lost at a stop", async () => {
  const stage = new RecordStage("dvr_path rec/[stream].mp4;");
  for (const firstId of [50, 500]) {
    const publisher = await stage.publish("s", firstId);
    await stage.run(2950);
    publisher[Symbol.dispose]();
    await stage.run(4000);
  }
  await stage.server.stop();
  assertEquals(stage.disk.paths, ["rec/s.mp4"]);
  const demuxer = new Mp4Demuxer();
  const tags = demuxer.push(stage.disk.read("rec/s.mp4"));
  demuxer.end();
  const view = (payload: Uint8Array, at: number) => new DataView(payload.buffer, payload.byteOffset).getUint32(at);
  const ids = tags.slice(2).map(({ type, payload }) => type === 9 ? view(payload, 5) : view(payload, 2));
  const first = ids.filter((id) => id < 500).sort((a, b) => a - b);
  const second = ids.filter((id) => id >= 500).sort((a, b) => a - b);
  assertEquals(first, first.map((_, i) => 50 + i));
  assertEquals(second, second.map((_, i) => 500 + i));
  assertEquals([first.length > 140, second.length > 140], [true, true]);
});

Deno.test("names that lead elsewhere lead nowhere", async () => {
  await using stage = new RecordStage("dvr_path rec/[app]/[stream].flv; dvr_reconnect 0;");
  for (const name of [".hidden", "a:b", "x".repeat(400)]) {
    using _ = await stage.publish(name);
    await stage.run(1000);
  }
  await stage.run(1000);
  for (const path of stage.disk.paths) assertMatch(path, /^rec\/live\/[^/.][^/:]{0,200}\.flv$/);
  assertEquals(stage.disk.paths.length, 3);
});

Deno.test("audio alone is recorded, and cut", async () => {
  await using stage = new RecordStage(
    "dvr_plan segment; dvr_duration 1; dvr_path rec/[timestamp].flv; dvr_reconnect 0;",
  );
  const publisher = await stage.publish("s", 50);
  publisher.fallSilent();
  publisher[Symbol.dispose]();
  await stage.run(5000);
  const before = stage.disk.paths.length;
  const other = await stage.publish("t", 51);
  other.fallSilent();
  other.send(audioHeader(1));
  for (let i = 0; i < 200; i++) {
    other.send(audio(1000 + i, i * 20));
    await stage.run(20);
  }
  other[Symbol.dispose]();
  await stage.run(1000);
  assertMatch(String(stage.disk.paths.length - before), /^[45]$/);
});
