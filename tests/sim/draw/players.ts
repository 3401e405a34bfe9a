import { Random } from "../random.ts";
import type { PlayerPlan } from "../scenario.ts";
import type { DrawnCluster } from "./drawn_cluster.ts";

/** Those who watch. */
export function drawPlayers(seed: number, { origins, edges, dayMs, streams }: DrawnCluster): PlayerPlan[] {
  const count = Random.of(seed, "players").between(1, 8);
  return Array.from({ length: count }, (_, at) => {
    const name = `viewer-${at + 1}`;
    const random = Random.of(seed, name);
    const isAtEdge = random.percent(75);
    const kind = random.weighted({ rtmp: 6, flv: 3, srsEdge: 1 });
    const isSrs = kind === "srsEdge";
    return {
      name,
      stream: random.pick(streams),
      kind,
      server: isAtEdge ? `edge-${random.between(1, edges)}` : `origin-${random.between(1, origins)}`,
      startMs: random.between(0, dayMs * 0.7 | 0),
      endMs: random.percent(20) ? random.between(dayMs / 2 | 0, dayMs) : null,
      returnMs: isSrs ? 3000 : random.percent(20) ? 100 : random.pick([1000, 2000]),
      lineBytesPerMs: random.percent(10) ? random.pick([2, 20]) : 0,
      follows: isSrs || random.percent(40),
      pauseMs: kind === "rtmp" && random.percent(10) ? random.pick([300, 3000, 20_000]) : 0,
      staysMs: random.percent(10) ? random.pick([300, 3000, 8000]) : 0,
    };
  });
}
