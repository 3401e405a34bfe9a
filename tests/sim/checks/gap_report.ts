import type { GapSample } from "./gap_check.ts";

/** What viewers felt, by kind of fault, in lines of a table. */
export function formatGapSamples(samples: readonly GapSample[]): string {
  const kinds = Map.groupBy(samples, ({ name }) => name);
  const width = Math.max(0, ...[...kinds.keys()].map((name) => name.length));
  const cells = (values: number[]) => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
    return [at(0.5), at(0.99), at(1)].map((value) => value.toFixed(0).padStart(6)).join("");
  };
  return [
    `${"".padEnd(width)}     n | without frames, ms | of it could be had`,
    `${"".padEnd(width)}       |   p50   p99   max |   p50   p99   max`,
    ...[...kinds].sort(([a], [b]) => a < b ? -1 : 1).map(([name, felt]) =>
      `${name.padEnd(width)}${String(felt.length).padStart(6)} |${cells(felt.map(({ gapMs }) => gapMs))} |` +
      cells(felt.map(({ owedMs }) => owedMs))
    ),
  ].join("\n");
}
