const KEPT = 75;
/** A rate is that of so many polls: the counters move in steps, with each flush. */
const WINDOW = 3;

/** How fast a counter grows, over the last minutes. */
export class RateHistory {
  #samples = [];
  /** Growth per second, oldest first. */
  rates = [];

  sample(total, nowMs) {
    const last = this.#samples.at(-1);
    // It counts from 0 again: the server or the stream has started again.
    if (last && total < last.total) this.#samples = [];
    if (last && nowMs - last.atMs < 500) return;
    this.#samples.push({ total, atMs: nowMs });
    if (this.#samples.length > WINDOW + 1) this.#samples.shift();
    const first = this.#samples[0];
    if (nowMs > first.atMs) this.rates.push((total - first.total) * 1000 / (nowMs - first.atMs));
    if (this.rates.length > KEPT) this.rates.shift();
  }

  get latest() {
    return this.rates.at(-1) ?? null;
  }
}

/** Histories by key; those that were not asked for since the last sweep are forgotten. */
export class Histories {
  #byKey = new Map();
  #used = new Set();

  of(key) {
    this.#used.add(key);
    const known = this.#byKey.get(key) ?? new RateHistory();
    this.#byKey.set(key, known);
    return known;
  }

  sweep() {
    for (const key of this.#byKey.keys()) if (!this.#used.has(key)) this.#byKey.delete(key);
    this.#used.clear();
  }
}

const SAMPLE_MS = 5000;
export const LOAD_SAMPLES = 120;

/** The cluster's load in the last ten minutes: the server keeps it, and the page goes on from there. */
export class LoadHistory {
  #samples = [];

  /** Whether more is missing than a poll brings. */
  lacks(nowMs) {
    return this.#samples.length === 0 || Math.abs(nowMs - this.#samples.at(-1).at_ms) > 3 * SAMPLE_MS;
  }

  load(samples) {
    this.#samples = Array.isArray(samples) ? samples.slice(-LOAD_SAMPLES) : [];
  }

  add({ totals, nowMs }) {
    if (nowMs - (this.#samples.at(-1)?.at_ms ?? 0) < SAMPLE_MS) return;
    this.#samples.push({ ...totals, at_ms: nowMs });
    if (this.#samples.length > LOAD_SAMPLES) this.#samples.shift();
  }

  /** The values of a member, oldest first. */
  of(name) {
    return this.#samples.map((sample) => Number(sample[name]) || 0);
  }
}
