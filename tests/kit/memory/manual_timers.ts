import { setImmediate } from "node:timers";
import type { TimerHandle, Timers, WallClock } from "../../../src/base/clock.ts";
import { type Due, DueHeap } from "./due_heap.ts";
import { takeSteps } from "./microtasks.ts";

/** Who has planned calls, and counts them. */
export interface CallOwner {
  /** One more waits, or one fewer. */
  onCount(change: 1 | -1): void;
  /** A call is due. */
  onDue(call: PendingCall): void;
}

/** A call that waits to be made. */
export class PendingCall implements TimerHandle, Due {
  /** It waits no more: it is due, or cancelled. */
  isOver = false;
  isCancelled = false;

  constructor(
    readonly atMs: number,
    readonly order: number,
    readonly fn: () => void,
    readonly owner: CallOwner,
  ) {}

  cancel(): void {
    this.isCancelled = true;
    this.end();
  }

  /** It waits no more. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.owner.onCount(-1);
  }
}

/** Timers whose clock moves only when a test says so. Calls due at the same moment come in the order they were made. */
export class ManualTimers implements Timers, WallClock {
  #nowMs: number;
  /** How far the time of day was corrected since the start. */
  correctedMs = 0;
  /** Steps of {@link run} between two turns of the event loop; many where nothing waits for that. */
  stepsATurn?: number;
  /** Those that are over are taken out once they are first. */
  readonly #pending = new DueHeap<PendingCall>();
  #pendingCount = 0;
  #made = 0;
  readonly #own: CallOwner = {
    onCount: (change) => void (this.#pendingCount += change),
    onDue: ({ fn }) => fn(),
  };

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
    return this.plan(delayMs, fn, this.#own);
  }

  /** As {@link after}, for an owner who counts its calls by itself. */
  plan(delayMs: number, fn: () => void, owner: CallOwner): PendingCall {
    const call = new PendingCall(this.#nowMs + delayMs, this.#made++, fn, owner);
    this.#pending.add(call);
    owner.onCount(1);
    return call;
  }

  /** Moves the clock and makes every call that falls due on the way, each at its own time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (true) {
      const next = this.#nextDue(untilMs);
      if (next === undefined) break;
      next.end();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.owner.onDue(next);
    }
    this.#nowMs = untilMs;
  }

  /** Makes the one call that is due next, and moves the clock to it. */
  step(): void {
    const next = this.#nextDue(Infinity);
    if (next === undefined) throw new TypeError("Cannot step: nothing is pending");
    next.end();
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    next.owner.onDue(next);
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
    }, this.stepsATurn);
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
