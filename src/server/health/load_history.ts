import type { LoadTotals } from "../../cluster/health/load_totals.ts";

/** What the cluster did at a moment. */
export interface LoadSample extends LoadTotals {
  /** Unix time in ms. */
  readonly atMs: number;
}

/** Ten minutes, with a sample every 5 s. */
const MAX_SAMPLES = 120;

/** The latest loads of the cluster, as this server saw them. */
export class LoadHistory {
  readonly #samples: LoadSample[] = [];

  add({ streams, viewers, recvKbps, sendKbps }: LoadTotals, nowMs: number): void {
    this.#samples.push({ atMs: Math.round(nowMs), streams, viewers, recvKbps, sendKbps });
    if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
  }

  /** The oldest first. */
  all(): readonly LoadSample[] {
    return this.#samples;
  }
}
