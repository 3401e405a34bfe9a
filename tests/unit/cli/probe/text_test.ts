import { assertEquals, assertLess } from "../../../kit/assert.ts";
import type { ProbeReport, ServerReport } from "../../../../src/cli/probe/report.ts";
import { failureOf, hintFor } from "../../../../src/cli/probe/hints.ts";
import { apiLine, resultLines, stepLine } from "../../../../src/cli/probe/text.ts";

const server: ServerReport = {
  server: "a:1935",
  ip: "10.0.0.1",
  tcpMs: 0.44,
  tlsMs: null,
  handshakeMs: 123.4,
  connectMs: 1,
  createStreamMs: 2,
  answerMs: 3,
  identity: { software: "SRS/7.0.18(Hang)", version: "7.0.18", pid: 12, id: "abc", ip: "10.0.0.1", role: "" },
  result: "media",
  redirect: null,
  failedStep: null,
  error: null,
};

const report: ProbeReport = {
  url: "rtmp://a:1935/live/s",
  found: true,
  status: 0,
  owner: "a:1935",
  chain: ["a:1935"],
  servers: [server],
  firstMediaMs: 12.3,
  firstKeyframeMs: 512,
  measuredMs: 5003,
  video: {
    codec: "HEVC",
    profile: "Main",
    level: "4",
    width: 1920,
    height: 1080,
    frameRate: 29.97,
    headerFrameRate: null,
    metadataFrameRate: 30,
    kbps: 2500,
    gopMs: 2002,
    gopFrames: 60,
    frames: 150,
  },
  audio: { codec: "AAC", profile: "LC", sampleRate: 48_000, channels: 1, kbps: 128, frames: 234 },
  metadata: null,
  error: null,
  api: [],
};

Deno.test("stepLine tells each step with its time, and who answered", () => {
  const redirecting: ServerReport = { ...server, result: "redirect", redirect: "rtmp://b:19350/live/s?x=1" };
  assertEquals(
    (["tcp", "handshake", "connect", "createStream", "play"] as const).map((step) => stepLine(step, server)),
    [
      "  TCP connection   0.4 ms to 10.0.0.1\n",
      "  handshake        123 ms\n",
      "  connect          1.0 ms, SRS/7.0.18(Hang), pid 12, connection abc, address 10.0.0.1\n",
      "  createStream     2.0 ms\n",
      "  play             first media after 3.0 ms\n",
    ],
  );
  assertEquals(stepLine("play", redirecting), "  play             redirect to b:19350 after 3.0 ms\n");
  assertEquals(stepLine("connect", { ...server, identity: null }), "  connect          1.0 ms\n");
});

Deno.test("resultLines tells what is in the stream", () => {
  assertEquals(
    resultLines(report),
    `owner              a:1935
video              HEVC Main 4, 1920x1080, 29.97 frames/s (30 by metadata), 2500 kbit/s
GOP                2.00 s, 60 frames
audio              AAC LC, 48000 Hz, 1 channel, 128 kbit/s
first media        12.3 ms after the start of the probe
first keyframe     512 ms
measured           5.0 s
`,
  );
});

Deno.test("resultLines tells an edge from the owner", () => {
  const lines = (owner: string | null, ...chain: string[]) =>
    resultLines({ ...report, owner, chain }).split("\nvideo")[0];
  assertEquals(
    lines("o:19350", "a:1935", "o:19350"),
    "owner              o:19350\nsent by            a:1935, which pulls it from o:19350",
  );
  assertEquals(
    lines(null, "a:1935"),
    "sent by            a:1935, an edge; to see the owner, name the HTTP APIs of the servers with --api",
  );
});

Deno.test("resultLines tells what is missing", () => {
  const bare = {
    ...report.video!,
    codec: "",
    profile: "",
    level: "",
    width: null,
    gopMs: null,
    frameRate: null,
    kbps: null,
  };
  const lines = resultLines({
    ...report,
    video: { ...bare, metadataFrameRate: null },
    audio: null,
    firstKeyframeMs: null,
    servers: [{ ...server, error: "the publisher left" }],
  });
  assertEquals(
    lines,
    `owner              a:1935
video              unknown codec, unknown size, ? frames/s, ? kbit/s
GOP                none complete within 5.0 s: try a larger --seconds
audio              none
first media        12.3 ms after the start of the probe
first keyframe     none arrived
measured           5.0 s, ended early: the publisher left
`,
  );
  assertEquals(resultLines({ ...report, video: null }).includes("GOP"), false);
});

Deno.test("resultLines escapes what a server says", () => {
  const error = { server: "a:1935", step: "play", message: "\x1b[2Jno\n", hint: "try" } as const;
  assertEquals(
    resultLines({ ...report, found: false, error }),
    "not found          a:1935: play failed: \\x1b[2Jno\\x0a\ntry                try\n",
  );
});

Deno.test("resultLines cuts what a server says at a bearable length", () => {
  const error = { server: "a:1935", step: "play", message: "x".repeat(100_000), hint: "try" } as const;
  assertLess(resultLines({ ...report, found: false, error }).length, 1000);
});

Deno.test("apiLine tells latency and answer", () => {
  const api = {
    api: "127.0.0.1:9090",
    latencyMs: 12,
    owner: null,
    pulledFrom: null,
    epoch: null,
    pid: null,
    error: null,
  };
  assertEquals(apiLine(api), "API 127.0.0.1:9090 12 ms, not published there\n");
  assertEquals(apiLine({ ...api, owner: "10.0.0.1:19350" }), "API 127.0.0.1:9090 12 ms, has it on 10.0.0.1:19350\n");
  assertEquals(apiLine({ ...api, pulledFrom: "b:1" }), "API 127.0.0.1:9090 12 ms, pulls it from b:1\n");
  assertEquals(apiLine({ ...api, error: "HTTP status 500" }), "API 127.0.0.1:9090 12 ms, HTTP status 500\n");
});

const failures: [result: ServerReport["result"], step: ServerReport["failedStep"], error: string, hint: RegExp][] = [
  ["failed", "tcp", "connection refused, nothing listens there", /is the server running/],
  ["failed", "tcp", "unknown host name", /spelling of the host name/],
  ["failed", "tcp", "no answer within 5000 ms", /firewall/],
  ["failed", "handshake", "S0 is 0x48 instead of 3: looks like HTTP", /HTTP port/],
  ["failed", "handshake", "S0 is 0x16 instead of 3: looks like TLS (rtmps or https)", /TLS port/],
  ["failed", "handshake", "no answer to the handshake within 5000 ms", /no RTMP server listens there/],
  ["failed", "connect", "the server closed the connection", /check app, vhost/],
  ["refused", "connect", "NetConnection.Connect.Rejected: no", /access rules/],
  ["refused", "play", "NetStream.Play.StreamNotFound: nobody", /check that somebody publishes/],
  ["silent", "play", "no media within 12000 ms", /--timeout/],
  ["ended", "play", "the publisher left", /try again/],
  ["failed", "play", "the server closed the connection", /its log/],
  ["failed", "play", "stopped", /stopped before/],
];

for (const [result, failedStep, error, hint] of failures) {
  Deno.test(`hintFor has advice for ${result} at ${failedStep}: ${error}`, () => {
    const found = hintFor({ ...server, result, failedStep, error });
    assertEquals(hint.test(found), true, found);
  });
}

Deno.test("failureOf names the step, or the redirect that was not followed", () => {
  assertEquals(failureOf(server, null), null);
  const failed: ServerReport = { ...server, result: "silent", failedStep: "play", error: "no media within 100 ms" };
  const { hint: _, ...failure } = failureOf(failed, null)!;
  assertEquals(failure, { server: "a:1935", step: "play", message: "no media within 100 ms" });
  assertEquals(failureOf({ ...server, result: "redirect" }, "a redirect loop")?.step, "redirect");
});
