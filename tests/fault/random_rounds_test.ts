import { parseArgs } from "@std/cli/parse-args";
import { assertEquals, assertLess } from "../kit/assert.ts";
import { freePort, type ServerName } from "../kit/launcher.ts";
import { FaultRig, type Place } from "../kit/fault/fault_rig.ts";
import { formatGaps, print } from "../kit/fault/gap_table.ts";
import { heldBy, slope, useOf } from "../kit/fault/process_use.ts";
import { SecondEdge, withApi } from "../kit/fault/second_edge.ts";
import { SeededRandom } from "../kit/fault/seeded_random.ts";
import { pause } from "../kit/fault/steps.ts";
import { subjects } from "../kit/fault/subjects.ts";

// deno task fault -- --rounds=100 --seed=7
const args = parseArgs(Deno.args, { string: ["rounds", "seed"], default: { rounds: "20", seed: "1" } });
const ROUNDS = Number(args.rounds);
const SEED = Number(args.seed);
const STREAMS = 20;
const places: Record<ServerName, Place> = { originA: "rtmpA", originB: "rtmpB", edge: "edge" };
/** Pulls linger for 2 s and sources for 3 s behind them. */
const FORGOTTEN_MS = 8000;
/** Descriptors that a process may have opened for itself. */
const SPARE_FDS = 4;

Deno.test({
  name: `srs-ts: ${ROUNDS} random faults, ${STREAMS} streams and ${3 * STREAMS} players, seed ${SEED}`,
  sanitizeOps: false,
  sanitizeResources: false,
}, async () => {
  const random = new SeededRandom(SEED);
  const edgeApi = freePort();
  const adapt = (text: string, server: ServerName) => server === "edge" ? withApi(text, edgeApi) : text;
  await using rig = await FaultRig.start(subjects()[0]!, { adapt });
  const { cluster } = rig;
  await using second = await SecondEdge.start(cluster.ports);
  const pids = () => [cluster.originA.pid, cluster.originB.pid, cluster.edge.pid, second.program.pid];
  const apis = [cluster.ports.apiA, cluster.ports.apiB, edgeApi, second.apiPort];
  const uses = () => pids().map((pid) => useOf(pid, apis));
  const before = uses();

  for (let i = 0; i < STREAMS; i++) {
    const stream = `s${i}`;
    const ways = [["rtmpA", "rtmpB"], ["rtmpB", "rtmpA"], ["rtmpA", "rtmpB"], ["edge", "rtmpB"]] as const;
    rig.publish(ways[i % ways.length]!, {}, stream);
    rig.play("edge", 1, "player", stream);
    rig.watch(second.url(stream), "player");
    rig.play(i % 2 === 0 ? "rtmpA" : "rtmpB", 1, i % 5 === 0 ? "edge" : "player", stream);
  }
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
    flaws.push(...seen.map((flaw) => `round ${round}, ${name} for ${forMs} ms: ${flaw}`));
    const [a, b, , other] = uses();
    if (mortal === "originA") rss.b.push(b!.rssMiB);
    else rss.a.push(a!.rssMiB);
    rss.second.push(other!.rssMiB);
  }
  print(formatGaps(`seed ${SEED}`, rig.rows));
  assertEquals(flaws, []);

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
