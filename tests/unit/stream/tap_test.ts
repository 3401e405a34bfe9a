import { LiveSource } from "../../../src/stream/live_source.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import type { PublishSession } from "../../../src/stream/publish_session.ts";
import type { PacketTap } from "../../../src/stream/tap.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import { audio, inter, key, metadata, sourceOptions, videoHeader } from "../../kit/media/packets.ts";

/** Notes what it is given, with the owner's time of frames. */
class Notes implements PacketTap {
  readonly lines: string[] = [];
  readonly frames: [MediaPacket, number][] = [];

  onPublish(epoch: number): void {
    this.lines.push(`publish ${epoch}`);
  }

  onPacket(packet: MediaPacket, ownerMs: number): void {
    this.frames.push([{ ...packet, payload: packet.payload.slice() }, ownerMs]);
    this.lines.push(`${packet.kind} ${packet.timestampMs} ${ownerMs}`);
  }

  onUnpublish(): void {
    this.lines.push("unpublish");
  }
}

const START_MS = 1_700_000_000_000;

function stage(): { timers: ManualTimers; source: LiveSource } {
  const timers = new ManualTimers();
  timers.advance(START_MS - timers.nowMs());
  return { timers, source: new LiveSource("/live/a", sourceOptions, timers, () => {}) };
}

function send(session: PublishSession, ...packets: MediaPacket[]): void {
  for (const packet of packets) session.publish(packet);
}

Deno.test("a tap has each packet as it comes, with the time of day of the first frame and the distances of the rest", () => {
  const { timers, source } = stage();
  const notes = new Notes();
  using _ = source.tap(notes);
  const session = source.startPublish("client", () => {}, 7);
  send(session, videoHeader(1), key(2, 5000), inter(3, 5040), audio(4, 5060));
  timers.advance(3000);
  send(session, inter(5, 5080));
  session[Symbol.dispose]();
  assertEquals(notes.lines.slice(2), [
    `video 0 ${START_MS}`,
    `video 40 ${START_MS + 40}`,
    `audio 60 ${START_MS + 60}`,
    `video 80 ${START_MS + 80}`,
    "unpublish",
  ]);
  assertEquals(notes.lines[0], "publish 7");
});

Deno.test("a tap that comes later has the headers and the newest GOP first", () => {
  const { source } = stage();
  const session = source.startPublish("client");
  send(session, metadata(9), videoHeader(1), key(2, 0), key(3, 1000), inter(4, 1040));
  const notes = new Notes();
  const tapped = source.tap(notes);
  send(session, inter(5, 1080));
  tapped[Symbol.dispose]();
  send(session, inter(6, 1120));
  assertEquals(notes.lines.map((line) => line.split(" ").slice(0, 2).join(" ")), [
    "publish 0",
    "script 0",
    "video 0",
    "video 1000",
    "video 1040",
    "video 1080",
  ]);
  assertEquals(notes.frames.at(-1)![1], START_MS + 1080);
});

Deno.test("the owner's time goes on after a publisher that comes back: never behind what was published", () => {
  const { timers, source } = stage();
  const notes = new Notes();
  using _ = source.tap(notes);
  const first = source.startPublish("client");
  // An encoder that sends 4 s at once.
  send(first, key(1, 0), key(2, 4000));
  first[Symbol.dispose]();
  timers.advance(1000);
  const second = source.startPublish("client");
  send(second, key(3, 0));
  second[Symbol.dispose]();
  timers.advance(60_000);
  const third = source.startPublish("client");
  send(third, key(4, 0));
  assertEquals(notes.frames.map(([, ownerMs]) => ownerMs - START_MS), [0, 4000, 4010, 61_000]);
});

Deno.test("servers that pull a stream, one from the other, have the owner's times whatever their own timestamps are", () => {
  const { timers, source: owner } = stage();
  const ownNotes = new Notes();
  using _own = owner.tap(ownNotes);
  const published = owner.startPublish("client", () => {}, 7);
  send(published, key(1, 90_000), inter(2, 90_040));

  const relay = new LiveSource("/live/a", sourceOptions, timers, () => {});
  // It has had another stream before: its timestamps go on from there.
  const before = relay.startPublish("client");
  send(before, key(8, 0), inter(9, 30_000));
  before[Symbol.dispose]();
  timers.advance(777);
  const relayNotes = new Notes();
  const tap = { onPublish: () => {}, onUnpublish: () => {}, onPacket: relayNotes.onPacket.bind(relayNotes) };
  using _relay = relay.tap(tap);
  const pulled = relay.startPublish("upstream", () => {}, 7, owner.zeroMs);
  for (const [packet] of ownNotes.frames) pulled.publish(packet);

  // The edge hears of it only after the first frames.
  const edge = new LiveSource("/live/a", sourceOptions, timers, () => {});
  const edgeNotes = new Notes();
  using _edge = edge.tap(edgeNotes);
  const fed = edge.startPublish("upstream", () => {}, 7);
  for (const [packet] of relayNotes.frames) fed.publish(packet);
  fed.setZero(relay.zeroMs!);
  const times = (notes: Notes) => notes.frames.map(([, ownerMs]) => ownerMs - START_MS);
  assertEquals(times(ownNotes), [0, 40]);
  assertEquals(times(relayNotes), [0, 40]);
  for (const session of [published, pulled, fed]) session.publish(inter(3, 90_080));
  assertEquals(times(ownNotes).at(-1), 80);
});

Deno.test("the owner's time is told in a status, and read again", async () => {
  const { factMembers, readZeroHeader, readZeroMember } = await import("../../../src/stream/publish_facts.ts");
  assertEquals(readZeroMember(factMembers({ epoch: 7, zeroMs: START_MS, discontinuities: null })), START_MS);
  assertEquals(factMembers({ epoch: 0, zeroMs: null, discontinuities: null }), {});
  assertEquals([readZeroMember({ srs_ts_zero_ms: 0.5 }), readZeroHeader("12x"), readZeroHeader("-12")], [
    null,
    null,
    -12,
  ]);
});

Deno.test("the owner's time goes on when timestamps wrap after 49 days", () => {
  const { timers, source } = stage();
  const notes = new Notes();
  using _ = source.tap(notes);
  const session = source.startPublish("upstream", () => {}, 7, START_MS - (2 ** 32 - 40));
  send(session, key(1, 2 ** 32 - 40), inter(2, 0), inter(3, 40));
  timers.advance(10);
  assertEquals(notes.frames.map(([, ownerMs]) => ownerMs - START_MS), [0, 40, 80]);
});

Deno.test("time goes on where an encoder begins its times again in mid-publish, for players and by the owner's clock", () => {
  const { timers, source: owner } = stage();
  const ownNotes = new Notes();
  using _own = owner.tap(ownNotes);
  const published = owner.startPublish("client", () => {}, 7);
  // A file of 5 s, twice; the second time, its sound begins a moment before its picture.
  for (const fromId of [1, 11]) {
    send(published, key(fromId, 1000), audio(fromId + 1, 990), inter(fromId + 2, 1040), inter(fromId + 3, 6000));
    timers.advance(5000);
  }
  const edge = new LiveSource("/live/a", sourceOptions, timers, () => {});
  const edgeNotes = new Notes();
  using _edge = edge.tap(edgeNotes);
  const fed = edge.startPublish("upstream", () => {}, 7, owner.zeroMs);
  for (const [packet] of ownNotes.frames) fed.publish(packet);
  const times = (notes: Notes) => notes.frames.map(([{ kind, timestampMs }, ms]) => [kind, timestampMs, ms - START_MS]);
  assertEquals(times(ownNotes), [
    ["video", 0, 0],
    ["audio", 0, 0],
    ["video", 40, 40],
    ["video", 5000, 5000],
    ["video", 5010, 5010],
    ["audio", 5000, 5000],
    ["video", 5050, 5050],
    ["video", 10_010, 10_010],
  ]);
  assertEquals(times(edgeNotes), times(ownNotes));
});
