import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../../kit/assert.ts";
import { concatBytes } from "../../../src/base/bytes.ts";
import { UsageError } from "../../../src/cli/parse_args.ts";
import { pushCommand } from "../../../src/cli/push/push.ts";
import { encodeFlvHeader, encodeFlvTag } from "../../../src/flv/tag.ts";
import { encodeCommand } from "../../../src/rtmp/command.ts";
import { MessageType } from "../../../src/rtmp/message.ts";
import { acceptAll, openReply } from "../../kit/peers/peers.ts";
import { tags } from "../../kit/media/flv_tags.ts";
import { closedPort, FakeServer, run, until } from "../../kit/server/push_rig.ts";

/** A file of some frames, 40 ms each, for the time of a test. */
async function withFile(frames: number, test: (path: string) => Promise<void>, tail = new Uint8Array(0)) {
  const path = await Deno.makeTempFile({ suffix: ".flv" });
  const body = Array.from({ length: frames }, (_, i) => i % 5 === 0 ? tags.keyframe(i * 40, i) : tags.frame(i * 40, i));
  const bytes = [tags.videoHeader(0), ...body].map(encodeFlvTag);
  try {
    await Deno.writeFile(path, concatBytes(encodeFlvHeader({ hasAudio: false, hasVideo: true }), ...bytes, tail));
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("push unpublishes before it closes", async () => {
  using server = new FakeServer();
  const push = run(pushCommand, server.url());
  await until(() => server.media.length > 5, "media");
  push.stop();
  assertEquals(await push.status, 0);
  await until(() => server.log.includes("closed"), "the connection is closed");
  assertEquals(server.log, ["connect", "publish live/s", "unpublish", "closed"]);
});

Deno.test("push --no-loop sends every frame of the file once and ends", async () => {
  await withFile(20, async (path) => {
    using server = new FakeServer();
    const push = run(pushCommand, "--no-loop", "-i", path, server.url());
    assertEquals(await push.status, 0);
    await until(() => server.log.includes("closed"), "the connection is closed");
    const videos = server.media.filter(({ typeId }) => typeId === MessageType.Video);
    assertEquals(videos.map(({ timestampMs }) => timestampMs), [0, ...Array.from({ length: 20 }, (_, i) => i * 40)]);
    assertEquals(videos.slice(1).map(({ payload }) => payload[5]), Array.from({ length: 20 }, (_, i) => i));
    assertEquals(server.log.at(-2), "unpublish");
    assertStringIncludes(push.err, "20 video frames");
  });
});

Deno.test("push loops with times that go on", async () => {
  await withFile(5, async (path) => {
    using server = new FakeServer();
    const push = run(pushCommand, "-i", path, server.url());
    await until(() => server.media.length > 20, "some loops");
    push.stop();
    assertEquals(await push.status, 0);
    const times = server.media.slice(1, 20).map(({ timestampMs }) => timestampMs);
    assertEquals(times, Array.from({ length: 19 }, (_, i) => i * 40));
  });
});

Deno.test("push comes back after a lost connection, with headers, a keyframe and times that go on", async () => {
  await withFile(25, async (path) => {
    using server = new FakeServer();
    const push = run(pushCommand, "-i", path, server.url());
    await until(() => server.media.length > 5, "media");
    server.hangUp();
    const lost = server.media.length;
    await until(() => server.media.length > lost + 5, "media again");
    push.stop();
    assertEquals(await push.status, 0);
    const [header, key] = server.media.slice(lost);
    assertEquals([header!.payload[1], key!.payload[0], key!.payload[1]], [0, 0x17, 1]);
    assertGreater(key!.timestampMs, server.media[lost - 1]!.timestampMs + 100);
    assertMatch(push.err, /: the (server closed the connection|connection was reset); retrying in 0\.\d s\n/);
    assertMatch(push.err, /1 reconnect\n$/);
  });
});

Deno.test("push follows a redirect", async () => {
  using owner = new FakeServer();
  using first = new FakeServer((request, session) => {
    if (request.kind === "connect") session.acceptConnect(request.id, openReply);
    else session.redirect(owner.url("s?token=1"));
  });
  const push = run(pushCommand, first.url("s?token=1"));
  await until(() => owner.media.length > 3, "media at the owner");
  push.stop();
  assertEquals(await push.status, 0);
  assertStringIncludes(push.err, `127.0.0.1:${first.port} redirects to 127.0.0.1:${owner.port}\n`);
  assertEquals(owner.log.slice(0, 2), ["connect", "publish live/s?token=1"]);
});

Deno.test("push moves to another server on its request, and leaves the first one cleanly", async () => {
  using next = new FakeServer();
  using first = new FakeServer();
  const push = run(pushCommand, first.url());
  await until(() => first.media.length > 3, "media at the first server");
  const status = { level: "status", code: "NetConnection.Connect.ReconnectRequest", tcUrl: next.url().slice(0, -2) };
  await first.send(encodeCommand({ csid: 3, msid: 0 }, "onStatus", 0, null, status));
  await until(() => next.media.length > 3, "media at the next server");
  push.stop();
  assertEquals(await push.status, 0);
  assertStringIncludes(push.err, `127.0.0.1:${first.port} asks to reconnect to 127.0.0.1:${next.port}\n`);
  assertEquals(first.log, ["connect", "publish live/s", "unpublish", "closed"]);
});

Deno.test("push follows no redirect loop", async () => {
  const ports: number[] = [];
  const toOther = (own: number) =>
    new FakeServer((request, session) => {
      if (request.kind === "connect") session.acceptConnect(request.id, openReply);
      else session.redirect(`rtmp://127.0.0.1:${ports[1 - own]}/live/s`);
    });
  using a = toOther(0);
  using b = toOther(1);
  ports.push(a.port, b.port);
  const push = run(pushCommand, "--no-reconnect", a.url());
  assertEquals(await push.status, 1);
  assertMatch(push.err, /not followed: that server was already asked\n$/);
  assertEquals([a.log, b.log].map((log) => log.filter((line) => line.startsWith("publish")).length), [1, 1]);
});

Deno.test("push gives up when it is refused for good, with the server's words", async () => {
  using server = new FakeServer((request, session) => {
    if (request.kind === "connect") session.acceptConnect(request.id, openReply);
    else session.reject(request.id, "publishDenied", "no token");
  });
  const push = run(pushCommand, server.url());
  assertEquals(await push.status, 1);
  assertEquals(push.err, "NetStream.Publish.Denied no token\n");
});

Deno.test("push tells at which point a server hung up without a word", async () => {
  using beforeConnect = new FakeServer((_request, _session, self) => self.hangUp());
  using beforePublish = new FakeServer((request, session, self) => {
    if (request.kind === "connect") session.acceptConnect(request.id, openReply);
    else self.hangUp();
  });
  const early = run(pushCommand, "--no-reconnect", beforeConnect.url());
  assertEquals(await early.status, 1);
  assertStringIncludes(early.err, "instead of answering connect: is the app spelled correctly?");
  const late = run(pushCommand, "--no-reconnect", beforePublish.url());
  assertEquals(await late.status, 1);
  assertStringIncludes(late.err, "instead of accepting the stream: is it in use, or is publishing not allowed?");
});

Deno.test("push keeps trying where nobody listens, and tells so; with --no-reconnect it ends", async () => {
  const url = `rtmp://127.0.0.1:${closedPort()}/live/s`;
  const once = run(pushCommand, "--no-reconnect", url);
  assertEquals(await once.status, 3);
  assertStringIncludes(once.err, "connection refused");
  const patient = run(pushCommand, url);
  await until(() => patient.err.split("retrying").length > 2, "two tries");
  patient.stop();
  assertEquals(await patient.status, 3);
  const [first, second] = [...patient.err.matchAll(/retrying in (\d\.\d) s/g)].map(([, seconds]) => Number(seconds));
  assert(first! >= 0.2 && first! <= 0.5, `${first}`);
  assert(second! >= 0.5 && second! <= 1, `${second}`);
});

Deno.test("push ends at once on Ctrl-C, whatever it waits for", async () => {
  using silent = new FakeServer(() => {});
  using undecided = new FakeServer((request, session) => {
    if (request.kind === "connect") acceptAll(request, session);
  });
  for (const server of [silent, undecided]) {
    const push = run(pushCommand, server.url());
    await until(() => server.log.length >= (server === silent ? 1 : 2), "the request is open");
    const startMs = performance.now();
    push.stop();
    assertEquals(await push.status, 1);
    assert(performance.now() - startMs < 300);
  }
});

Deno.test("push refuses a broken file before it connects, and ends the publish of one broken further on", async () => {
  using server = new FakeServer();
  const missing = run(pushCommand, "-i", "/no/such.flv", server.url());
  assertEquals(await missing.status, 1);
  assertEquals(missing.err, "/no/such.flv: no such file or directory\n");
  assertEquals(server.log, []);
  await withFile(10, async (path) => {
    const push = run(pushCommand, "-i", path, server.url());
    assertEquals(await push.status, 1);
    assertMatch(push.err, /FLV: unknown tag type 3 \(at byte \d+\)\n/);
    await until(() => server.log.includes("closed"), "the connection is closed");
    assertEquals(server.log.at(-2), "unpublish");
  }, new Uint8Array(64).fill(0x63));
});

Deno.test("push --no-loop of a file that is cut off has a status of its own", async () => {
  await withFile(5, async (path) => {
    using server = new FakeServer();
    const push = run(pushCommand, "--no-loop", "-i", path, server.url());
    assertEquals(await push.status, 4);
    assertStringIncludes(push.err, "the file is cut off, publishing what is complete");
  }, new Uint8Array(5).fill(9));
});

Deno.test("push says how ffmpeg sends a file that is no FLV", async () => {
  const path = await Deno.makeTempFile({ suffix: ".mp4" });
  try {
    await Deno.writeFile(path, new TextEncoder().encode("\0\0\0\x10ftypisom\0\0\x02\0\0\0\0\x20mdat"));
    const push = run(pushCommand, "-i", path, "rtmp://h:19350/live/s?key=1");
    assertEquals(await push.status, 1);
    assertEquals(
      push.err,
      `${path} is an MP4 file without fragments, and this command sends FLV and fragmented MP4 only; ffmpeg can send it: ` +
        `ffmpeg -re -stream_loop -1 -i "${path}" -c copy -f flv "rtmp://h:19350/live/s?key=1"\n`,
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("push warns of a truncated file once and loops over what is whole", async () => {
  await withFile(3, async (path) => {
    using server = new FakeServer();
    const push = run(pushCommand, "-i", path, server.url());
    await until(() => server.media.length > 10, "some loops");
    push.stop();
    assertEquals(await push.status, 0);
    assertEquals(
      push.err.match(
        /FLV: truncated: 5 of 11 bytes of a tag header \(at byte \d+\); the file is cut off, publishing what is complete/g,
      )
        ?.length,
      1,
    );
  }, Uint8Array.of(0x09, 0, 0, 99, 0));
});

const misuses: [words: string[], message: string][] = [
  [[], "the stream address is missing"],
  [["rtmp://a/live/s", "rtmp://b/live/s"], "expected one stream address, got 2"],
  [["http://a/live/s"], "expected rtmp[s]://host[:port]/app/stream"],
  [["--loop", "--no-loop", "rtmp://a/live/s"], "exclude each other"],
];

for (const [words, message] of misuses) {
  Deno.test(`push refuses ${words.join(" ") || "no arguments"}`, async () => {
    await assertRejects(() => run(pushCommand, ...words).status, UsageError, message);
  });
}
