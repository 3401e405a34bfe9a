import type { GapSample } from "../checks/gap_check.ts";
import { formatGapSamples } from "../checks/gap_report.ts";
import { Peaks } from "../checks/peaks.ts";
import { drawScenario } from "../draw.ts";
import { type Outcome, runScenario } from "../run.ts";
import { withLoneFault } from "../lone_fault.ts";
import type { Scenario } from "../scenario.ts";
import { shrink } from "../shrink.ts";
import { tellStory } from "../story.ts";
import type { SimOptions } from "./options.ts";
import { print } from "./print.ts";
import { Progress } from "./progress.ts";

/** Plays one scenario after the other and prints what there is to say. @returns How many failed. */
export async function playAll(scenarios: Iterable<Scenario>, options: SimOptions): Promise<number> {
  const startedMs = performance.now();
  const progress = new Progress();
  const gaps: GapSample[] = [];
  const peaks = new Peaks();
  let [played, failed, simulatedMs] = [0, 0, 0];
  const secondsASecond = () => (simulatedMs / (performance.now() - startedMs)).toFixed(0);
  for (const scenario of scenarios) {
    progress.show(`seed ${scenario.seed}: ${played} played, ${failed} failed, ${secondsASecond()} s a second`);
    const outcome = await runScenario(options.isLone ? withLoneFault(scenario) : scenario, options);
    gaps.push(...outcome.gaps);
    peaks.add(outcome.peaks);
    played++;
    simulatedMs += outcome.simulatedMs;
    const hasFailed = outcome.failures.length > 0;
    if (hasFailed) failed++;
    if (hasFailed || options.count === 1 || options.keepsLog) {
      progress.clear();
      tell(outcome);
    }
    if (hasFailed && options.shrinks) await printShrunk(outcome, progress);
    if (hasFailed && options.endsAtFirst) break;
    if (options.minutes > 0 && performance.now() - startedMs >= options.minutes * 60_000) break;
  }
  progress.clear();
  if (options.isLone) print(`${formatGapSamples(gaps)}\n\n${peaks}\n`);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  print(`${played} seeds, ${failed} failed, ${seconds} s, ${secondsASecond()} simulated seconds a second`);
  return failed;
}

/** The days of seeds in a row. */
export function* drawAll(from: number, count: number): Iterable<Scenario> {
  for (let seed = from; seed < from + count; seed++) yield drawScenario(seed);
}

function tell({ scenario, lines, hash, frames, failures }: Outcome): void {
  for (const line of lines) print(line);
  print(tellStory(scenario));
  print(`seed ${scenario.seed}: hash ${hash}, ${frames} frames`);
  if (failures.length > 0) print(`seed ${scenario.seed} FAILED:\n  ${failures.join("\n  ")}`);
}

async function printShrunk(outcome: Outcome, progress: Progress): Promise<void> {
  const small = await shrink(outcome, {
    run: runScenario,
    onStep: (runs, text) => progress.show(`shrinking: ${runs} runs, ${text}`),
  });
  progress.clear();
  print(`shrunk in ${small.runs} runs:`);
  tell(small.outcome);
  print(JSON.stringify(small.outcome.scenario));
}
