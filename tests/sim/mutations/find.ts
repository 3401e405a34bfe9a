import { drawScenario } from "../draw.ts";
import { runScenario } from "../run.ts";
import type { Mutation } from "./mutation.ts";
import { MutantTree } from "./mutant_tree.ts";
import { mutations } from "./table.ts";

/** Of a mutation, what its seeds showed. */
export interface Finding {
  readonly mutation: Mutation;
  /** The first seed that failed; null if none did. */
  readonly seed: number | null;
  /** How it failed. */
  readonly failure: string;
}

/** What is printed of a day that fails. */
const FAILED = /^seed (\d+) FAILED:\n {2}(.*)/m;
const SEEDS = 200;
/** Most time for one of them, on a machine that has little of it. */
const MAX_MS = 600_000;

/**
 * Breaks a copy of the code in each way, and plays seeds in a child process until one fails.
 *
 * @param part Of the names of those that are wanted; empty for all.
 * @returns How many were not found.
 */
export async function findMutations(part: string, print: (line: string) => void): Promise<number> {
  const wanted = mutations.filter(({ name }) => name.includes(part));
  let missed = 0;
  for (const mutation of wanted) {
    const { seed, failure } = await findMutation(mutation);
    if (seed === null) missed++;
    print(`${mutation.name.padEnd(32)} ${seed === null ? "NOT FOUND" : `seed ${seed}`.padEnd(9)} ${failure}`);
  }
  print(`${wanted.length} mutations, ${missed} not found`);
  return missed;
}

/** Plays seeds on code that is broken in one way: first the one that found it before. */
export async function findMutation(
  mutation: Mutation,
  { seeds = SEEDS, maxMs = MAX_MS } = {},
): Promise<Finding> {
  await using tree = await MutantTree.plant(mutation);
  if (mutation.seed !== null) {
    const failure = await failureOf(tree, mutation.seed, maxMs);
    if (failure !== null && await isWell(mutation.seed)) return { mutation, seed: mutation.seed, failure };
  }
  const untilMs = performance.now() + maxMs;
  for (let from = 1; from <= seeds;) {
    const leftMs = untilMs - performance.now();
    const args = ["--from", String(from), "--seeds", String(seeds - from + 1), "--first"];
    const [code, text] = await tree.run(args, Math.max(0, leftMs));
    if (code === 0) break;
    const [, found, failure = ""] = FAILED.exec(text) ?? [];
    if (code === null) {
      return { mutation, seed: null, failure: `${mutation.breaks} (${maxMs / 1000} s were too short)` };
    }
    if (found === undefined) throw new Error(`mutation "${mutation.name}" does not run:\n${text}`);
    const seed = Number(found);
    if (await isWell(seed)) return { mutation, seed, failure };
    from = seed + 1;
  }
  return { mutation, seed: null, failure: mutation.breaks };
}

/** How a day fails on broken code; null if it does not. */
async function failureOf(tree: MutantTree, seed: number, maxMs: number): Promise<string | null> {
  const [, text] = await tree.run(["--seed", String(seed)], maxMs);
  return FAILED.exec(text)?.[2] ?? null;
}

/** What fails without the mutation as well tells nothing of it. */
async function isWell(seed: number): Promise<boolean> {
  return (await runScenario(drawScenario(seed))).failures.length === 0;
}
