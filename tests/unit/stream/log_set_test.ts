import { assert, assertEquals, assertStrictEquals } from "../../kit/assert.ts";
import { FlvDemuxer } from "../../../src/flv/demuxer.ts";
import { encodeFlvHeader } from "../../../src/flv/tag.ts";
import { LiveSource, type Player } from "../../../src/stream/live_source.ts";
import { LogSet } from "../../../src/stream/log_set.ts";
import type { MediaPacket } from "../../../src/stream/packet.ts";
import type { PlayCursor } from "../../../src/stream/play_cursor.ts";
import { flvWireFormat, rtmpWireFormat, type WireFormat } from "../../../src/stream/wire_format.ts";
import { ManualTimers } from "../../kit/memory/manual_timers.ts";
import {
  audio,
  audioHeader,
  CHUNK_SIZE,
  inter,
  key,
  labelAt,
  metadata,
  sourceOptions,
  videoHeader,
} from "../../kit/media/packets.ts";
import { TestPlayer } from "../../kit/peers/test_player.ts";

const bare = { headBytes: () => 0, tailBytes: 0, writeHead() {}, writeTail() {} };
const flv = flvWireFormat({ framing: bare, audio: true, video: true });
const audioOnly = flvWireFormat({ framing: bare, audio: true, video: false });

/** A viewer of FLV that takes everything it can have. */
class FlvPlayer implements Player {
  readonly cursor: PlayCursor;
  readonly #demuxer = new FlvDemuxer();

  constructor(readonly source: LiveSource, format: WireFormat = flv) {
    this.#demuxer.push(encodeFlvHeader({ hasAudio: true, hasVideo: true }));
    this.cursor = source.attach(this, format);
  }

  wake(): void {}
  onPublishChange(): void {}

  take(): string[] {
    const tags: string[] = [];
    for (let view = this.cursor.next(); view !== null; view = this.cursor.next()) {
      for (const { type, timestampMs, payload } of this.#demuxer.push(view)) {
        tags.push(labelAt({ typeId: type, timestampMs, payload, csid: 0, msid: 0 }));
      }
    }
    return tags;
  }

  leave(): void {
    this.source.detach(this);
  }
}

function newSource() {
  const timers = new ManualTimers();
  const source = new LiveSource("/live/s", { ...sourceOptions }, timers, () => {});
  const session = source.startPublish("client");
  const send = (...packets: MediaPacket[]) => packets.forEach((packet) => session.publish(packet));
  return { timers, source, session, send };
}

const opening = [metadata(1), audioHeader(2), videoHeader(3), key(10, 0), audio(11, 5), inter(12, 40)];
const headers = ["meta1@0", "AH2@0", "VH3@0"];

Deno.test("LiveSource gives the first viewer of another format headers and the whole GOP, from the RTMP log", () => {
  const { source, send, timers } = newSource();
  send(...opening, key(20, 80, 10_000), audio(21, 85), videoHeader(4, 90), inter(22, 120, 9000));
  const viewer = new FlvPlayer(source);
  assertEquals(viewer.take(), ["meta1@0", "AH2@80", "VH3@80", "K20@80", "A21@85", "VH4@85", "I22@120"]);
  send(inter(23, 160));
  timers.advance(350);
  assertEquals(viewer.take(), ["I23@160"]);
});

Deno.test("LiveSource gives viewers of another format what RTMP players get", () => {
  const { source, send, timers } = newSource();
  const player = new TestPlayer(source);
  const viewer = new FlvPlayer(source);
  send(...opening);
  timers.advance(350);
  const late = new FlvPlayer(source);
  const lateTags = late.take();
  send(audio(13, 45, 300), key(14, 80, 70_000), inter(15, 120));
  timers.advance(350);
  const rtmp = player.wire.takeAt();
  assertEquals(viewer.take(), rtmp);
  assertEquals(lateTags, [...headers, "K10@0", "A11@5", "I12@40"]);
  assertEquals(late.take(), ["A13@45", "K14@80", "I15@120"]);
});

Deno.test("LiveSource leaves the other kind out of a log of audio alone, headers included", () => {
  const { source, send, timers } = newSource();
  send(...opening);
  const viewer = new FlvPlayer(source, audioOnly);
  assertEquals(viewer.take(), ["meta1@0", "AH2@5", "A11@5"]);
  send(key(13, 80), audio(14, 85), inter(15, 120));
  timers.advance(350);
  assertEquals(viewer.take(), ["A14@85"]);
});

Deno.test("LiveSource starts a viewer at the end where there is no GOP, or none is kept", () => {
  const { source, send, timers } = newSource();
  send(metadata(1), audioHeader(2), audio(11, 5));
  const viewer = new FlvPlayer(source);
  assertEquals(viewer.take(), []);
  send(audio(12, 30));
  timers.advance(350);
  assertEquals(viewer.take(), ["meta1@0", "AH2@25", "A12@25"]);
});

Deno.test("LiveSource keeps a GOP of many blocks in order for the first viewer of a format", () => {
  const { source, send } = newSource();
  send(metadata(1), videoHeader(3), key(100, 0, 200_000));
  const labels = ["K100@0"];
  for (let id = 101; id < 160; id++) {
    send(inter(id, (id - 100) * 40, 30_000));
    labels.push(`I${id}@${(id - 100) * 40}`);
  }
  assertEquals(new FlvPlayer(source).take(), ["meta1@0", "VH3@0", ...labels]);
});

Deno.test("LiveSource starts a viewer anew when its publisher returns", () => {
  const { source, send, session, timers } = newSource();
  send(...opening);
  const viewer = new FlvPlayer(source);
  viewer.take();
  session[Symbol.dispose]();
  const next = source.startPublish("client");
  for (const packet of [metadata(5), videoHeader(6), key(30, 0)]) next.publish(packet);
  timers.advance(350);
  assertEquals(viewer.take(), ["meta5@0", "VH6@40", "K30@50"]);
});

Deno.test("LiveSource lets a viewer that is behind jump to the newest keyframe of its own log", () => {
  const { source, send, timers } = newSource();
  send(...opening);
  const viewer = new FlvPlayer(source);
  send(inter(13, 80), key(40, 9000), inter(41, 9040));
  timers.advance(350);
  assert(viewer.cursor.lagMs() > 8000);
  viewer.cursor.jumpToKeyframe();
  assertEquals(viewer.take(), ["meta1@0", "AH2@9000", "VH3@9000", "K40@9000", "I41@9040"]);
});

Deno.test("LiveSource.hasAudio and hasVideo tell what the publisher has sent, of each publisher anew", () => {
  const { source, send, session } = newSource();
  const tracks = () => [source.hasAudio, source.hasVideo];
  send(metadata(1));
  assertEquals(tracks(), [false, false]);
  send(videoHeader(1));
  assertEquals(tracks(), [false, true]);
  send(audio(2, 5));
  assertEquals(tracks(), [true, true]);
  session[Symbol.dispose]();
  assertEquals(tracks(), [true, true]);
  source.startPublish("client");
  assertEquals(tracks(), [false, false]);
});

Deno.test("LogSet has one log for each format in use, and drops it with its last player", () => {
  const logs = new LogSet(rtmpWireFormat(CHUNK_SIZE));
  const [first, second, third] = [{}, {}, {}];
  const log = logs.acquire(first, flv);
  assertStrictEquals(logs.acquire(second, flv), log);
  assert(logs.acquire(third, audioOnly) !== log);
  assertEquals(logs.all.length, 3);
  logs.release(first);
  assertEquals(logs.all.length, 3);
  logs.release(first);
  logs.release(second);
  assertEquals(logs.all.length, 2);
  logs.release(third);
  logs.release({});
  assertEquals(logs.all, [logs.main]);
});

Deno.test("a viewer of FLV that comes between two publishers starts with the GOP that the second goes on with", () => {
  const { timers, source, session, send } = newSource();
  const old = new TestPlayer(source);
  send(videoHeader(1), audioHeader(2), key(3, 0), inter(4, 40));
  session[Symbol.dispose]();
  const between = new FlvPlayer(source);
  const next = source.startPublish("client");
  for (const packet of [videoHeader(1), audioHeader(2), key(3, 900), inter(4, 940), inter(5, 980)]) {
    next.publish(packet);
  }
  timers.advance(sourceOptions.mwLatencyMs);
  assertEquals(between.take(), ["AH2@0", "VH1@0", "K3@0", "I4@40", "I5@80"]);
  assertEquals(old.take(), ["VH1", "AH2", "K3", "I4", "I5"]);
});
