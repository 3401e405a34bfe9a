import { RtmpServerSession } from "../../../src/rtmp/server_session.ts";
import { assertEquals, assertGreater, assertLess } from "../../kit/assert.ts";
import { audio, audioHeader, inter, key, metadata, videoHeader } from "../../kit/media/packets.ts";
import { FakeOrigin, steps } from "../../kit/server/fake_origin.ts";
import { freePort, Publisher, serverTest, sleep, TestServer, until, Viewer } from "../../kit/server/rtmp_rig.ts";

const realTime = "min_latency on;";
const quick = "linger 100; handshake_timeout 600; first_media_timeout 600; idle_timeout 1000;";

function edgeOver(origins: string[], directives = quick): TestServer {
  return new TestServer(`${realTime} cluster { mode remote; origin ${origins.join(" ")}; ${directives} }`);
}

/** A stream that the edge asks this origin for first. */
function streamFor(edge: TestServer, first: string, origins: string[], prefix = "s"): string {
  const { pool } = edge.server.pulls;
  const known = origins.map((text) => ({ text }));
  for (let i = 0;; i++) if (pool.order(known, `/live/${prefix}${i}`)[0]?.text === first) return `${prefix}${i}`;
}

const behaviours = steps.flatMap((stopsAt) =>
  (["closes", "is silent"] as const).map((ending) => ({ stopsAt, ending }))
);

serverTest("Edge finds the good origin behind one that closes or falls silent at any step", async () => {
  await using good = new TestServer(realTime);
  await Promise.all(behaviours.map(async ({ stopsAt, ending }, i) => {
    using bad = new FakeOrigin({ stopsAt, ending });
    const origins = [bad.text, `127.0.0.1:${good.port}`];
    await using edge = edgeOver(origins);
    const stream = streamFor(edge, bad.text, origins, `${i}-`);
    using _publisher = await Publisher.start(good.port, stream);
    const startedMs = performance.now();
    using viewer = await Viewer.start(edge.port, stream);
    await viewer.waitForFrames(10);
    assertLess(performance.now() - startedMs, 2500, `${stopsAt} ${ending}`);
    assertGreater(bad.accepted, 0, `${stopsAt} ${ending}: it was asked first`);
    assertEquals(viewer.breaks, []);
    await until(`${stopsAt} ${ending}: the bad one is left alone`, () => bad.clients === 0);
  }));
});

serverTest("Edge refuses its players in the end when every origin is of no use, and tells why", async () => {
  await Promise.all(behaviours.map(async ({ stopsAt, ending }) => {
    using bad = new FakeOrigin({ stopsAt, ending });
    await using edge = edgeOver([bad.text, `127.0.0.1:${freePort()}`], `${quick} owner_timeout 1500;`);
    using viewer = await Viewer.start(edge.port, "s");
    await until(`${stopsAt} ${ending}: the player is refused`, () => viewer.ended !== "", 4000);
    assertEquals(viewer.codes.at(-1), "NetStream.Play.StreamNotFound");
    assertLess(bad.accepted, 25, `${stopsAt} ${ending}: it is not hammered`);
    await until("nothing goes on", () => bad.clients === 0 && edge.server.pulls.states().length === 0);
    assertEquals([...edge.server.pulls.pool.table()].map(({ pulls }) => pulls), [0, 0]);
  }));
});

function redirectsTo(url: () => string): FakeOrigin {
  return new FakeOrigin({ onPlay: (session: RtmpServerSession) => session.redirect(url()) });
}

serverTest("Edge follows a redirect to an origin that it was not told of", async () => {
  await using owner = new TestServer(realTime);
  using _publisher = await Publisher.start(owner.port, "s");
  using knowing = redirectsTo(() => `rtmp://127.0.0.1:${owner.port}/live/s`);
  await using edge = edgeOver([knowing.text]);
  using viewer = await Viewer.start(edge.port, "s");
  await viewer.waitForFrames(10);
  assertEquals(edge.server.pulls.states()[0]?.upstream, `127.0.0.1:${owner.port}`);
  await until("the first is left alone", () => knowing.clients === 0);
});

serverTest("Edge ends redirects that lead in circles, to themselves, nowhere, or too far", async () => {
  const cases: { name: string; build: (stack: DisposableStack) => FakeOrigin; log: RegExp; asked: number }[] = [
    {
      name: "to itself",
      build: (stack) => {
        const self: FakeOrigin = stack.use(redirectsTo(() => `rtmp://${self.text}/live/s`));
        return self;
      },
      log: /not followed: that server was already asked/,
      asked: 1,
    },
    {
      name: "in a circle of two",
      build: (stack) => {
        const first: FakeOrigin = stack.use(redirectsTo(() => `rtmp://${second.text}/live/s`));
        const second: FakeOrigin = stack.use(redirectsTo(() => `rtmp://${first.text}/live/s`));
        return first;
      },
      log: /not followed: that server was already asked/,
      asked: 1,
    },
    {
      name: "along an endless chain",
      build: (stack) => {
        let next: () => FakeOrigin = () => stack.use(redirectsTo(() => `rtmp://${next().text}/live/s`));
        const made = next;
        next = () => made();
        return made();
      },
      log: /not followed: the limit is 3 redirects/,
      asked: 1,
    },
    {
      name: "to garbage",
      build: (stack) => stack.use(redirectsTo(() => "http://[/live")),
      log: /not followed: it is not an RTMP address/,
      asked: 1,
    },
    {
      name: "to a port where nothing listens",
      build: (stack) => stack.use(redirectsTo(() => `rtmp://127.0.0.1:${freePort()}/live/s`)),
      log: /connection refused/,
      asked: 1,
    },
  ];
  await Promise.all(cases.map(async ({ name, build, log, asked }) => {
    using stack = new DisposableStack();
    const origin = build(stack);
    await using edge = edgeOver([origin.text], `${quick} owner_timeout 700;`);
    using viewer = await Viewer.start(edge.port, "s");
    await until(`${name}: the player is refused`, () => viewer.ended !== "", 3000);
    assertEquals(edge.log.lines.some((line) => log.test(line)), true, `${name}: ${edge.log.lines.join("\n")}`);
    assertGreater(origin.accepted, asked - 1, name);
    assertLess(origin.accepted, 12, name);
  }));
});

serverTest("Edge does not take the headers of a publisher that has left for a stream", async () => {
  // As an SRS origin does: metadata and sequence headers outlive the publisher.
  using stale = new FakeOrigin({
    onPlay: (_session, send) => {
      setTimeout(() => send(metadata(70), videoHeader(71), audioHeader(72)), 0);
    },
  });
  await using good = new TestServer(realTime);
  const origins = [stale.text, `127.0.0.1:${good.port}`];
  await using edge = edgeOver(origins);
  const stream = streamFor(edge, stale.text, origins);
  using _publisher = await Publisher.start(good.port, stream);
  using viewer = await Viewer.start(edge.port, stream);
  await viewer.waitForFrames(10);
  assertGreater(stale.accepted, 0);
  assertEquals(viewer.labels.filter((text) => /7[012]$/.test(text)), []);
  assertEquals(edge.server.pulls.states()[0]?.upstream, origins[1]);
});

serverTest("Edge leaves an origin that stops sending for one that goes on", async () => {
  using stalling = new FakeOrigin({
    onPlay: (_session, send) => {
      setTimeout(() => send(videoHeader(2), audioHeader(3), key(1000, 0), inter(1001, 40), audio(1002, 50)), 0);
    },
  });
  await using good = new TestServer(realTime);
  const origins = [stalling.text, `127.0.0.1:${good.port}`];
  await using edge = edgeOver(origins);
  const stream = streamFor(edge, stalling.text, origins);
  using viewer = await Viewer.start(edge.port, stream);
  await until("the stalling one feeds", () => viewer.frames.includes(1002));
  using _publisher = await Publisher.start(good.port, stream);
  await until("the good one feeds", () => viewer.frames.length > 20, 4000);
  assertEquals(viewer.ended, "");
  assertEquals(viewer.timestampsMs.every((ms, i) => i === 0 || ms >= viewer.timestampsMs[i - 1]!), true);
  await until("the stalling one is left alone", () => stalling.clients === 0, 3000);
});

serverTest("Edge bears an origin that sends rubbish", async () => {
  using rubbish = new FakeOrigin({
    onPlay: (_session, send) => {
      setTimeout(() =>
        send(
          { kind: "video", timestampMs: 0, payload: Uint8Array.of(0x17, 9, 9, 9, 9, 9, 9, 9, 9, 9) },
          { kind: "audio", timestampMs: 0, payload: Uint8Array.of(0xff, 9, 9, 9, 9, 9, 9) },
          { kind: "video", timestampMs: 0, payload: Uint8Array.of(0x97, 0xff, 0xff, 0xff, 0xff, 9, 9, 9, 9, 9) },
          { kind: "script", timestampMs: 0, payload: Uint8Array.of(0xff, 0xff) },
          { kind: "script", timestampMs: 0, payload: Uint8Array.of(2, 255, 255, 1) },
        ), 0);
    },
  });
  await using edge = edgeOver([rubbish.text], `${quick} owner_timeout 5000;`);
  using viewer = await Viewer.start(edge.port, "s");
  await until("it was asked", () => rubbish.accepted > 0);
  await sleep(300);
  assertEquals([viewer.ended, edge.log.find("internalError")], ["", []]);
});
