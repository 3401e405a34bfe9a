import { enrolScript, holdScript } from "../../../src/cluster/valkey/scripts.ts";

const SLOT_MS = 1000;
const upkeepScripts = new Set([enrolScript, holdScript].flatMap(({ sha1, lua }) => [sha1, lua]));

/** Commands in one second of the machine's clock. */
export type CallSlot = readonly [slot: number, load: number, upkeep: number];

/** How many commands a second, on average and in the busiest second. */
export interface CallRate {
  readonly mean: number;
  readonly peak: number;
  /** What of it has nothing to do with publishes and look-ups: leases, and streams that are kept or claimed again. */
  readonly upkeepMean: number;
  readonly upkeepPeak: number;
}

/** Counts the commands that the nodes of a process really put, those for upkeep apart. */
export class CallMeter {
  #slots = new Map<number, [number, number]>();

  count(command: readonly string[]): void {
    const slot = Math.floor(Date.now() / SLOT_MS);
    const counts = this.#slots.get(slot) ?? [0, 0];
    this.#slots.set(slot, counts);
    counts[isUpkeep(command) ? 1 : 0]++;
  }

  /** What was counted since the last call. */
  take(): CallSlot[] {
    const slots = [...this.#slots].map(([slot, [load, upkeep]]): CallSlot => [slot, load, upkeep]);
    this.#slots = new Map();
    return slots;
  }
}

function isUpkeep([name, what = "", , key = ""]: readonly string[]): boolean {
  switch (name) {
    case "GET":
      return what.startsWith("srs:m:");
    case "CLIENT":
      return false;
    case "EVAL":
    case "EVALSHA":
      return upkeepScripts.has(what) || key === "";
    default:
      return true;
  }
}

/** The rate of all processes together; the first and the last second, which are not whole, are left out. */
export function rateOfCalls(slots: Iterable<CallSlot>): CallRate {
  const sums = new Map<number, [number, number]>();
  for (const [slot, load, upkeep] of slots) {
    const [all, ups] = sums.get(slot) ?? [0, 0];
    sums.set(slot, [all + load + upkeep, ups + upkeep]);
  }
  const [first, last] = [Math.min(...sums.keys()) + 1, Math.max(...sums.keys()) - 1];
  const whole = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => sums.get(first + i) ?? [0, 0]);
  const perSecond = (at: 0 | 1) => whole.map((counts) => counts[at]! * 1000 / SLOT_MS);
  const mean = (at: 0 | 1) =>
    Math.round(perSecond(at).reduce((sum, rate) => sum + rate, 0) / Math.max(1, whole.length));
  return {
    mean: mean(0),
    peak: Math.max(0, ...perSecond(0)),
    upkeepMean: mean(1),
    upkeepPeak: Math.max(0, ...perSecond(1)),
  };
}
