import { parseArgs } from "@std/cli/parse-args";
import { assertEquals, assertLess } from "../kit/assert.ts";
import type { ServerName } from "../kit/launcher.ts";
import { FaultRig, type Place } from "../kit/fault/fault_rig.ts";
import { formatGaps, print } from "../kit/fault/gap_table.ts";
import { HlsPlayer } from "../kit/fault/hls_player.ts";
import { SegmentBook } from "../kit/hls/segment_book.ts";
import { heldBy, slope, useOf } from "../kit/fault/process_use.ts";
import { SecondEdge } from "../kit/fault/second_edge.ts";
import { SeededRandom } from "../kit/fault/seeded_random.ts";
import { pause } from "../kit/fault/steps.ts";
import { subjects } from "../kit/fault/subjects.ts";

// deno task fault -- --rounds=100 --seed=7; --streams=5 on a small or busy machine
const args = parseArgs(Deno.args, {
  string: ["rounds", "seed", "streams"],
  default: { rounds: "20", seed: "1", streams: "20" },
});
const ROUNDS = Number(args.rounds);
const SEED = Number(args.seed);
const STREAMS = Number(args.streams);
const places: Record<ServerName, Place> = { originA: "rtmpA", originB: "rtmpB", edge: "edge" };
/** HLS lets go of a stream 10 s after the last request; pulls linger for 2 s and sources for 3 s behind it. */
const FORGOTTEN_MS = 18_000;
/** Each of them goes to the first, and then to the next. */
const ways = [["rtmpA", "rtmpB"], ["rtmpB", "rtmpA"], ["rtmpA", "rtmpB"], ["edge", "rtmpB"]] as const;
/** Most streams that are watched by HLS, too. */
const MAX_HLS_STREAMS = 6;
/** At the end, each of them goes on: a segment is about a second long, and each server is asked every other second. */
const HLS_GAP_MS = 8000;
/** Requests and segments until the next is there: on a busy machine, each takes longer. */
const HLS_TURNS = 20;
/** Segments of one second, five of them; `hls_dispose` lets go of what nobody publishes any more. */
const HLS = "hls { enabled on; hls_ctx off; hls_fragment 1; hls_window 5; hls_dispose 10; }";
/** Descriptors that a process may have opened for itself. */
const SPARE_FDS = 4;

Deno.test({
  name: `srs-ts: ${ROUNDS} random faults, ${STREAMS} streams and ${3 * STREAMS} players, seed ${SEED}`,
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const random = new SeededRandom(SEED);
  const adapt = (text: string) => text.replace("http_remux {", `${HLS}\n    http_remux {`);
  await using rig = await FaultRig.start(subjects()[0]!, { adapt });
  const { cluster } = rig;
  await using second = await SecondEdge.start(cluster.ports, adapt);
  const pids = () => [cluster.originA.pid, cluster.originB.pid, cluster.edge.pid, second.program.pid];
  const apis = [cluster.ports.apiA, cluster.ports.apiB, cluster.ports.apiEdge, second.apiPort];
  const uses = () => pids().map((pid) => useOf(pid, apis));
  const before = uses();

  for (let i = 0; i < STREAMS; i++) {
    const stream = `s${i}`;
    rig.publish(ways[i % ways.length]!, {}, stream);
    rig.play("edge", 1, "player", stream);
    rig.watch(second.url(stream), "player");
    rig.play(i % 2 === 0 ? "rtmpA" : "rtmpB", 1, i % 5 === 0 ? "edge" : "player", stream);
  }
  const book = new SegmentBook();
  const hlsServers = [
    { name: "originA", port: cluster.ports.apiA, processId: () => cluster.originA.pid },
    { name: "originB", port: cluster.ports.apiB, processId: () => cluster.originB.pid },
    { name: "edge", port: cluster.ports.apiEdge, processId: () => cluster.edge.pid },
    { name: "second edge", port: second.apiPort, processId: () => second.program.pid },
  ];
  const hlsPlayers = Array.from({ length: Math.min(STREAMS, MAX_HLS_STREAMS) }, (_, i) => i).flatMap((i) =>
    [0, 1].map((turn) => new HlsPlayer(`s${i}`, hlsServers, i + 2 * turn, { book, lateness: rig.lateness }))
  );
  await rig.settle(3000);

  const flaws: string[] = [];
  const rss = { a: [] as number[], b: [] as number[], second: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    // One origin is killed in the first half only, the other in the second: what the other one holds on to shows.
    const mortal: ServerName = round < ROUNDS / 2 ? "originA" : "originB";
    const victim = random.pick([mortal, mortal, "originA", "originB", "edge"] as const);
    const isMortal = victim === mortal || victim === "edge";
    const kind = random.pick(
      isMortal ? ["killed", "killed", "stands still", "publishers crash"] : [
        "stands still",
        "publishers crash",
      ],
    );
    const forMs = random.between(0, 2500);
    const place = places[victim];
    const except = kind === "publishers crash"
      ? []
      : rig.players.filter(({ url }) => url.startsWith(cluster.url(place, "")));
    const faults: Record<string, () => Promise<void>> = {
      async "killed"() {
        await cluster.kill(victim);
        await pause(forMs);
        await cluster.restart(victim);
      },
      async "stands still"() {
        cluster.program(victim).kill("SIGSTOP");
        await pause(forMs);
        cluster.program(victim).kill("SIGCONT");
      },
      async "publishers crash"() {
        for (let i = 0; i < 5; i++) random.pick(rig.publishers).crash();
        await pause(0);
      },
    };
    const name = kind === "publishers crash" ? kind : `${victim} ${kind}`;
    const seen = await rig.measure(name, faults[kind]!, { except, settleMs: 1000 });
    seen.push(...hlsPlayers.flatMap((player) => player.flaws.splice(0)));
    flaws.push(...seen.map((flaw) => `round ${round}, ${name} for ${forMs} ms: ${flaw}`));
    const [a, b, , other] = uses();
    if (mortal === "originA") rss.b.push(b!.rssMiB);
    else rss.a.push(a!.rssMiB);
    rss.second.push(other!.rssMiB);
  }
  print(formatGaps(`seed ${SEED}`, rig.rows));
  assertEquals(flaws, []);
  const gapMs = HLS_GAP_MS + HLS_TURNS * rig.lateness.recentMs;
  await pause(gapMs);
  for (const { stream, lastSegmentAtMs } of hlsPlayers) {
    assertLess(performance.now() - lastSegmentAtMs, gapMs, `HLS of ${stream} does not go on`);
  }
  print(`timers of this process came ${Math.round(rig.lateness.worstMs)} ms late at worst`);
  const segments = hlsPlayers.reduce((sum, player) => sum + player.segments, 0);
  const excused = hlsPlayers.reduce((sum, player) => sum + player.excused, 0);
  print(
    `HLS: ${segments} segments for ${hlsPlayers.length} viewers; ${excused} requests were too much for this machine`,
  );
  for (const player of hlsPlayers) player[Symbol.dispose]();

  rig.clear();
  await pause(FORGOTTEN_MS);
  const nothing = { connections: 0, clients: 0, streams: 0 };
  assertEquals(await Promise.all(apis.map(heldBy)), apis.map(() => nothing));
  const after = uses();
  const slopes = [rss.b, rss.a, rss.second].map((values) => slope(values.slice(values.length / 3)));
  const fds = after.map((use, i) => `${before[i]!.fds} to ${use.fds}`).join(", ");
  const memory = after.map((use, i) => `${before[i]!.rssMiB.toFixed(0)} to ${use.rssMiB.toFixed(0)}`).join(", ");
  print(`A, B, edge, second edge: fds ${fds}; MiB ${memory}`);
  print(`MiB a round: origins ${slopes[0]!.toFixed(2)} and ${slopes[1]!.toFixed(2)}, edge ${slopes[2]!.toFixed(2)}`);
  after.forEach((use, i) => assertLess(use.fds, before[i]!.fds + SPARE_FDS + 1));
});
