const STEPS_PER_MS = 20;
const MAX_MS = 10_000;

/** How long calls took, as it goes from one process to another. */
export interface CallTimesRecord {
  /** How many calls took how many steps of 0.05 ms. */
  readonly steps: readonly (readonly [step: number, count: number])[];
  /** Not begun, because too many were under way. */
  readonly leftOut: number;
  /** Without the right answer. */
  readonly wrong: number;
}

/** How long calls took, in steps of 0.05 ms, up to 10 s. */
export class CallTimes {
  readonly #counts = new Map<number, number>();
  count = 0;
  leftOut = 0;
  wrong = 0;

  add(ms: number, times = 1): void {
    const step = Math.min(MAX_MS, Math.max(0, ms)) * STEPS_PER_MS;
    this.#addStep(Math.ceil(step), times);
  }

  addAll({ steps, leftOut, wrong }: CallTimesRecord): void {
    for (const [step, count] of steps) this.#addStep(step, count);
    this.leftOut += leftOut;
    this.wrong += wrong;
  }

  /** The time within which this share of the calls was done; NaN if there were none. */
  quantileMs(share: number): number {
    let left = Math.min(this.count - 1, Math.floor(this.count * share));
    for (const [step, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left < 0) return step / STEPS_PER_MS;
    }
    return NaN;
  }

  toJSON(): CallTimesRecord {
    return { steps: [...this.#counts], leftOut: this.leftOut, wrong: this.wrong };
  }

  /** @param seconds How long the calls were made. */
  describe(seconds: number): string {
    const at = (share: number) => this.quantileMs(share).toFixed(1);
    const rest = [
      ...this.leftOut > 0 ? [`${this.leftOut} left out`] : [],
      ...this.wrong > 0 ? [`${this.wrong} wrong`] : [],
    ];
    return [`${Math.round(this.count / seconds)}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`, ...rest].join(", ");
  }

  #addStep(step: number, times: number): void {
    this.#counts.set(step, (this.#counts.get(step) ?? 0) + times);
    this.count += times;
  }
}
