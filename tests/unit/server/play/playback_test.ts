import { VhostHandle } from "../../../../src/config/mod.ts";
import { Playback, type PlaybackRequest } from "../../../../src/server/play/playback.ts";
import { Server } from "../../../../src/server/server.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { streamIn } from "../../../kit/peers/cluster_answers.ts";
import { configOf } from "../../../kit/peers/fake_server.ts";
import { ManualTimers } from "../../../kit/memory/manual_timers.ts";
import { inter, key, videoHeader, WireReader } from "../../../kit/media/packets.ts";
import { TestLog } from "../../../kit/test_log.ts";
import { worldAt } from "../../../kit/memory/world.ts";

/** A playback on a connection that does nothing by itself. */
class Stage {
  readonly timers = new ManualTimers();
  readonly log = new TestLog();
  readonly config = configOf("vhost __defaultVhost__ { queue_length 10; }");
  readonly server = new Server(this.config, this.log, { world: worldAt(this.timers) });
  readonly heard: string[] = [];
  readonly afterWrite: (() => void)[] = [];
  readonly host = {
    id: "cid00001",
    log: this.log,
    remoteIp: "10.0.0.9",
    bytesIn: 3,
    bytesOut: 5,
    sendsSmallAtOnce: true,
    wake: () => void this.heard.push("wake"),
    afterWrite: (fn: () => void) => void this.afterWrite.push(fn),
    close: (reason: string) => void this.heard.push(`close ${reason}`),
  };
  readonly playback: Playback;

  constructor(facts: Partial<PlaybackRequest> = {}) {
    const request: PlaybackRequest = {
      type: "flv-play",
      protocol: "flv",
      over: " over HTTP",
      url: streamIn("").url,
      vhost: new VhostHandle(this.server, this.config.vhosts[0]!),
      tcUrl: "rtmp://h/live",
      pageUrl: "http://page/",
      swfUrl: "",
      redirect: null,
      server: null,
      askedMs: this.timers.nowMs(),
      via: [],
      traceparent: null,
      ...facts,
    };
    this.playback = new Playback(this.server, this.host, request, {
      onPublishChange: (active) => void this.heard.push(`active ${active}`),
      onNotFound: (reason) => void this.heard.push(`not found: ${reason}`),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }
}

Deno.test("Playback stands in the book of clients and in the log, and in the book no longer once it is over", async () => {
  await using stage = new Stage();
  const [entry] = [...stage.server.registry.clients()];
  assertEquals(
    [entry?.id, entry?.type, entry?.ip, entry?.tcUrl, entry?.pageUrl, entry?.bytesIn(), entry?.bytesOut()],
    ["cid00001", "flv-play", "10.0.0.9", "rtmp://h/live", "http://page/", 3, 5],
  );
  assertEquals(stage.log.lines, ["info play /live/s over HTTP from 10.0.0.9"]);
  entry?.kick();
  assertEquals(stage.heard, ["close kicked"]);
  assertEquals(stage.playback.source.playerCount, 1);
  stage.playback[Symbol.dispose]();
  assertEquals([stage.server.registry.clientCount, stage.playback.source.playerCount], [0, 0]);
});

Deno.test("Playback lets go of its place in the log when nothing of it is on its way any more", async () => {
  await using stage = new Stage();
  const { source, cursor } = stage.playback;
  using session = source.startPublish("client");
  session.publish(videoHeader(1));
  session.publish(key(2, 0));
  session.endBurst();
  stage.playback[Symbol.dispose]();
  assertEquals(cursor.next() === null, false);
  for (const fn of stage.afterWrite) fn();
  session.publish(key(3, 40));
  stage.timers.advance(1000);
  assertEquals(cursor.next(), null);
});

Deno.test("Playback tells of publishers, and gives what they send", async () => {
  await using stage = new Stage();
  const { source } = stage.playback;
  const wire = new WireReader();
  const session = source.startPublish("client");
  assertEquals(stage.heard.splice(0), ["active true"]);
  session.publish(videoHeader(1));
  session.publish(key(2, 0));
  session.endBurst();
  assertEquals(stage.heard.includes("wake"), true);
  for (let view = stage.playback.next(); view !== null; view = stage.playback.next()) wire.push(view);
  assertEquals(wire.take().length, 2);
  assertEquals(stage.playback.followed(), stage.playback.cursor);
  stage.heard.length = 0;
  session[Symbol.dispose]();
  assertEquals(stage.heard, ["active false"]);
  stage.playback[Symbol.dispose]();
});

Deno.test("Playback tells how long a player waited for its first frame, once, and headers are none", async () => {
  for (const server of [null, { instance: "abcd1234" }]) {
    await using stage = new Stage({ server });
    const waits = () =>
      [...stage.server.registry.firstFrames.rows()].map(([, { counts, sumSeconds }]) => [
        counts.reduce((sum, count) => sum + count, 0),
        sumSeconds,
      ]);
    using session = stage.playback.source.startPublish("client");
    const send = (...packets: ReturnType<typeof key>[]) => {
      for (const packet of packets) session.publish(packet);
      stage.timers.advance(400);
      session.endBurst();
      while (stage.playback.next() !== null);
    };
    send(videoHeader(1));
    assertEquals(waits(), [[0, 0], [0, 0]]);
    assertEquals(stage.playback.followed(), null, "its first frame must come through here");
    send(key(2, 0));
    const waited = [1, 0.8];
    assertEquals(waits(), server === null ? [waited, [0, 0]] : [[0, 0], waited]);
    send(inter(3, 40));
    assertEquals(waits(), server === null ? [waited, [0, 0]] : [[0, 0], waited]);
    stage.playback[Symbol.dispose]();
  }
});

Deno.test("Playback moves a player on that is more than queue_length behind, and says so unless it is paused", async () => {
  for (const paused of [false, true]) {
    await using stage = new Stage();
    const { source, cursor } = stage.playback;
    using session = source.startPublish("client");
    session.publish(videoHeader(1));
    for (let second = 0; second <= 12; second++) {
      session.publish(second % 4 === 0 ? key(second, second * 1000) : inter(second, second * 1000));
    }
    stage.timers.advance(1000);
    stage.playback.tick(paused);
    assertEquals(cursor.droppedPackets > 0, true);
    const warnings = stage.log.find("behind");
    assertEquals(warnings.length, paused ? 0 : 1);
    if (!paused) assertMatch(warnings[0]!, /^warn player is 12000 ms behind: dropped \d+ packets/);
    // `tcp_nodelay` is off: from here on small segments may wait for one another.
    assertEquals(stage.host.sendsSmallAtOnce, false);
    stage.playback[Symbol.dispose]();
  }
});
