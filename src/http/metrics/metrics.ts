import { gatherFacts } from "./facts.ts";
import { histograms, histogramText } from "./histogram.ts";
import { directoryMetrics } from "./directory.ts";
import { ownMetrics } from "./own.ts";
import { srsMetrics } from "./srs.ts";
import type { Metric } from "./table.ts";
import type { ApiContext } from "../api/route.ts";

/** Every metric of `/metrics`, but for the histograms. */
export const metrics: readonly Metric[] = [...srsMetrics, ...ownMetrics, ...directoryMetrics];

/** The library, loaded with the first question only: most servers are never asked, and should start fast. */
let library: Promise<typeof import("prom-client")> | undefined;

/**
 * All metrics in Prometheus's text format.
 *
 * Each answer has a registry of its own: nothing is counted twice, and nothing stays of streams that are gone.
 */
export async function renderMetrics(context: ApiContext): Promise<{ text: string; contentType: string }> {
  library ??= import("prom-client");
  const { Registry, Gauge, Counter } = await library;
  const registry = new Registry();
  const facts = gatherFacts(context);
  for (const { name, type, help, labels, read } of metrics) {
    const options = { name, help, labelNames: labels, registers: [registry] };
    const metric = type === "gauge" ? new Gauge(options) : new Counter(options);
    for (const [values, value] of read(facts)) metric.inc(values, value);
  }
  const rest = histograms.map((histogram) => histogramText(histogram, histogram.read(facts)));
  return { text: [await registry.metrics(), ...rest].join(""), contentType: registry.contentType };
}
