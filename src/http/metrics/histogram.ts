import { FIRST_FRAME_BOUNDS_SECONDS } from "../../server/play/first_frames.ts";
import type { MetricFacts } from "./facts.ts";

/** Labels, how many values each class has, and their sum. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Of values up to each bound and above the one before; the last is of those above all. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A metric of classes; the values were counted where they came up. */
export interface HistogramMetric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of the classes, in rising order. */
  readonly bounds: readonly number[];
  read(facts: MetricFacts): readonly HistogramSample[];
}

/** Every histogram of `/metrics`. */
export const histograms: readonly HistogramMetric[] = [{
  name: "srs_ts_first_frame_seconds",
  help: "Seconds from the play request to the first media sent, waits for a publisher included.",
  labels: ["client"],
  bounds: FIRST_FRAME_BOUNDS_SECONDS,
  read: ({ server }) =>
    [...server.registry.firstFrames.rows()].map(([client, { counts, sumSeconds }]) => {
      return { labels: { client }, counts, sum: sumSeconds };
    }),
}];

/**
 * A histogram in Prometheus's text format. The library can only count by itself, one value at a time.
 *
 * Labels must not need escapes. Source: Prometheus text format 0.0.4.
 */
export function histogramText({ name, help, bounds }: HistogramMetric, samples: readonly HistogramSample[]): string {
  const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
  for (const { labels, counts, sum } of samples) {
    const own = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    let upTo = 0;
    for (const [at, count] of counts.entries()) {
      upTo += count;
      lines.push(`${name}_bucket{${[...own, `le="${bounds[at] ?? "+Inf"}"`].join()}} ${upTo}`);
    }
    const all = own.length === 0 ? "" : `{${own.join()}}`;
    lines.push(`${name}_sum${all} ${sum}`, `${name}_count${all} ${upTo}`);
  }
  return `${lines.join("\n")}\n`;
}
