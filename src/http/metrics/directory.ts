import type { EngineHealth } from "../../cluster/valkey/engine_access.ts";
import type { Metric } from "./table.ts";

/** How the engines of the directory answer; nothing where the configuration has none. */
export const directoryMetrics: readonly Metric[] = [
  ofEngine(
    "up",
    "gauge",
    "1 while the engine of the directory answers, 0 while it does not.",
    ({ isUp }) => isUp ? 1 : 0,
  ),
  ofEngine("calls_total", "counter", "Requests to the engine of the directory.", ({ calls }) => calls),
  ofEngine("failures_total", "counter", "Requests that it did not answer in time.", ({ failures }) => failures),
  ofEngine("latency_seconds", "gauge", "Time that its last answer took.", ({ latencyMs }) => latencyMs / 1000),
];

function ofEngine(name: string, type: Metric["type"], help: string, value: (health: EngineHealth) => number): Metric {
  return {
    name: `srs_ts_directory_${name}`,
    type,
    help,
    labels: ["engine"],
    read: ({ server }) => (server.engine?.health() ?? []).map((health) => [{ engine: health.engine }, value(health)]),
  };
}
