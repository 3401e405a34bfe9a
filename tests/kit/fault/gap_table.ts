/** What players felt of one kind of fault. */
export interface GapRow {
  name: string;
  /** Longest time without frames, one for each player and fault. */
  gapsMs: number[];
  /** From the publisher's first keyframe of a new session to its arrival. */
  afterKeyframeMs?: number[];
  /** Connections that ended although they were not to the server in trouble. */
  drops: number;
}

const encoder = new TextEncoder();
const columns = ["p50", "p99", "worst", "n"];

/** The value below which `share` of the values lie, by nearest rank; NaN when there are none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** A table of gaps in milliseconds, in lines. */
export function formatGaps(title: string, rows: readonly GapRow[]): string {
  const width = Math.max(title.length, ...rows.map(({ name }) => name.length));
  const cells = (values: readonly number[] | undefined) =>
    values === undefined || values.length === 0
      ? columns.map(() => "-")
      : [quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)].map((value) => value.toFixed(0))
        .concat(String(values.length));
  const line = (name: string, gaps: string[], after: string[], drops: string) =>
    `${name.padEnd(width)} |${gaps.map((cell) => cell.padStart(6)).join("")} |` +
    `${after.map((cell) => cell.padStart(6)).join("")} |${drops.padStart(6)}`;
  return [
    `${"".padEnd(width)} | gap, ms                 | behind keyframe, ms     |`,
    line(title, columns, columns, "drops"),
    ...rows.map(({ name, gapsMs, afterKeyframeMs, drops }) =>
      line(name, cells(gapsMs), cells(afterKeyframeMs), String(drops))
    ),
  ].join("\n");
}

/** Prints lines, whatever the runner does with the output of tests. */
export function print(text: string): void {
  const bytes = encoder.encode(`\n${text}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
