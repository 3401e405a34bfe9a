import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { probeCommand } from "../../../src/cli/probe/probe.ts";
import { pushCommand } from "../../../src/cli/push/push.ts";
import { closedPort, Origin, run, until } from "../../kit/server/push_rig.ts";
import { probe, redirecting } from "../../kit/server/probe_rig.ts";

async function withStream(test: (origin: Origin) => Promise<void>): Promise<void> {
  await using origin = new Origin();
  const push = run(pushCommand, origin.url());
  try {
    await until(() => (origin.server.sources.find("/live/s")?.stats.videoFrames ?? 0) > 3, "media comes");
    await test(origin);
  } finally {
    push.stop();
    await push.status;
  }
}

Deno.test("probe tells who has a stream and what is in it", () =>
  withStream(async (origin) => {
    const running = run(probeCommand, "--seconds", "1.2", origin.url());
    assertEquals(await running.status, 0);
    assertEquals(running.err, "");
    const here = `127\\.0\\.0\\.1:${origin.port}`;
    assertMatch(
      running.out,
      new RegExp(`^rtmp://${here}/live/s
${here}
  TCP connection   [\\d.]+ ms to 127.0.0.1
  handshake        [\\d.]+ ms
  connect          [\\d.]+ ms, srs-ts/[\\d.]+, pid ${Deno.pid}, connection \\w{8}, address 127.0.0.1
  createStream     [\\d.]+ ms
  play             first media after [\\d.]+ ms
owner              ${here}
video              H264 Main 3, 640x360, 25 frames/s \\(25 by its header, 25 by metadata\\), \\d+ kbit/s
GOP                1.00 s, 25 frames
audio              AAC LC, 44100 Hz, 2 channels, \\d+ kbit/s
first media        [\\d.]+ ms after the start of the probe
first keyframe     [\\d.]+ ms
measured           1.\\d s
$`),
    );
  }));

Deno.test("probe --json prints its documented keys", () =>
  withStream(async (origin) => {
    const report = await probe("--seconds", "0.3", origin.url());
    const { description } = probeCommand;
    const keys = (value: object | null) => Object.keys(value ?? {});
    const all = [report, report.servers[0]!, report.video, report.audio].flatMap(keys);
    for (const key of [...all, "step", "hint"]) assert(new RegExp(`\\b${key}\\b`).test(description), `"${key}"`);
    assertEquals([report.found, report.owner], [true, `127.0.0.1:${origin.port}`]);
    assertEquals([report.video?.width, report.audio?.channels, report.error], [640, 2, null]);
    assertEquals(report.servers[0]?.identity?.pid, Deno.pid);
  }));

Deno.test("probe follows a redirect and names every server of the chain", () =>
  withStream(async (origin) => {
    using second = redirecting(() => origin.url());
    using first = redirecting(() => second.url());
    const report = await probe("--seconds", "0.2", first.url());
    assertEquals(
      report.servers.map(({ server }) => server),
      [first, second, origin].map(({ port }) => `127.0.0.1:${port}`),
    );
    assertEquals(report.servers.map(({ result }) => result), ["redirect", "redirect", "media"]);
    assertEquals([report.status, report.owner], [0, `127.0.0.1:${origin.port}`]);
    for (const { tcpMs, handshakeMs, connectMs, createStreamMs, answerMs } of report.servers) {
      for (const ms of [tcpMs, handshakeMs, connectMs, createStreamMs, answerMs]) assert(ms !== null && ms >= 0);
    }
    const running = run(probeCommand, "--seconds", "0.2", first.url());
    assertEquals(await running.status, 0);
    assertMatch(running.out, new RegExp(`play +redirect to 127.0.0.1:${second.port} after `));
  }));

Deno.test(
  "probe tells how long an origin of a cluster held it before it redirected",
  () =>
    withStream(async (owner) => {
      let askedMs = 0;
      await using coworker = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
        askedMs ||= performance.now();
        const origin = performance.now() - askedMs < 300
          ? null
          : { ip: "127.0.0.1", port: owner.port, vhost: "v", api: "", routers: [] };
        return Response.json({ code: 0, data: { query: {}, origin } });
      });
      await using origin = new Origin(`cluster { origin_cluster on; coworkers 127.0.0.1:${coworker.addr.port}; }`);
      const report = await probe("--seconds", "0.2", origin.url());
      assertEquals(report.servers.map(({ result }) => result), ["redirect", "media"]);
      const heldMs = report.servers[0]!.answerMs!;
      assert(heldMs >= 300 && heldMs < 3000, `held for ${heldMs} ms`);
      assert(report.firstMediaMs! >= heldMs);
    }),
);

Deno.test("probe does not find a stream that nobody publishes", async () => {
  await using origin = new Origin();
  const silent = await probe("--timeout", "300", origin.url("nobody"));
  assertEquals([silent.status, silent.owner, silent.servers[0]?.result], [1, null, "silent"]);
  assertMatch(silent.error!.message, /^no media within \d+ ms$/);
  await using member = new Origin(
    `cluster { origin_cluster on; coworkers 127.0.0.1:${closedPort()}; owner_timeout 1; }`,
  );
  const refused = await probe(member.url("nobody"));
  assertEquals([refused.status, refused.servers[0]?.result], [1, "refused"]);
  assertMatch(refused.error!.message, /^NetStream.Play.StreamNotFound: no server publishes/);
  assertMatch(refused.error!.hint, /check that somebody publishes/);
});
