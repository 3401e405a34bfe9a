import type { GapSample } from "../checks/gap_check.ts";
import { formatGapSamples } from "../checks/gap_report.ts";
import { withLoneFault } from "../lone_fault.ts";
import { type RealOutcome, runReal } from "../real/run_real.ts";
import type { Scenario } from "../scenario.ts";
import { tellStory } from "../story.ts";
import type { SimOptions } from "./options.ts";
import { print } from "./print.ts";
import { Progress } from "./progress.ts";

/** Plays one scenario after the other with processes of this machine, and prints what there is to say. @returns How many failed. */
export async function playAllReal(scenarios: Iterable<Scenario>, options: SimOptions): Promise<number> {
  const progress = new Progress();
  const gaps: GapSample[] = [];
  let [played, failed] = [0, 0];
  for (const scenario of scenarios) {
    progress.show(`seed ${scenario.seed}: ${played} played, ${failed} failed`);
    const outcome = await runReal(options.isLone ? withLoneFault(scenario) : scenario, options);
    gaps.push(...outcome.gaps);
    played++;
    if (outcome.failures.length > 0) failed++;
    progress.clear();
    tell(outcome);
    if (failed > 0 && options.endsAtFirst) break;
  }
  if (gaps.length > 0) print(formatGapSamples(gaps));
  print(`${played} seeds, ${failed} failed`);
  return failed;
}

function tell({ scenario, lines, leftOut, frames, failures, tookMs, lateMs }: RealOutcome): void {
  for (const line of lines) print(line);
  print(tellStory(scenario));
  for (const line of leftOut) print(`left out: ${line}`);
  const { seed } = scenario;
  const took = `${(tookMs / 1000).toFixed(1)} s, ${frames} frames, timers late by ${lateMs.toFixed(0)} ms at most`;
  print(`seed ${seed} with real processes: ${failures.length === 0 ? "ok" : "failed"}, ${took}`);
  if (failures.length > 0) print(`seed ${seed} FAILED:\n  ${failures.join("\n  ")}`);
}
