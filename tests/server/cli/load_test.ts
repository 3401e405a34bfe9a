import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../../kit/assert.ts";
import { loadCommand } from "../../../src/cli/load/load.ts";
import { LoadRecord } from "../../../src/cli/load/load_record.ts";
import type { FleetWindow } from "../../../src/cli/load/player_fleet.ts";
import { UsageError } from "../../../src/cli/parse_args.ts";
import { closedPort, Origin, run, until } from "../../kit/server/push_rig.ts";

Deno.test("load publishes streams, plays them, and measures what arrives", async () => {
  await using origin = new Origin();
  const publishing = run(loadCommand, "publish", "--streams", "2", "--kbps", "200", "--json", origin.url("b"));
  await until(() => (origin.server.sources.find("/live/b1")?.stats.videoFrames ?? 0) > 3, "both streams");
  const words = [
    "play",
    "--players",
    "6",
    "--streams",
    "2",
    "--ramp",
    "0.2",
    "--seconds",
    "2",
    "--json",
    origin.url("b"),
  ];
  const playing = run(loadCommand, ...words);
  assertEquals(await playing.status, 0, playing.out);
  const events = playing.out.trim().split("\n").map((line) => JSON.parse(line));
  const end = events.at(-1);
  assertEquals([end.event, end.players, end.failed, end.lost, end.drops, end.faults], ["end", 6, 0, 0, 0, []]);
  assertGreater(end.kbps, 600);
  assertGreater(end.firstFrameMs.max, 0);
  const second = events.findLast(({ event }) => event === "second");
  assertEquals(second.connected, 6);
  assert(second.latencyMs.p50 > 0 && second.latencyMs.p50 < 5000, "media of load publish tells its latency");
  publishing.stop();
  assertEquals(await publishing.status, 0);
  assertMatch(publishing.out, /^\{"event":"second","publishers":2,"alive":2,/m);
});

Deno.test("load tells who refused, and who is not there", async () => {
  const nobody = run(
    loadCommand,
    "play",
    "--players",
    "2",
    "--seconds",
    "1",
    `rtmp://127.0.0.1:${closedPort()}/live/s`,
  );
  assertEquals(await nobody.status, 3);
  assertStringIncludes(nobody.out, "FAILED: 2 of 2 players had no frame: connection refused");
  const unpublished = run(loadCommand, "publish", `rtmp://127.0.0.1:${closedPort()}/live/s`);
  assertEquals([await unpublished.status, unpublished.err], [3, "srs-ts load: connection refused\n"]);
});

const quiet: FleetWindow = {
  players: 2,
  connected: 2,
  failed: 0,
  failures: [],
  firstFrameMs: { p50: 1, p99: 2, max: 2 },
  bytes: 1e6,
  frames: 50,
  drops: 0,
  lost: 0,
  stallMs: 0,
  latencyMs: { p50: 1, p99: 1, max: 1 },
  lagMs: { p50: 1, p99: 1, max: 9 },
  gapMs: { p50: 1, p99: 1, max: 700 },
};

Deno.test("LoadRecord counts gaps from the time on when all play, and fails by the limit, by losses and by players without frames", () => {
  const judge = (change: Partial<FleetWindow>, limitMs: number, counts = true) => {
    const record = new LoadRecord();
    record.add({ ...quiet, ...change }, counts);
    return record.judge({ ...quiet, ...change }, limitMs).faults;
  };
  assertEquals(judge({}, 700), []);
  assertEquals(judge({}, 699), ["a player had nothing for 700 ms, the limit is 699 ms"]);
  assertEquals(judge({}, 699, false), []);
  assertEquals(judge({ lost: 1 }, 1e9), ["1 connection was ended by the server"]);
  assertEquals(judge({ failed: 1, failures: ["a", "b"] }, 1e9), ["1 of 2 players had no frame: a; b"]);
});

const misuses: [words: string[], message: string][] = [
  [[], 'say "load play URL" or "load publish URL"'],
  [["watch", "rtmp://a/live/s"], 'say "load play URL"'],
  [["play"], "load play needs one address"],
  [["play", "rtmps://a/live/s"], "without TLS"],
  [["play", "rtmp://a:0/live/s"], "has the port 0"],
  [["play", "http://a/live"], "is not http://host[:port]/app/stream"],
  [["publish", "http://a/live/s"], "is not a stream address"],
  [["publish", "-i", "/no/such.flv", "rtmp://a/live/s"], "cannot read /no/such.flv: no such file or directory"],
  [["play", "--players", "0", "rtmp://a/live/s"], "--players must be a whole number"],
];

for (const [words, message] of misuses) {
  Deno.test(`load refuses ${words.join(" ") || "no arguments"}`, async () => {
    await assertRejects(() => run(loadCommand, ...words).status, UsageError, message);
  });
}
