/** Some values at a glance, in milliseconds; null when there are none. */
export interface Quantiles {
  p50: number | null;
  p99: number | null;
  max: number | null;
}

/** The value below which `share` of the sorted values lie; null when there are none. */
function quantile(sorted: number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round(value);
}

/** Quantiles of the finite ones of `values`. */
export function quantiles(values: number[]): Quantiles {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), max: quantile(sorted, 1) };
}

const STEPS_PER_MS = 10;
const MAX_MS = 10_000;

/** Quantiles of more values than one wants to keep: counts in steps of 0.1 ms, up to 10 s. */
export class TimeHistogram {
  readonly #counts = new Uint32Array(MAX_MS * STEPS_PER_MS + 1);

  clear(): void {
    this.#counts.fill(0);
  }

  add(valueMs: number): void {
    const step = Math.max(0, Math.min(MAX_MS * STEPS_PER_MS, Math.round(valueMs * STEPS_PER_MS)));
    this.#counts[step] = this.#counts[step]! + 1;
  }

  quantiles(): Quantiles {
    const total = this.#counts.reduce((sum, count) => sum + count, 0);
    const at = (share: number) => {
      if (total === 0) return null;
      let left = Math.min(total - 1, Math.floor(total * share));
      const step = this.#counts.findIndex((count) => (left -= count) < 0);
      return step / STEPS_PER_MS;
    };
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
