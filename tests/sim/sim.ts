/** A cluster's bad days, simulated: `deno task sim --seed 4711`. */
import { benchScenario } from "./bench_scenario.ts";
import { readOptions, USAGE } from "./cli/options.ts";
import { drawAll, playAll } from "./cli/play.ts";
import { playAllReal } from "./cli/play_real.ts";
import { print } from "./cli/print.ts";
import { readScenario } from "./regressions.ts";
import { runScenario } from "./run.ts";
import { findMutations } from "./mutations/find.ts";

const options = readOptions(Deno.args);
if (options === null) {
  print(USAGE);
  Deno.exit(Deno.args.includes("--help") ? 0 : 2);
}
if (options.minutes > 0) print(`seeds from ${options.from} on`);
if (options.mutations !== null) {
  const missed = await findMutations(options.mutations, print);
  Deno.exit(missed > 0 ? 1 : 0);
}
// The first time the code is being compiled.
if (options.isBench) await runScenario(benchScenario);
const scenarios = options.isBench
  ? [benchScenario]
  : options.replay !== null
  ? [await readScenario(options.replay)]
  : drawAll(options.from, options.count);
const isOne = options.isBench || options.replay !== null;
const play = options.isReal ? playAllReal : playAll;
const failed = await play(scenarios, isOne ? { ...options, count: 1 } : options);
if (failed > 0) Deno.exit(1);
