import type { MetricFacts } from "./facts.ts";

/** Labels and value. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** One metric; documentation and answer are made of tables of these. */
export interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  /** Names of labels; a sample may leave some out. */
  readonly labels: readonly string[];
  read(facts: MetricFacts): readonly Sample[];
}

/** A metric without labels. */
export function single(
  name: string,
  type: Metric["type"],
  help: string,
  value: (facts: MetricFacts) => number,
): Metric {
  return { name, type, help, labels: [], read: (facts) => [[{}, value(facts)]] };
}
