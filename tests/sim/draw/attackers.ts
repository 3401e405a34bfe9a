import { Random } from "../random.ts";
import type { AttackerPlan, AttackKind } from "../scenario.ts";
import { type DrawnCluster, serverNames } from "./drawn_cluster.ts";

const attackKinds: readonly AttackKind[] = [
  "garbage",
  "halfHandshake",
  "flood",
  "madeUpNames",
  "forgedClaims",
  "slowLoris",
  "hugeHead",
];

/** Those who mean harm; on most days none. */
export function drawAttackers(seed: number, { origins, edges, dayMs }: DrawnCluster): AttackerPlan[] {
  const day = Random.of(seed, "attackers");
  const count = day.percent(30) ? day.between(1, 3) : 0;
  return Array.from({ length: count }, (_, at) => {
    const name = `attacker-${at + 1}`;
    const random = Random.of(seed, name);
    const atMs = random.between(500, dayMs - 500);
    return {
      name,
      kind: random.pick(attackKinds),
      server: random.pick(serverNames(origins, edges)),
      atMs,
      lastsMs: random.between(100, Math.min(5000, dayMs - atMs)),
      perS: random.pick([1, 5, 30]),
    };
  });
}
