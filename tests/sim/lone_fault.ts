import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** When it comes at the earliest: everybody is in place. */
const EARLIEST_MS = 14_000;
/** What is left of the day after it. */
const AFTER_MS = 12_000;

/** A day with one of its faults only: what is promised for one at a time can be measured on it. */
export function withLoneFault(scenario: Scenario): Scenario {
  const { faults, dayMs, seed } = scenario;
  if (faults.length === 0) return scenario;
  const drawn = Random.of(seed, "lone fault").pick(faults);
  const fault = { ...drawn, atMs: Math.max(EARLIEST_MS, drawn.atMs) };
  return { ...scenario, faults: [fault], dayMs: Math.max(dayMs, fault.atMs + fault.lastsMs + AFTER_MS) };
}
