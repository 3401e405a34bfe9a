import { nearestName } from "../base/nearest_name.ts";

/** The candidate that `typed` begins, if it is the only one, else the nearest by spelling; null when none is near. */
export function nearest(typed: string, candidates: readonly string[]): string | null {
  const begun = typed.replaceAll("-", "").length < 2 ? [] : candidates.filter((name) => name.startsWith(typed));
  return begun.length === 1 ? begun[0] ?? null : nearestName(typed, candidates);
}
