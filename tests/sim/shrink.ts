import { failureKind } from "./failure_kind.ts";
import type { Outcome } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { lists, smallerLists, smallerScenarios } from "./smaller.ts";

/** How a scenario is made small. */
export interface ShrinkOptions {
  run(scenario: Scenario): Promise<Outcome>;
  /** Most runs. */
  readonly maxRuns?: number;
  /** Most time, ms of the real clock. */
  readonly maxMs?: number;
  onStep?(runs: number, text: string): void;
}

/** The smallest that was found. */
export interface Shrunk {
  readonly outcome: Outcome;
  readonly runs: number;
}

/**
 * Makes a scenario that fails as small as can be, while it fails in one of the ways it did: fewer faults, players,
 * publishers, servers; a shorter day; calmer weather. Greedy: what still fails is kept, until nothing smaller does.
 */
export async function shrink(
  failed: Outcome,
  { run, maxRuns = 400, maxMs = 120_000, onStep = () => {} }: ShrinkOptions,
): Promise<Shrunk> {
  const kinds = new Set(failed.failures.map(failureKind));
  const untilMs = performance.now() + maxMs;
  let best = failed;
  let runs = 0;
  const isOver = () => runs >= maxRuns || performance.now() >= untilMs;
  const tries = async (scenario: Scenario, text: string): Promise<boolean> => {
    if (isOver()) return false;
    onStep(++runs, text);
    const outcome = await run(scenario);
    const isAlike = outcome.failures.some((failure) => kinds.has(failureKind(failure)));
    if (isAlike) best = outcome;
    return isAlike;
  };
  for (let before: Outcome | null = null; before !== best && !isOver();) {
    before = best;
    for (const list of lists) {
      let parts = 2;
      // Delta debugging: halves first, single ones last.
      while (best.scenario[list].length > 0 && !isOver()) {
        const { length } = best.scenario[list];
        let hasShrunk = false;
        for (const scenario of smallerLists(best.scenario, list, parts)) {
          if (!await tries(scenario, `${length} ${list}`)) continue;
          hasShrunk = true;
          break;
        }
        if (hasShrunk) parts = Math.max(2, parts - 1);
        else if (parts >= length) break;
        else parts = Math.min(length, parts * 2);
      }
    }
    // Each step begins with what the one before has left.
    for (let at = 0;; at++) {
      const step = smallerScenarios(best.scenario)[at];
      if (step === undefined || isOver()) break;
      while (await tries(step.of(best.scenario), step.name)) {
        if (JSON.stringify(step.of(best.scenario)) === JSON.stringify(best.scenario)) break;
      }
    }
  }
  return { outcome: best, runs };
}
