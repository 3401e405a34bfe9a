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

const SEEDS = 200;
/** A mutant that takes longer does not come to an end: that is a failure too. */
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

/** Plays seeds on code that is broken in one way. */
export async function findMutation(
  mutation: Mutation,
  { seeds = SEEDS, maxMs = MAX_MS } = {},
): Promise<Finding> {
  await using tree = await MutantTree.plant(mutation);
  const [code, text] = await tree.run(["--seeds", String(seeds), "--first"], maxMs);
  if (code === 0) return { mutation, seed: null, failure: mutation.breaks };
  const [, seed, failure = ""] = /^seed (\d+) FAILED:\n {2}(.*)/m.exec(text) ?? [];
  if (seed !== undefined) return { mutation, seed: Number(seed), failure };
  if (code === null) return { mutation, seed: 0, failure: `comes to no end within ${maxMs / 1000} s` };
  throw new Error(`mutation "${mutation.name}" does not run:\n${text}`);
}
