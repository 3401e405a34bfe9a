import { filesWith, worldAt } from "../../../kit/memory/world.ts";
import { metrics } from "../../../../src/http/metrics/metrics.ts";
import { SystemStats } from "../../../../src/http/system/stats.ts";
import { closeReasons } from "../../../../src/server/close_reason.ts";
import { sourceOptions } from "../../../../src/server/source_options.ts";
import { assert, assertEquals, assertMatch } from "../../../kit/assert.ts";
import {
  apiOf,
  fakeClient,
  type FakeServer,
  fakeServer,
  publishInto,
  START_MS,
} from "../../../kit/peers/fake_server.ts";
import { type MetricLine, parseMetrics } from "../../../kit/cases/metrics_text.ts";
import { procFiles } from "../../../kit/cases/proc_cases.ts";

const on = "exporter { enabled on; } vhost __defaultVhost__ {}";

type Options = Parameters<typeof apiOf>[1];

async function scrape(server: FakeServer, path = "/metrics", options: Options = {}): Promise<MetricLine[]> {
  const system = new SystemStats(worldAt(server.timers, { files: filesWith(procFiles), interfaces: () => [] }));
  const answer = await apiOf(server, { system, ...options })(path);
  assertEquals(answer.status, 200);
  assertMatch(answer.headers.get("content-type") ?? "", /^text\/plain;.*charset=utf-8/);
  return parseMetrics(await answer.text());
}

function valuesOf(lines: readonly MetricLine[], name: string): unknown[] {
  return lines.filter((line) => line.name === name)
    .map(({ labels, value }) => Object.keys(labels).length === 0 ? value : [labels.stream ?? labels.origin, value]);
}

/** One stream with a publisher and two players, five seconds after its first sample. */
function busyServer(): FakeServer {
  const server = fakeServer(on);
  const moved: [number, number] = [10_000, 3000];
  server.registry.add(fakeClient("pub00000", "fmle-publish", { moved }));
  server.registry.add(fakeClient("play0000", "rtmp-play"));
  server.registry.add(fakeClient("play1111", "rtmp-play"));
  publishInto(server, "/live/livestream");
  server.registry.sample(START_MS);
  server.nowMs = START_MS + 5000;
  moved[0] += 50_000;
  moved[1] += 25_000;
  return server;
}

Deno.test("/metrics answers SRS's metrics by its names and units", async () => {
  const server = busyServer();
  server.registry.totalErrors = 3;
  const lines = await scrape(server);
  const expected: [name: string, value: number][] = [
    ["srs_cpu_percent", 1],
    ["srs_memory", 80_000],
    ["srs_send_bytes_total", 32_000],
    ["srs_receive_bytes_total", 62_000],
    ["srs_streams", 1],
    ["srs_clients", 3],
    ["srs_clients_total", 3],
    ["srs_clients_errs_total", 3],
  ];
  for (const [name, value] of expected) assertEquals(valuesOf(lines, name), [value], name);
  const uname = lines.find(({ name }) => name === "srs_node_uname_info")!;
  assertEquals(Object.keys(uname.labels), ["sysname", "nodename", "release", "version", "machine"]);
  assertEquals([uname.value, uname.labels.sysname], [1, "Linux"]);
  const build = lines.find(({ name }) => name === "srs_build_info")!;
  const { server: id, service, pid, label, tag } = build.labels;
  assertEquals([build.value, id, service, pid, label, tag], [
    1,
    "vid-0server",
    "service0",
    "4711",
    undefined,
    undefined,
  ]);
});

Deno.test("/metrics has the label and the tag of the configuration, escaped", async () => {
  const lines = await scrape(fakeServer(`exporter { enabled on; label cn-beijing; tag 'a"b'; }`));
  const { label, tag } = lines.find(({ name }) => name === "srs_build_info")!.labels;
  assertEquals([label, tag], ["cn-beijing", 'a"b']);
});

Deno.test("/metrics tells of each stream what it moves, who plays it and what was dropped", async () => {
  const lines = await scrape(busyServer());
  const stream = "/live/livestream";
  assertEquals(valuesOf(lines, "srs_ts_stream_recv_kbps"), [[stream, 80]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_send_kbps"), [[stream, 40]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_players"), [[stream, 2]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_active"), [[stream, 1]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_dropped_packets"), [[stream, 21]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_pull_fed"), []);
  const names = ["players", "active_streams", "dropped_packets", "pulls", "connections", "uptime_seconds"];
  assertEquals(names.flatMap((name) => valuesOf(lines, `srs_ts_${name}`)), [2, 1, 21, 0, 3, 5]);
});

Deno.test("/metrics asked twice counts nothing twice and forgets streams that are gone", async () => {
  const server = fakeServer(on);
  const player = fakeClient("play0000", "rtmp-play");
  server.registry.add(player);
  const first = await scrape(server);
  assertEquals(await scrape(server, "/metrics?again"), first);
  server.registry.remove(player);
  const later = await scrape(server);
  assertEquals(later.filter(({ labels }) => "stream" in labels), []);
  assertEquals(valuesOf(later, "srs_receive_bytes_total"), [1000]);
});

Deno.test("/metrics keeps labels for the 200 streams of the highest bitrates and sums up the others", async () => {
  const server = fakeServer(on);
  const traffic = Array.from({ length: 250 }, (): [number, number] => [0, 0]);
  traffic.forEach((moved, i) => {
    server.registry.add(fakeClient(`p${i}`, "fmle-publish", { stream: `s${i}`, moved }));
    server.registry.add(fakeClient(`v${i}`, "rtmp-play", { stream: `s${i}`, moved: [0, 0] }));
  });
  server.registry.sample(START_MS);
  server.nowMs += 1000;
  traffic.forEach((moved, i) => moved[0] = i * 1250);
  const lines = await scrape(server);
  const rates = valuesOf(lines, "srs_ts_stream_recv_kbps") as [string, number][];
  assertEquals(rates.length, 201);
  assertEquals([rates[0], rates[199]], [["/live/s249", 2490], ["/live/s50", 500]]);
  assertEquals(rates[200], ["_other", 50 * 49 / 2 * 10]);
  assertEquals(valuesOf(lines, "srs_ts_stream_players").at(-1), ["_other", 50]);
  assertEquals(valuesOf(lines, "srs_ts_players"), [250]);
  assertEquals(valuesOf(lines, "srs_streams"), [250]);
});

const hostileNames = [
  'a"} 1\nsrs_streams 999',
  "back\\slash\\",
  "\\n",
  "line\nbreak\r\n",
  "__proto__",
  "constructor",
  "a,b=c{}",
  "_other",
  "\u2028日本 \u{1f600}",
  "$& $1 %n",
];

Deno.test("/metrics writes hostile stream names as one label each", async () => {
  const server = fakeServer(on);
  for (const stream of hostileNames) server.registry.add(fakeClient(`c${stream}`, "rtmp-play", { stream }));
  server.registry.add(fakeClient("long", "rtmp-play", { stream: "x".repeat(500) }));
  const lines = await scrape(server);
  const shown = valuesOf(lines, "srs_ts_stream_players") as [string, number][];
  assertEquals(shown, [...hostileNames.map((name): [string, number] => [`/live/${name}`, 1]), ["_other", 1]]);
  assertEquals(valuesOf(lines, "srs_streams"), [hostileNames.length + 1]);
});

Deno.test("/metrics tells of pulls, of changes of the upstream and of the origins", async () => {
  const server = fakeServer("exporter { enabled on; } vhost __defaultVhost__ { cluster { mode remote; origin a; } }");
  const source = server.sources.findOrCreate("/live/livestream", () => sourceOptions(server.config.vhosts[0]!));
  const state = { key: source.key, upstream: "b", isFed: true, lastError: "", switches: 2, lastGapMs: 350 };
  Object.assign(server.pulls, { states: () => [state] });
  const { pool } = server.pulls;
  pool.noteFailure("10.0.0.1:1935", "refused");
  pool.health('evil"\n').pulls = 4;
  const lines = await scrape(server);
  assertEquals(valuesOf(lines, "srs_ts_pulls"), [1]);
  assertEquals(valuesOf(lines, "srs_ts_fed_pulls"), [1]);
  assertEquals(valuesOf(lines, "srs_ts_stream_pull_fed"), [["/live/livestream", 1]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_upstream_switches"), [["/live/livestream", 2]]);
  assertEquals(valuesOf(lines, "srs_ts_stream_last_gap_seconds"), [["/live/livestream", 0.35]]);
  assertEquals(valuesOf(lines, "srs_ts_origin_pulls"), [['evil"\n', 4], ["10.0.0.1:1935", 0]]);
  assertEquals(valuesOf(lines, "srs_ts_origin_failures"), [['evil"\n', 0], ["10.0.0.1:1935", 1]]);
  assertEquals(valuesOf(lines, "srs_ts_origin_resting"), [['evil"\n', 0], ["10.0.0.1:1935", 1]]);
});

Deno.test("/metrics tells why sessions ended, every reason from the start", async () => {
  const server = fakeServer(on);
  const { ends } = server.registry;
  ends.note("rtmp", "kicked");
  ends.note("rtmp", "kicked");
  ends.note("http", "slowConsumer");
  const rows = (await scrape(server)).filter(({ name }) => name === "srs_ts_session_ends_total");
  assertEquals(rows.length, 2 * closeReasons.length);
  assertEquals(
    rows.filter(({ value }) => value > 0).map(({ labels, value }) => `${labels.protocol} ${labels.reason} ${value}`),
    ["rtmp kicked 2", "http slowConsumer 1"],
  );
});

Deno.test("/metrics tells how coworkers answer, of 200 at most one by one", async () => {
  const server = fakeServer(on);
  const table = Array.from({ length: 210 }, (_, i) => ({
    coworker: `10.0.0.${i}:1985`,
    questions: 1000 - i,
    failures: i % 2,
    isSuspect: i === 3,
  }));
  Object.assign(server, { mesh: { coworkers: { table: () => table } } });
  const rows = (await scrape(server)).filter(({ labels }) => "coworker" in labels);
  const of = (name: string) => rows.filter((row) => row.name === `srs_ts_coworker_${name}`);
  assertEquals([of("questions_total").length, of("suspect").filter(({ value }) => value === 1).length], [201, 1]);
  assertEquals(of("failures_total")[1], {
    name: "srs_ts_coworker_failures_total",
    labels: { coworker: "10.0.0.1:1985" },
    value: 1,
  });
  assertEquals(of("failures_total").at(-1)?.labels.coworker, "_other");
  assertEquals(of("failures_total").at(-1)?.value, 5);
});

Deno.test("/metrics tells which coworkers answer when they are asked who they are", async () => {
  const server = fakeServer(on);
  const all = Array.from({ length: 250 }, (_, i) => ({
    address: { text: `c${i}:1985` },
    state: i === 249 ? "down" : i === 0 ? "new" : "up",
  }));
  Object.assign(server.health, { watch: { all: () => all } });
  const up = (await scrape(server)).filter(({ name }) => name === "srs_ts_coworker_up")
    .map(({ labels, value }) => `${labels.coworker} ${value}`);
  assertEquals([up.length, up[0], up[200]], [201, "c249:1985 0", "_other 1"]);
});

Deno.test("/metrics counts the bytes of each stream, but not those of many under one name", async () => {
  const server = busyServer();
  server.registry.remove(server.registry.client("play1111")!);
  const lines = await scrape(server);
  const bytes = (of: readonly MetricLine[]) =>
    ["receive", "send"].map((way) => valuesOf(of, `srs_ts_stream_${way}_bytes_total`));
  assertEquals(
    bytes(lines),
    [[["/live/livestream", 62_000]], [["/live/livestream", 32_000]]],
    "the one that left, too",
  );
  for (let i = 0; i < 250; i++) server.registry.add(fakeClient(`p${i}`, "fmle-publish", { stream: `s${i}` }));
  assertEquals(bytes(await scrape(server)).map((rows) => rows.length), [200, 200]);
});

Deno.test("/metrics puts the waits for the first frame into classes, each with those below", async () => {
  const server = fakeServer(on);
  for (const ms of [0, 50, 51, 900, 60_000, -5]) server.registry.firstFrames.note("viewer", ms);
  server.registry.firstFrames.note("server", 2500);
  const lines = await scrape(server);
  const of = (client: string, part: string) =>
    lines.filter(({ name, labels }) => name === `srs_ts_first_frame_seconds_${part}` && labels.client === client);
  const buckets = of("viewer", "bucket").map(({ labels, value }) => `${labels.le} ${value}`);
  assertEquals(buckets, ["0.05 3", "0.1 4", "0.25 4", "0.5 4", "1 5", "2.5 5", "5 5", "10 5", "30 5", "+Inf 6"]);
  assertEquals([of("viewer", "count")[0]?.value, of("viewer", "sum")[0]?.value], [6, 61.001]);
  assertEquals(of("server", "bucket").map(({ value }) => value), [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
});

Deno.test("/metrics tells when the server started, whether it is ready, and what the machine has", async () => {
  const server = fakeServer(on);
  const values = async () => {
    const lines = await scrape(server);
    const own = ["ready", "machine_cpus", "machine_memory_bytes"].map((name) => valuesOf(lines, `srs_ts_${name}`)[0]);
    return [valuesOf(lines, "process_start_time_seconds")[0], ...own];
  };
  const [start, ready, cpus, memory] = await values();
  assertEquals([start, ready], [START_MS / 1000, 1]);
  assert(Number(cpus) >= 1 && Number(memory) > 1e8);
  // Whatever moves it would be taken for a restart.
  server.nowMs += 123_456.789;
  server.drain.isAnnounced = true;
  assertEquals((await values()).slice(0, 2), [START_MS / 1000, 0]);
});

Deno.test("every metric has one name, of SRS or with the prefix of this program", () => {
  const names = metrics.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const own = names.filter((name) => name.startsWith("srs_ts_"));
  assertEquals(names.length - own.length, 11, "those of SRS, and process_start_time_seconds");
  for (const { type, name } of metrics) assert((type === "counter") === name.endsWith("_total"), name);
});

Deno.test("/metrics tells how the engine of the directory answers, where there is one", async () => {
  const server = fakeServer(on);
  const of = async () =>
    (await scrape(server)).filter(({ name }) => name.startsWith("srs_ts_directory_"))
      .map(({ name, labels, value }) => `${name} ${labels.engine} ${value}`);
  assertEquals(await of(), []);
  const health = { engine: "redis://e:6379", isUp: true, problem: "", calls: 9, failures: 2, latencyMs: 250 };
  Object.assign(server, { engine: { health: () => [health] } });
  assertEquals(await of(), [
    "srs_ts_directory_up redis://e:6379 1",
    "srs_ts_directory_calls_total redis://e:6379 9",
    "srs_ts_directory_failures_total redis://e:6379 2",
    "srs_ts_directory_latency_seconds redis://e:6379 0.25",
  ]);
});
