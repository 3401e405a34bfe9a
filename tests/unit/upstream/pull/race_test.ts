import { PullRace, type PullRaceOptions } from "../../../../src/upstream/pull/race.ts";
import { parseTarget } from "../../../../src/upstream/target.ts";
import { assertEquals, assertMatch } from "../../../kit/assert.ts";
import { audio, key, metadata } from "../../../kit/media/packets.ts";
import type { MemoryOrigin, OnAsked } from "../../../kit/memory/memory_origin.ts";
import { PullRig } from "../../../kit/peers/pull_rig.ts";

const A = "10.0.0.1:1935";
const B = "10.0.0.2:1935";
const C = "10.0.0.3:1935";

/** A race among servers, and what it says. */
class RaceRig extends PullRig {
  readonly fedBy: string[] = [];
  readonly failures: string[] = [];
  fedMs = -1;

  start(options: Partial<PullRaceOptions> = {}): PullRace {
    const race = new PullRace(this.source, {
      targets: this.targets,
      request: this.request,
      via: [],
      environment: this.environment,
      log: this.log,
      staggerMs: 150,
      trace: null,
      handover: null,
      isHasty: () => false,
      onFeeding: ({ text }) => this.fedBy.push(text),
      onMoveAsked() {},
      onSilence() {},
      onMediaAgain() {},
      onFailure: (error) => this.failures.push(error),
      ...options,
    });
    race.finished.then((fedMs) => this.fedMs = fedMs);
    return race;
  }
}

/** Plays to whoever asks, after a time. */
function playsAfter(rig: PullRig, address: string, ms: number): MemoryOrigin {
  const origin: MemoryOrigin = rig.origin(address, (client, { kind }) => {
    if (kind === "play") rig.timers.after(ms, () => origin.sendTo(client, key(1, 0)));
  });
  return origin;
}

const redirectsTo = (origin: () => MemoryOrigin, to: string): OnAsked => (client, { kind }) => {
  if (kind === "play") origin().tell(client, (session) => session.redirect(`rtmp://${to}/live/s`));
};

Deno.test("PullRace gives the best server a head start, and takes the first that delivers media", async () => {
  const rig = new RaceRig([A, B, C]);
  playsAfter(rig, A, 400);
  playsAfter(rig, B, 100);
  playsAfter(rig, C, 1000);
  const race = rig.start();
  await rig.run(140);
  assertEquals(rig.network.dialled, [A]);
  await rig.run(20);
  assertEquals(rig.network.dialled, [A, B]);
  await rig.run(200);
  assertEquals(rig.fedBy, [B]);
  race.stop();
});

Deno.test("PullRace without a head start asks all at once", async () => {
  const rig = new RaceRig([A, B, C]);
  const race = rig.start({ staggerMs: 0 });
  await rig.run(0);
  assertEquals(rig.network.dialled, [A, B, C]);
  race.stop();
});

Deno.test("PullRace drops the others once one feeds the source, and asks them no more", async () => {
  const rig = new RaceRig([A, B]);
  const silent = rig.origin(A);
  const playing = playsAfter(rig, B, 0);
  rig.start();
  await rig.run(400);
  assertEquals([rig.fedBy, silent.clients.size], [[B], 0]);
  for (let i = 1; i < 50; i++) {
    playing.send(audio(i, i * 100));
    await rig.timers.run(100);
  }
  assertEquals(rig.network.dialled, [A, B]);
});

Deno.test("PullRace asks the next server at once when one refuses", async () => {
  const rig = new RaceRig([A, B]);
  using _refusing = rig.origin(A, (client, { kind }) => kind === "play" && client.conn.close());
  playsAfter(rig, B, 0);
  const race = rig.start();
  await rig.run(10);
  assertEquals(rig.fedBy, [B]);
  race.stop();
});

Deno.test("PullRace credits the server that a redirect led to, and the one that redirected is well", async () => {
  const rig = new RaceRig([A]);
  const knowing: MemoryOrigin = rig.origin(A, redirectsTo(() => knowing, C));
  playsAfter(rig, C, 0);
  const { pool } = rig.environment;
  pool.noteFailure(A, "was down");
  const race = rig.start();
  await rig.run(20);
  assertEquals(rig.fedBy, [C]);
  const table = () => [...pool.table()].map(({ origin, pulls, failures }) => [origin, pulls, failures]);
  assertEquals(table(), [[A, 0, 0], [C, 1, 0]]);
  race.stop();
  assertEquals(table(), [[A, 0, 0]]);
});

const notFollowed: [what: string, to: string, reason: RegExp][] = [
  [
    "a metadata service",
    "169.254.169.254",
    /not followed: a server outside the local network may not point to a local address$/,
  ],
  ["no address", "0.0.0.0", /not followed: a server outside the local network may not point to a local address$/],
  ["itself", A, /not followed: that server was already asked$/],
];

for (const [what, to, reason] of notFollowed) {
  Deno.test(`PullRace dials nobody for a redirect to ${what}`, async () => {
    const rig = new RaceRig([A]);
    const knowing: MemoryOrigin = rig.origin(A, redirectsTo(() => knowing, to));
    rig.start();
    await rig.run(500);
    assertEquals(rig.network.dialled, [A]);
    assertMatch(rig.failures[0]!, reason);
  });
}

Deno.test("PullRace talks to nobody on the link whom a redirect names by a host name", async () => {
  const rig = new RaceRig([A]);
  const knowing: MemoryOrigin = rig.origin(A, redirectsTo(() => knowing, "metadata.internal"));
  rig.network.name("metadata.internal", ["169.254.169.254"]);
  const metadataService = rig.origin("169.254.169.254:1935");
  rig.start();
  await rig.run(500);
  assertEquals(metadataService.clients.size, 0);
});

Deno.test("PullRace leaves a server that sends headers and no frame, for want of media", async () => {
  const rig = new RaceRig([A], "first_media_timeout 700;");
  const origin: MemoryOrigin = rig.origin(A, (client, { kind }) => {
    if (kind === "play") origin.sendTo(client, metadata(1));
  });
  rig.start();
  await rig.run(690);
  assertEquals(rig.fedMs, -1);
  await rig.run(20);
  assertEquals([rig.fedMs, rig.fedBy], [0, []]);
  assertMatch(rig.failures[0]!, /no media for 700 ms$/);
});

Deno.test("PullRace hears of a server that comes back while another one holds its question", async () => {
  const rig = new RaceRig([A, B]);
  rig.origin(B);
  rig.start();
  await rig.run(1500);
  assertEquals(rig.fedBy, []);
  playsAfter(rig, A, 0);
  await rig.run(250);
  assertEquals(rig.fedBy, [A]);
});

Deno.test("PullRace asks a server again that had no stream, once a second, while another one holds its question", async () => {
  const rig = new RaceRig([A, B]);
  rig.origin(B);
  let hasStream = false;
  const a: MemoryOrigin = rig.origin(A, (client, { kind }) => {
    if (kind !== "play") return;
    if (hasStream) a.sendTo(client, key(1, 0));
    else a.tell(client, (session) => session.sendStatus("playStreamNotFound"));
  });
  const race = rig.start();
  await rig.run(1900);
  assertEquals(rig.network.dialled.filter((address) => address === A).length, 2);
  hasStream = true;
  await rig.run(200);
  assertEquals(rig.fedBy, [A]);
  race.stop();
});

Deno.test("PullRace.add() asks a server that was not known at the start", async () => {
  const rig = new RaceRig([A]);
  rig.origin(A);
  playsAfter(rig, B, 0);
  const race = rig.start();
  await rig.run(50);
  race.add([parseTarget(A)!, parseTarget(B)!]);
  await rig.run(50);
  assertEquals([rig.fedBy, rig.network.dialled], [[B], [A, B]]);
  race.stop();
});

for (const [when, laterMs] of [["has redirected", 50], ["redirects", 0]] as const) {
  Deno.test(`PullRace.add() asks a server again that is said to have the stream when it ${when} to another one`, async () => {
    const rig = new RaceRig([A]);
    rig.network.latencyMs = 5;
    let hasStream = false;
    const origin: MemoryOrigin = rig.origin(A, (client, request) => {
      if (request.kind !== "play") return;
      if (hasStream) return origin.sendTo(client, key(1, 0));
      redirectsTo(() => origin, C)(client, request);
      hasStream = true;
      // Word of that may come sooner than the answer.
      rig.timers.after(laterMs, () => race.add([parseTarget(C)!, parseTarget(A)!]));
    });
    // It does not answer.
    rig.origin(C).ignores = () => true;
    const race = rig.start();
    await rig.run(200);
    assertEquals([rig.fedBy, rig.network.dialled.filter((address) => address === A)], [[A], [A, A]]);
    race.stop();
  });
}

Deno.test("PullRace that is stopped closes everything and leaves no timer behind", async () => {
  const rig = new RaceRig([A, B, C]);
  const origins = [rig.origin(A), rig.origin(B)];
  const race = rig.start();
  await rig.run(1000);
  race.stop();
  await rig.run(1000);
  assertEquals([rig.fedMs, origins.map(({ clients }) => clients.size)], [0, [0, 0]]);
  // The registry's look at the origin that is down.
  assertEquals(rig.timers.pendingCount, 1);
  rig.registry.stop();
  assertEquals(rig.timers.pendingCount, 0);
});

Deno.test("PullRace has an origin of the configuration looked at when it is down, also if a directory has named it", async () => {
  const rig = new RaceRig([A, B]);
  playsAfter(rig, B, 100);
  rig.start({ targets: rig.targets.map((target) => ({ ...target, namedBy: "10.0.0.9" })) });
  await rig.run(1000);
  assertEquals([rig.fedBy, rig.registry.pool.health(A).failures], [[B], 1]);
  playsAfter(rig, A, 100);
  await rig.run(3000);
  assertEquals(rig.registry.pool.health(A).failures, 0);
  rig.registry.stop();
});
