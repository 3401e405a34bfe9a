import type { FaultPlan } from "../scenario.ts";

/** So long after it was mended a fault may still be felt: health checks, leases and back-offs of all kinds. */
const AFTERMATH_MS = 10_000;

/** One fault, as it went. */
export interface FaultRecord {
  readonly plan: FaultPlan;
  readonly sinceMs: number;
  /** When it was mended; Infinity before. */
  untilMs: number;
}

/** Which faults there were, and when: promises hold for one at a time. */
export class FaultBook {
  readonly records: FaultRecord[] = [];

  begin(plan: FaultPlan, nowMs: number): FaultRecord {
    const record = { plan, sinceMs: nowMs, untilMs: Infinity };
    this.records.push(record);
    return record;
  }

  /** Faults that were felt at some moment of a time; see {@link hadClockChange} for clocks. */
  during(fromMs: number, toMs: number): FaultRecord[] {
    return this.records.filter(({ plan: { kind }, sinceMs, untilMs }) =>
      kind !== "clock" && sinceMs <= toMs && untilMs + AFTERMATH_MS >= fromMs
    );
  }

  /** Whether a clock was changed in a time, or so shortly before it that the others need not know how wrong it is. */
  hadClockChange(fromMs: number, toMs: number): boolean {
    const isNew = (atMs: number) => atMs <= toMs && atMs + AFTERMATH_MS >= fromMs;
    return this.records.some(({ plan: { kind }, sinceMs, untilMs }) =>
      kind === "clock" && (isNew(sinceMs) || isNew(untilMs))
    );
  }

  /** A fault whose aftermath is over, with no other one in it. */
  isAlone(record: FaultRecord, nowMs: number): boolean {
    return record.untilMs + AFTERMATH_MS < nowMs &&
      this.during(record.sinceMs - AFTERMATH_MS, record.untilMs + AFTERMATH_MS).every((other) => other === record);
  }

  /** When a fault is felt no more. */
  static endMs({ untilMs }: FaultRecord): number {
    return untilMs + AFTERMATH_MS;
  }
}
