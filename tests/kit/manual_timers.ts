import { setImmediate } from "node:timers";
import type { TimerHandle, Timers, WallClock } from "../../src/base/clock.ts";
import { type Due, DueHeap } from "./due_heap.ts";
import { takeSteps } from "./microtasks.ts";

class PendingCall implements TimerHandle, Due {
  isOver = false;

  constructor(
    readonly atMs: number,
    readonly order: number,
    readonly fn: () => void,
    readonly onOver: () => void,
  ) {}

  cancel(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.onOver();
  }
}

/** Timers whose clock moves only when a test says so. Calls due at the same moment come in the order they were made. */
export class ManualTimers implements Timers, WallClock {
  #nowMs: number;
  /** How far the time of day was corrected since the start. */
  correctedMs = 0;
  /** Those that are over are taken out once they are first. */
  readonly #pending = new DueHeap<PendingCall>();
  #pendingCount = 0;
  #made = 0;
  readonly #onOver = () => void this.#pendingCount--;

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.correctedMs;
  }

  /** Calls that wait to be made. */
  get pendingCount(): number {
    return this.#pendingCount;
  }

  /** When the next call is due; Infinity while none waits. */
  get nextDueMs(): number {
    return this.#nextDue(Infinity)?.atMs ?? Infinity;
  }

  after(delayMs: number, fn: () => void): TimerHandle {
    const call = new PendingCall(this.#nowMs + delayMs, this.#made++, fn, this.#onOver);
    this.#pending.add(call);
    this.#pendingCount++;
    return call;
  }

  /** Moves the clock and makes every call that falls due on the way, each at its own time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (true) {
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      next.cancel();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.fn();
    }
    this.#nowMs = untilMs;
  }

  /** Makes the one call that is due next, and moves the clock to it. */
  step(): void {
    const next = this.#nextDue(Infinity);
    if (next === undefined) throw new TypeError("Cannot step: nothing is pending");
    next.cancel();
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.fn();
  }

  /** As {@link advance}, but after each call comes whatever follows from it: for code that waits for promises too. */
  async run(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await turn();
    await takeSteps(() => {
      const dueMs = this.nextDueMs;
      if (dueMs > untilMs) return true;
      this.advance(Math.max(0, dueMs - this.#nowMs));
      return false;
    });
    this.advance(untilMs - this.#nowMs);
  }

  #nextDue(untilMs: number): PendingCall | undefined {
    while (this.#pending.first?.isOver) this.#pending.shift();
    const { first } = this.#pending;
    return first !== undefined && first.atMs <= untilMs ? first : undefined;
  }
}

/** Lets everything happen that waits for promises only. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
