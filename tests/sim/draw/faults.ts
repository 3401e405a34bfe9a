import { Random } from "../random.ts";
import type { FaultKind, FaultPlan } from "../scenario.ts";
import { type DrawnCluster, serverNames } from "./drawn_cluster.ts";

/** What goes wrong on a day. */
export function drawFaults(
  seed: number,
  { origins, edges, dayMs, hasEngine }: DrawnCluster & { hasEngine: boolean },
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
    reload: taste() / 2,
    engineDown: hasEngine ? taste() : 0,
    engineHang: hasEngine ? taste() : 0,
    engineFlush: hasEngine ? taste() : 0,
    engineReadOnly: hasEngine ? taste() : 0,
  };
  return Array.from({ length: day.between(0, 8) }, (_, at) => {
    const name = `fault-${at + 1}`;
    const random = Random.of(seed, name);
    const servers = serverNames(origins, edges);
    const kind = random.weighted(weights);
    const server = kind.startsWith("engine") ? "engine" : random.pick(servers);
    const mayBeCut = kind === "partition" || kind === "oneWay" ? [...servers, ...(hasEngine ? ["engine"] : [])] : [];
    const atMs = random.between(1000, dayMs - 1000);
    return {
      name,
      kind,
      atMs,
      lastsMs: random.between(100, Math.min(12_000, dayMs - atMs)),
      server,
      others: mayBeCut.filter((other) => other !== server && random.percent(60)),
      aheadMs: random.between(-60_000, 60_000),
    };
  }).toSorted((a, b) => a.atMs - b.atMs);
}
