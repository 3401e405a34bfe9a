import { assertEquals, assertMatch, assertNotEquals } from "../../kit/assert.ts";
import {
  Cluster,
  type ClusterOptions,
  freePort,
  isListening,
  Program,
  programCommand,
  until,
} from "../../kit/launcher.ts";
import { Publisher, serverTest, Viewer } from "../../kit/server/rtmp_rig.ts";
import { type ToldSpan, TraceCollector } from "../../kit/server/trace_collector.ts";

/** Servers that send their traces to a collector. */
function traced(collector: TraceCollector, adapt: NonNullable<ClusterOptions["adapt"]>): ClusterOptions {
  return {
    adapt,
    command(role, path) {
      const service = path.includes("serverA") ? "A" : path.includes("serverB") ? "B" : "edge";
      return withEnv(collector, service, programCommand(role, "-c", path));
    },
  };
}

/** The command line of a program that sends its traces to a collector. */
function withEnv(collector: TraceCollector, service: string, command: readonly string[]): [string, ...string[]] {
  const env = Object.entries(collector.env(service)).map(([name, value]) => `${name}=${value}`);
  return ["env", ...env, ...command];
}

/** Waits for a span that leads back, parent by parent, to the first in this cluster; those between are named too. */
async function path(collector: TraceCollector, ...names: string[]): Promise<ToldSpan> {
  const leads = (span: ToldSpan | undefined, [name, ...rest]: string[]): boolean => {
    if (name === undefined || span === undefined) return name === undefined && span === undefined;
    const parent = collector.spans.find(({ spanId }) => spanId === span.parentSpanId);
    return `${span.service}: ${span.name}` === name && (parent?.traceId ?? span.traceId) === span.traceId &&
      leads(parent, rest);
  };
  const find = () => collector.spans.find((span) => leads(span, names));
  await until(() => find() !== undefined, 8000, () => `${names.join(" < ")} in\n${collector.tree}`);
  return find()!;
}

serverTest("one trace leads from a player of the edge over B's redirect to the publisher at A, and back", async () => {
  await using collector = new TraceCollector();
  await using cluster = await Cluster.start(traced(collector, (text, server, { rtmpB }) =>
    // Nobody tells the edge of A.
    server === "edge" ? text.replace(/origin .*;/, `origin 127.0.0.1:${rtmpB};`) : text));
  using publisher = await Publisher.start(cluster.ports.rtmpA, "livestream");
  using viewer = await Viewer.start(cluster.ports.edge, "livestream");
  await viewer.waitForFrames(1);

  const frame = await path(collector, "edge: first frame", "edge: play");
  const upstream = ["edge: upstream", "edge: pull", "edge: play"];
  const spans = await Promise.all([
    path(collector, "edge: upstream connect", ...upstream),
    path(collector, "edge: first media", ...upstream),
    path(collector, "B: redirect", "B: play", ...upstream),
    path(collector, "A: owner answer", "B: POST", "B: owner search", "B: play", ...upstream),
    path(collector, "A: first frame", "A: play", ...upstream),
    path(collector, "A: publish", "A: play", ...upstream),
  ]);
  assertEquals(new Set([frame, ...spans].map(({ traceId }) => traceId)).size, 1);
  assertEquals(spans.map(({ error }) => error).filter((error) => error !== ""), []);

  const publish = await path(collector, "A: publish");
  const [link] = spans.at(-1)!.links;
  assertEquals([link?.traceId, link?.spanId], [publish.traceId, publish.spanId]);
  assertEquals(publish.attributes.get("srs.stream"), "/live/livestream");
  await path(collector, "B: owner answer", "A: POST", "A: owner search", "A: publish");

  const isQuestion = ({ name, parentSpanId }: ToldSpan) => (name === "GET" || name === "POST") && parentSpanId === "";
  assertEquals(collector.spans.filter(isQuestion), [], "what servers ask each other all the time leaves no traces");
  assertMatch(cluster.logs, /coworker \S+ is up/, "they do ask");

  publisher.unpublish();
  using _again = await Publisher.start(cluster.ports.rtmpB, "livestream");
  await viewer.waitForFrames(10);
  const switched = await path(collector, "B: first frame", "B: play", "edge: upstream", "edge: pull");
  assertNotEquals(switched.traceId, frame.traceId, "the player began long ago");
});

serverTest("a trace goes on over HTTP-FLV, and tells of a stream that nobody has", async () => {
  await using collector = new TraceCollector();
  const [httpA, httpEdge] = [freePort(), freePort()];
  await using cluster = await Cluster.start(traced(collector, (text, server) => {
    const port = server === "originA" ? httpA : server === "edge" ? httpEdge : freePort();
    return text.replace(/(?<=http_server \{\s+enabled\s+on;\s+listen\s+)[^;]+/, `127.0.0.1:${port}`)
      .replace(/origin .*;/, `origin 127.0.0.1:${httpA}; protocol flv; owner_timeout 700;`);
  }));
  await until(() => isListening(httpEdge), 8000, () => cluster.logs);
  await using push = new Program(withEnv(collector, "encoder", programCommand("push", cluster.url("rtmpA"))));
  await push.prints("publishing", 8000);
  await path(collector, "A: publish", "encoder: push");
  const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  const get = (stream: string, traceparent: string) =>
    fetch(`http://127.0.0.1:${httpEdge}/live/${stream}.flv`, { headers: { traceparent } });
  const answer = await get("livestream", `00-${traceId}-${spanId}-01`);
  await answer.body?.cancel();

  const first = () => collector.spans.find((span) => span.name === "play" && span.parentSpanId === spanId);
  await until(() => first() !== undefined, 8000, () => collector.tree);
  assertEquals([first()?.service, first()?.traceId], ["edge", traceId]);
  await path(collector, "A: first frame", "A: play", "edge: upstream", "edge: pull", "edge: play");

  const missing = await get("missing", "00-forged");
  assertEquals([missing.status, await missing.text().then(() => "")], [404, ""]);
  await until(() => collector.spans.some(({ error }) => error.startsWith("no server has /live/missing")), 8000, () => {
    return collector.tree;
  });
  const failed = collector.spans.find(({ name, error }) => name === "play" && error !== "");
  assertEquals([failed?.service, failed?.parentSpanId], ["edge", ""]);
});
