import type { Scenario } from "./scenario.ts";

/** A scenario that failed once, made small. */
export interface Regression {
  readonly name: string;
  /** Why it failed. */
  readonly cause: string;
  readonly scenario: Scenario;
}

const folder = new URL("./regressions/", import.meta.url);

/** All that are kept in `regressions/`. */
export async function readRegressions(): Promise<Regression[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) if (name.endsWith(".json")) names.push(name);
  return await Promise.all(
    names.sort().map(async (name) => {
      const { cause, scenario } = JSON.parse(await Deno.readTextFile(new URL(name, folder)));
      return { name: name.slice(0, -".json".length), cause, scenario: withAll(scenario) };
    }),
  );
}

/** A scenario in a file: alone, or as a regression. */
export async function readScenario(path: string): Promise<Scenario> {
  const read = JSON.parse(await Deno.readTextFile(path));
  return withAll(read.scenario ?? read);
}

/** Older ones lack what there was not yet. */
function withAll(scenario: Omit<Scenario, "hls" | "hlsViewers"> & Partial<Scenario>): Scenario {
  return { hls: null, hlsViewers: [], ...scenario };
}
