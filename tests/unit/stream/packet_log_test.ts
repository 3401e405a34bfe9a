import { encodeMessage } from "../../../src/rtmp/chunk_writer.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { noHeaders, type StreamHeaders } from "../../../src/stream/meta_cache.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import { PacketLog } from "../../../src/stream/packet_log.ts";
import { PlayCursor } from "../../../src/stream/play_cursor.ts";
import { rtmpWireFormat } from "../../../src/stream/wire_format.ts";
import { assert, assertEquals, assertLess, assertStrictEquals } from "../../kit/assert.ts";
import { audio, audioHeader, CHUNK_SIZE, inter, key, videoHeader, WireReader } from "../../kit/media/packets.ts";

function newLog(): PacketLog {
  return new PacketLog(rtmpWireFormat(CHUNK_SIZE));
}

function cursorOf(log: PacketLog, headers: StreamHeaders = noHeaders, startAtGop = true): PlayCursor {
  return new PlayCursor(log, () => headers, startAtGop);
}

function readAll(cursor: PlayCursor): Uint8Array[] {
  const views: Uint8Array[] = [];
  for (let view = cursor.next(); view !== null; view = cursor.next()) views.push(view.slice());
  return views;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** What the log must hold for a packet: a message of its own, independent of all others. */
function wireBytes({ kind, timestampMs, payload }: MediaPacket): Uint8Array {
  const [csid, typeId] = kind === "video" ? [6, MessageType.Video] : [4, MessageType.Audio];
  return encodeMessage({ csid, typeId, msid: 1, timestampMs, payload }, CHUNK_SIZE);
}

function labels(views: readonly Uint8Array[]): string[] {
  const wire = new WireReader();
  for (const view of views) {
    wire.push(view);
    assert(wire.isWhole, "a view must hold whole messages");
  }
  return wire.take();
}

const sizeCases: { name: string; sizes: number[] }[] = [
  { name: "small packets", sizes: new Array<number>(500).fill(30) },
  { name: "packets of exactly a chunk", sizes: [4095, 4096, 4097, 8192] },
  { name: "many blocks", sizes: Array.from({ length: 300 }, (_, i) => 10 + (i * 7919) % 9000) },
  { name: "a packet that fills a block alone", sizes: [100, 256 * 1024, 100] },
  { name: "a packet larger than a block", sizes: [100, 1_000_000, 100, 3_000_000] },
  { name: "more tiny packets than the index of a block has room for", sizes: new Array<number>(5000).fill(9) },
];

for (const { name, sizes } of sizeCases) {
  Deno.test(`PacketLog gives back the appended bytes, in order: ${name}`, () => {
    for (const flushEvery of [1, 7, 1_000_000]) {
      const log = newLog();
      const cursor = cursorOf(log);
      const expected: Uint8Array[] = [];
      const views: Uint8Array[] = [];
      sizes.forEach((size, i) => {
        const packet = i % 3 === 0 ? audio(i, i * 10, size) : inter(i, i * 10, size);
        log.append(packet);
        expected.push(wireBytes(packet));
        if (i % flushEvery === flushEvery - 1) {
          log.flush();
          views.push(...readAll(cursor));
        }
      });
      log.flush();
      views.push(...readAll(cursor));
      assertEquals(join(views), join(expected));
    }
  });
}

Deno.test("PacketLog copies the payload: the caller may reuse it", () => {
  const log = newLog();
  const cursor = cursorOf(log);
  const packet = key(1, 0);
  const expected = wireBytes(packet);
  log.append(packet);
  packet.payload.fill(0xee);
  log.flush();
  assertEquals(join(readAll(cursor)), expected);
});

Deno.test("PacketLog.flush() makes packets visible, not before", () => {
  const log = newLog();
  const cursor = cursorOf(log);
  log.append(audio(1, 0));
  assert(log.hasUnflushed);
  assertEquals(cursor.next(), null);
  log.flush();
  assert(!log.hasUnflushed);
  log.append(audio(2, 20));
  assertEquals(labels(readAll(cursor)), ["A1"]);
  log.flush();
  assertEquals(labels(readAll(cursor)), ["A2"]);
  log.flush();
  assertEquals(cursor.next(), null);
});

Deno.test("PacketLog gives cursors at one place the same view: one flush is one write for all", () => {
  const log = newLog();
  const cursors = [cursorOf(log), cursorOf(log), cursorOf(log)];
  for (let i = 0; i < 20; i++) log.append(audio(i, i * 20));
  log.flush();
  const views = cursors.map((cursor) => cursor.next());
  assertStrictEquals(views[1], views[0]);
  assertStrictEquals(views[2], views[0]);
  assertEquals(cursors.map((cursor) => cursor.next()), [null, null, null]);
});

Deno.test("PacketLog keeps a usual flush in one block: one write each", () => {
  const log = newLog();
  const cursor = cursorOf(log);
  let writes = 0;
  let flushes = 0;
  for (let i = 0; i < 2000; i++) {
    log.append(inter(i, i * 40, 3000));
    if (i % 10 !== 9) continue;
    log.flush();
    flushes++;
    writes += readAll(cursor).length;
  }
  assertLess(writes, flushes * 1.02);
});

Deno.test("PacketLog starts new cursors at the newest keyframe, with the headers of its moment", () => {
  const log = newLog();
  const old: StreamHeaders = { packets: [videoHeader(1)], isInUse: false };
  const now: StreamHeaders = { packets: [videoHeader(2)], isInUse: false };
  for (const packet of [inter(1, 0), audio(2, 10)]) log.append(packet);
  log.startGop(old);
  for (const packet of [key(3, 20), audio(4, 30), videoHeader(2, 40), inter(5, 60)]) log.append(packet);
  log.flush();
  assertEquals(labels(readAll(cursorOf(log, now))), ["VH1", "K3", "A4", "VH2", "I5"]);

  log.startGop(now);
  log.append(key(6, 80));
  assertEquals(labels(readAll(cursorOf(log, now))), ["VH1", "K3", "A4", "VH2", "I5"], "not flushed yet");
  log.flush();
  assertEquals(labels(readAll(cursorOf(log, now))), ["VH2", "K6"]);
});

Deno.test("PacketLog stamps headers with the time of the packet behind them; scripts stay at 0", () => {
  const log = newLog();
  const script: MediaPacket = { kind: "script", timestampMs: 0, payload: Uint8Array.of(2, 0, 1, 0x61) };
  log.startGop({ packets: [script, audioHeader(1, 5), videoHeader(2, 7)], isInUse: false });
  log.append(key(3, 0x1000000));
  log.flush();
  const wire = new WireReader();
  for (const view of readAll(cursorOf(log))) wire.push(view);
  assertEquals(wire.takeAt(), ["a@0", `AH1@${0x1000000}`, `VH2@${0x1000000}`, `K3@${0x1000000}`]);
});

Deno.test("PacketLog finds the start of a GOP that opens a new block", () => {
  const log = newLog();
  for (let i = 0; i < 60; i++) {
    log.append(inter(i, i, 4000));
    log.flush();
  }
  // Whatever room the block has left: some of these keyframes are the first of a block.
  for (let i = 100; i < 180; i++) {
    log.startGop(noHeaders);
    log.append(key(i, i, 30_000));
    log.flush();
    assertEquals(labels(readAll(cursorOf(log))), [`K${i}`]);
  }
});

Deno.test("PlayCursor starts at the live end without gop_cache", () => {
  const log = newLog();
  const headers: StreamHeaders = { packets: [audioHeader(9), videoHeader(9)], isInUse: false };
  log.startGop(headers);
  log.append(key(1, 0));
  log.flush();
  const cursor = cursorOf(log, headers, false);
  assertEquals(cursor.next(), null, "headers alone are not sent");
  log.append(inter(2, 40));
  log.flush();
  assertEquals(labels(readAll(cursor)), ["AH9", "VH9", "I2"]);
});

Deno.test("PlayCursor.lagMs() is the stream time between its place and the flushed end", () => {
  const log = newLog();
  const cursor = cursorOf(log);
  assertEquals([cursor.lagMs(), cursor.timestampMs], [0, null]);
  log.append(audio(1, 0xffffff00));
  log.append(audio(2, 0x100)); // over the 32-bit wrap
  log.append(audio(3, 5000));
  assertEquals(cursor.lagMs(), 0, "nothing is flushed");
  log.flush();
  assertEquals([cursor.lagMs(), cursor.timestampMs], [5000 + 0x100, 0xffffff00]);
  readAll(cursor);
  assertEquals([cursor.lagMs(), cursor.timestampMs], [0, 5000]);
});

Deno.test("PlayCursor.lagBytes() is the wire bytes between its place and the flushed end", () => {
  const log = newLog();
  const cursor = cursorOf(log);
  let appended = 0;
  for (let i = 0; i < 500; i++) {
    const packet = inter(i, 0, 5000);
    log.append(packet);
    appended += wireBytes(packet).length;
  }
  assertEquals(cursor.lagBytes(), 0, "nothing is flushed");
  log.flush();
  assertEquals([cursor.lagBytes(), cursor.lagMs()], [appended, 0]);
  const taken = cursor.next()!.length;
  assertEquals(cursor.lagBytes(), appended - taken);
  readAll(cursor);
  assertEquals(cursor.lagBytes(), 0);
});

Deno.test("PlayCursor.jumpToKeyframe() goes to the newest keyframe and counts what it leaves out", () => {
  const log = newLog();
  const headers: StreamHeaders = { packets: [videoHeader(1)], isInUse: false };
  const cursor = cursorOf(log, headers);
  for (const packet of [audio(1, 0), audio(2, 20)]) log.append(packet);
  log.startGop(headers);
  for (const packet of [key(3, 40), inter(4, 80)]) log.append(packet);
  log.flush();
  assertEquals(cursor.jumpToKeyframe(), 2);
  assertEquals(cursor.droppedPackets, 2);
  assertEquals(labels(readAll(cursor)), ["VH1", "K3", "I4"]);
});

Deno.test("PlayCursor.jumpToKeyframe() waits for the next keyframe when it is past the newest", () => {
  const log = newLog();
  const headers: StreamHeaders = { packets: [videoHeader(1)], isInUse: false };
  log.startGop(headers);
  log.append(key(1, 0));
  log.flush();
  const cursor = cursorOf(log, headers);
  readAll(cursor);
  for (const packet of [inter(2, 40), audio(3, 50)]) log.append(packet);
  log.flush();
  assertEquals(cursor.jumpToKeyframe(), 2);
  log.append(inter(4, 80));
  log.flush();
  assertEquals(cursor.next(), null);
  log.append(audio(5, 90));
  log.startGop(headers);
  for (const packet of [key(6, 120), inter(7, 160)]) log.append(packet);
  log.flush();
  assertEquals(labels(readAll(cursor)), ["VH1", "K6", "I7"]);
  assertEquals(cursor.droppedPackets, 4);
});

Deno.test("PlayCursor.jumpToKeyframe() from the very keyframe waits for the next: the GOP alone is too long", () => {
  const log = newLog();
  log.startGop(noHeaders);
  log.append(key(1, 0));
  log.flush();
  const cursor = cursorOf(log);
  log.append(inter(2, 60_000));
  log.flush();
  assertEquals(cursor.jumpToKeyframe(), 2);
  assertEquals(cursor.next(), null);
  log.startGop(noHeaders);
  log.append(key(3, 60_040));
  log.flush();
  assertEquals(labels(readAll(cursor)), ["K3"]);
});

Deno.test("PlayCursor.jumpToKeyframe() goes on at the end of a stream without keyframes", () => {
  const log = newLog();
  const headers: StreamHeaders = { packets: [audioHeader(1)], isInUse: false };
  const cursor = cursorOf(log, headers);
  for (const packet of [audio(1, 0), audio(2, 20), audio(3, 40)]) log.append(packet);
  log.flush();
  assertEquals(cursor.jumpToKeyframe(), 3);
  assertEquals(cursor.next(), null);
  log.append(audio(4, 60));
  log.flush();
  assertEquals(labels(readAll(cursor)), ["AH1", "A4"]);
});

Deno.test("PlayCursor that waits for a keyframe goes on when the next publisher sends none", () => {
  const log = newLog();
  log.startGop(noHeaders);
  log.append(key(1, 0));
  log.flush();
  const cursor = cursorOf(log);
  readAll(cursor);
  log.append(inter(2, 40));
  log.flush();
  cursor.jumpToKeyframe();
  log.append(inter(3, 80));
  log.flush();
  log.endRun();
  assertEquals(cursor.next(), null);
  log.append(audio(4, 120));
  log.flush();
  assertEquals(labels(readAll(cursor)), ["A4"]);
});

Deno.test("PlayCursor.skipToNewerKeyframe() skips only forward", () => {
  const log = newLog();
  log.startGop(noHeaders);
  for (const packet of [key(1, 0), inter(2, 40)]) log.append(packet);
  log.flush();
  const cursor = cursorOf(log);
  readAll(cursor);
  log.append(inter(3, 80));
  log.flush();
  cursor.skipToNewerKeyframe();
  assertEquals(labels(readAll(cursor)), ["I3"]);
  log.append(inter(4, 120));
  log.startGop({ packets: [videoHeader(1)], isInUse: false });
  log.append(key(5, 160));
  log.flush();
  cursor.skipToNewerKeyframe();
  assertEquals(labels(readAll(cursor)), ["VH1", "K5"]);
  assertEquals(cursor.droppedPackets, 1);
});

Deno.test("PacketLog.clearGop() leaves cursors where they are; new ones start at the end", () => {
  const log = newLog();
  log.startGop(noHeaders);
  log.append(key(1, 0));
  log.flush();
  const early = cursorOf(log);
  log.clearGop();
  const late = cursorOf(log);
  assertEquals(labels(readAll(early)), ["K1"]);
  assertEquals(late.next(), null);
});
