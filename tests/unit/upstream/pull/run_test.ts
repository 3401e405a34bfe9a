import type { LiveSource } from "../../../../src/stream/live_source.ts";
import {
  type Handover,
  type UpstreamClient,
  type UpstreamOutcome,
  UpstreamRun,
  type UpstreamRunOptions,
} from "../../../../src/upstream/pull/run.ts";
import { UpstreamError } from "../../../../src/base/errors.ts";
import { MessageType } from "../../../../src/rtmp/message.ts";
import type { MediaPacket } from "../../../../src/stream/packet.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../../../kit/assert.ts";
import { turn } from "../../../kit/memory/manual_timers.ts";
import { inter, key, metadata, script, videoHeader } from "../../../kit/media/packets.ts";
import { PullRig } from "../../../kit/peers/pull_rig.ts";

const typeIds = { audio: MessageType.Audio, video: MessageType.Video, script: MessageType.Data } as const;

/** One run whose server is the test. */
class RunRig extends PullRig {
  readonly told: string[] = [];
  readonly attempt: UpstreamRun;
  readonly dialled = Promise.withResolvers<UpstreamClient>();
  outcome: UpstreamOutcome | null = null;
  closed = 0;
  isAborted = false;

  constructor(options: Partial<UpstreamRunOptions> = {}, source?: LiveSource) {
    super(["10.0.0.1:1935"]);
    this.attempt = new UpstreamRun(source ?? this.source, this.timers, {
      target: this.targets[0]!,
      timeouts: () => ({ firstMediaTimeoutMs: 2000, idleTimeoutMs: 3000 }),
      epochs: this.environment.epochs,
      trace: null,
      dial: (_handlers, signal) => {
        signal.addEventListener("abort", () => this.isAborted = true);
        return this.dialled.promise;
      },
      handover: null,
      isHasty: () => false,
      onFeeding: () => this.told.push("feeding"),
      onMoveAsked: () => this.told.push("move"),
      onSilence: (error) => this.told.push(error),
      onConnected: () => null,
      onMediaAgain: () => this.told.push("again"),
      ...options,
    });
    this.attempt.finished.then((outcome) => this.outcome = outcome);
  }

  /** The server answers the play. */
  async answer(server = "nginx"): Promise<void> {
    this.dialled.resolve({ remoteIp: "10.0.0.1", close: () => this.closed++ });
    await turn();
    this.attempt.onEvent({ kind: "connected", identity: { srs_server: server } });
    this.attempt.onEvent({ kind: "ready" });
  }

  /** Media is lent: its memory is used again after the burst. */
  send(...packets: MediaPacket[]): void {
    const burst = packets.map((packet) => ({ ...packet, payload: packet.payload.slice() }));
    for (const { kind, timestampMs, payload } of burst) {
      this.attempt.onMedia({ typeId: typeIds[kind], timestampMs, payload });
    }
    this.attempt.onBurstEnd();
    for (const { kind, payload } of burst) if (kind !== "script") payload.fill(0xff);
  }
}

Deno.test("UpstreamRun feeds the source from the first frame on, with the headers that came before it", async () => {
  const rig = new RunRig();
  await rig.answer();
  rig.send(metadata(1), videoHeader(2));
  assertEquals([rig.told, rig.source.isActive], [[], false], "headers alone are no stream");
  rig.send(key(3, 0));
  assertEquals([rig.told, rig.source.isActive], [["feeding"], true]);
  assertEquals(rig.player.take(), ["meta1", "VH2", "K3"]);
});

Deno.test("UpstreamRun tells how long the source was fed, and when it last was", async () => {
  const rig = new RunRig();
  await rig.answer();
  rig.send(key(1, 0));
  rig.timers.advance(1500);
  rig.send(inter(2, 1500));
  const lastMediaMs = rig.timers.nowMs();
  rig.timers.advance(500);
  rig.attempt.onEnd(new UpstreamError("StConnect", "the server closed the connection"));
  await turn();
  const { reached, fedMs, error } = rig.outcome!;
  assertEquals([reached, fedMs, rig.outcome!.lastMediaMs, error], [
    true,
    1500,
    lastMediaMs,
    "the server closed the connection",
  ]);
  assertEquals([rig.source.isActive, rig.closed, rig.isAborted], [false, 1, true]);
});

const endings: [what: string, end: (rig: RunRig) => void, expected: Partial<UpstreamOutcome>][] = [
  ["a redirect", ({ attempt }) => attempt.onEvent({ kind: "redirect", url: "rtmp://b/live/s" }), {
    reached: true,
    redirect: "rtmp://b/live/s",
  }],
  ["a refusal", ({ attempt }) => {
    attempt.onEvent({ kind: "refused", status: { level: "error", code: "NetStream.Play.Failed", description: "no" } });
  }, { reached: true, refused: true, error: "10.0.0.1:1935: NetStream.Play.Failed no" }],
  ["the end of the stream", ({ attempt }) => attempt.onEvent({ kind: "streamEnd" }), {
    refused: true,
    error: "10.0.0.1:1935: the stream ended",
  }],
  ["a wish to be left, before any media", ({ attempt }) => attempt.onEvent({ kind: "reconnectRequest", tcUrl: "" }), {
    error: "10.0.0.1:1935: the server is about to stop",
  }],
  ["stop()", ({ attempt }) => attempt.stop(), { error: "", fedMs: 0, redirect: null }],
];

for (const [what, end, expected] of endings) {
  Deno.test(`UpstreamRun ends with ${what}`, async () => {
    const rig = new RunRig();
    await rig.answer();
    end(rig);
    await turn();
    assert(rig.outcome !== null);
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(rig.outcome[name as keyof UpstreamOutcome], value, name);
    }
    assertEquals([rig.closed, rig.timers.pendingCount], [1, 0]);
  });
}

Deno.test("UpstreamRun that is stopped while it dials closes what comes of that", async () => {
  const rig = new RunRig();
  rig.attempt.stop();
  assertEquals(rig.isAborted, true);
  await rig.answer();
  assertEquals(rig.closed, 1);
});

Deno.test("UpstreamRun waits longer for a server that holds players", async () => {
  for (const [server, limitMs] of [["nginx", 2000], ["srs-ts/1.0", 15_000]] as const) {
    const rig = new RunRig();
    await rig.answer(server);
    rig.timers.advance(limitMs - 1);
    await turn();
    assertEquals(rig.outcome, null, server);
    rig.timers.advance(1);
    await turn();
    assertMatch(rig.outcome?.error ?? "", new RegExp(`no media for ${limitMs} ms$`), server);
  }
});

Deno.test("UpstreamRun that falls silent keeps the source, and tells when it goes on", async () => {
  const rig = new RunRig();
  await rig.answer();
  rig.send(key(1, 0));
  rig.timers.advance(3000);
  assertEquals(rig.told, ["feeding", "10.0.0.1:1935: no media for 3000 ms"]);
  assertEquals([rig.source.isActive, rig.closed], [true, 0]);
  rig.send(metadata(2));
  assertEquals(rig.told.length, 2, "scripts are no media");
  rig.send(inter(3, 5000));
  rig.send(inter(4, 5040));
  assertEquals(rig.told.slice(2), ["again"]);
  rig.timers.advance(3000);
  assertEquals(rig.told.length, 4, "it is watched again");
  rig.timers.advance(27_000);
  await turn();
  assertMatch(rig.outcome?.error ?? "", /no media for 30000 ms$/);
});

Deno.test("UpstreamRun takes over from another one when it has come as far, and tells it to make way", async () => {
  const first = new RunRig();
  await first.answer();
  first.send(key(1, 0), inter(2, 40));
  const handover: Handover = { reason: "moving", makeWay: () => first.attempt.stop() };
  const second = new RunRig({ handover }, first.source);
  await second.answer();
  second.send(key(1, 0));
  assertEquals([first.closed, second.told], [0, []]);
  second.send(inter(2, 40), inter(3, 80));
  assertEquals([first.closed, second.told], [1, ["feeding"]]);
  assertEquals(first.player.take(), ["K1", "I2", "I3"]);
});

Deno.test("UpstreamRun ends when somebody publishes the stream here", async () => {
  const rig = new RunRig();
  await rig.answer();
  rig.send(key(1, 0));
  using _session = rig.source.startPublish("client");
  await turn();
  assertEquals([rig.outcome?.error, rig.closed], ["the stream is now published on this server", 1]);
});

/** Metadata of an own server's publish. */
function epochOf(epoch: number): MediaPacket {
  return script("onMetaData", { srs_ts_epoch: epoch });
}

Deno.test("UpstreamRun leaves a server with an older publish of the stream than the one that fed it last", async () => {
  const rig = new RunRig();
  rig.environment.epochs.hold("/live/s", 2000);
  await rig.answer("srs-ts/0.1.0");
  rig.send(epochOf(1999), videoHeader(0), key(1, 0), inter(2, 40));
  await turn();
  assertEquals([rig.told, rig.outcome?.refused, rig.outcome?.fedMs], [[], true, 0]);
  assertStringIncludes(rig.outcome?.error ?? "", "older publish of /live/s");
});

Deno.test("UpstreamRun remembers the publish that it fed, until the server says that it has ended", async () => {
  for (const [end, isAccepted] of [["stop", false], ["streamEnd", true]] as const) {
    const rig = new RunRig();
    await rig.answer("srs-ts/0.1.0");
    rig.send(epochOf(2000), videoHeader(0), key(1, 0), inter(2, 40));
    assertEquals([rig.told, rig.environment.epochs.accepts("/live/s", 1999)], [["feeding"], false]);
    if (end === "stop") rig.attempt.stop();
    else rig.attempt.onEvent({ kind: "streamEnd" });
    await turn();
    assertEquals(rig.environment.epochs.accepts("/live/s", 1999), isAccepted);
  }
});

Deno.test("UpstreamRun takes the epoch that a server tells apart from metadata, as it begins and as it changes", async () => {
  const rig = new RunRig();
  const tell = (epoch: unknown) => rig.attempt.onEvent({ kind: "told", members: { srs_ts_epoch: epoch as number } });
  await rig.answer();
  tell(2000);
  rig.send(key(1, 0));
  const { epochs } = rig.environment;
  assertEquals([rig.source.epoch, epochs.highest("/live/s")], [2000, 2000]);
  for (const nothing of ["2001", -1, 0.5, 2 ** 60, undefined]) tell(nothing);
  assertEquals([rig.source.epoch, epochs.highest("/live/s")], [2000, 2000]);
  tell(3000);
  assertEquals([rig.source.epoch, epochs.highest("/live/s")], [3000, 3000]);
  tell(2999);
  await turn();
  assertStringIncludes(rig.outcome!.error, "has only an older publish of /live/s");
  assertEquals([rig.source.epoch, rig.source.isActive], [0, false]);
});
