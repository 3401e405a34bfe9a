/** A cluster's bad days, simulated: `deno task sim --seed 4711`, `--lone` with one fault a day. */
import { parseArgs } from "@std/cli/parse-args";
import type { GapSample } from "./checks/gap_check.ts";
import { formatGapSamples } from "./checks/gap_report.ts";
import { Peaks } from "./checks/peaks.ts";
import { drawScenario } from "./draw.ts";
import { withLoneFault } from "./lone_fault.ts";
import { runScenario } from "./run.ts";
import { tellStory } from "./story.ts";

const args = parseArgs(Deno.args, { string: ["seed", "seeds", "from"], boolean: ["log", "lone"] });
const from = Number(args.seed ?? args.from ?? 1);
const count = args.seed === undefined ? Number(args.seeds ?? 100) : 1;
const startedMs = performance.now();
let simulatedMs = 0;
let failed = 0;
const gaps: GapSample[] = [];
const peaks = new Peaks();
for (let seed = from; seed < from + count; seed++) {
  const drawn = drawScenario(seed);
  const outcome = await runScenario(args.lone ? withLoneFault(drawn) : drawn, { keepsLog: args.log });
  simulatedMs += outcome.simulatedMs;
  gaps.push(...outcome.gaps);
  peaks.add(outcome.peaks);
  for (const line of outcome.lines) console.log(line);
  if (count === 1) console.log(tellStory(outcome.scenario));
  if (count === 1) console.log(`seed ${seed}: hash ${outcome.hash}, ${outcome.frames} frames`);
  if (outcome.failures.length === 0) continue;
  failed++;
  console.log(`seed ${seed} FAILED:\n  ${outcome.failures.join("\n  ")}`);
}
if (count > 1) console.log(`${formatGapSamples(gaps)}\n\n${peaks}\n`);
const tookMs = performance.now() - startedMs;
console.log(
  `${count} seeds, ${failed} failed, ${(tookMs / 1000).toFixed(1)} s, ${
    (simulatedMs / tookMs).toFixed(0)
  } simulated seconds a second`,
);
if (failed > 0) Deno.exit(1);
