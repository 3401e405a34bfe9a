import { Random } from "../random.ts";
import type { FaultKind, FaultPlan, Scenario, Setting } from "../scenario.ts";
import { type DrawnCluster, serverNames } from "./drawn_cluster.ts";

const settings: readonly Setting[] = ["pithyPrint", "mwLatency", "gopCache", "onConflict", "coworkers"];

/** What else decides what can go wrong. */
interface Kind extends DrawnCluster {
  readonly hasEngine: boolean;
  readonly discovery: Scenario["discovery"];
  readonly latecomers: number;
}

/** What goes wrong on a day, and what operators do. */
export function drawFaults(
  seed: number,
  { origins, edges, dayMs, hasEngine, discovery, latecomers }: Kind,
): FaultPlan[] {
  const day = Random.of(seed, "faults");
  // Days differ in what goes wrong on them.
  const taste = () => day.pick([0, 1, 1, 3]);
  const weights: Record<FaultKind, number> = {
    kill: 1 + taste(),
    powerCut: taste(),
    freeze: taste(),
    drain: taste(),
    partition: taste(),
    oneWay: taste(),
    clock: taste() / 2,
    reload: taste(),
    kick: taste(),
    apiDrain: taste() / 2,
    join: 0,
    dnsDown: discovery === "dns" ? taste() : 0,
    engineDown: hasEngine ? taste() : 0,
    engineHang: hasEngine ? taste() : 0,
    engineFlush: hasEngine ? taste() : 0,
    engineReadOnly: hasEngine ? taste() : 0,
  };
  const faults = Array.from({ length: day.between(0, 7) }, (_, at) => {
    const name = `fault-${at + 1}`;
    const random = Random.of(seed, name);
    const servers = serverNames(origins, edges);
    const kind = random.weighted(weights);
    const server = kind.startsWith("engine") ? "engine" : random.pick(servers);
    const setting = random.pick(settings);
    const mayBeCut = kind === "partition" || kind === "oneWay"
      ? [...servers, ...(hasEngine ? ["engine"] : [])]
      : kind === "reload" && setting === "coworkers"
      ? servers.slice(0, origins)
      : [];
    const atMs = random.between(1000, dayMs - 1000);
    return {
      name,
      kind,
      atMs,
      lastsMs: random.between(100, Math.min(12_000, dayMs - atMs)),
      server,
      setting,
      others: mayBeCut.filter((other) => other !== server && random.percent(60)),
      aheadMs: random.between(-60_000, 60_000),
    };
  });
  return [...faults, ...drawJoins(seed, origins, { dayMs, latecomers })].toSorted((a, b) => a.atMs - b.atMs);
}

function drawJoins(
  seed: number,
  origins: number,
  { dayMs, latecomers }: { dayMs: number; latecomers: number },
): FaultPlan[] {
  return Array.from({ length: latecomers }, (_, at) => {
    const server = `origin-${origins - at}`;
    const atMs = Random.of(seed, `join of ${server}`).between(1000, dayMs - 1000);
    return {
      name: `join-${at + 1}`,
      kind: "join",
      atMs,
      lastsMs: 100,
      server,
      setting: "pithyPrint",
      others: [],
      aheadMs: 0,
    };
  });
}
