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
    if (nowMs > first.atMs) this.push((total - first.total) * 1000 / (nowMs - first.atMs));
  }

  push(rate) {
    this.rates.push(rate);
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
