import type { TimerHandle, Timers } from "../base/clock.ts";

/** A player as its source sees it. */
export interface Player {
  /** There is more to read from the cursor. Never throws. */
  wake(): void;
  /** The publisher came or left; players stay attached in between. */
  onPublishChange(active: boolean): void;
  /** What other servers are told of the publish, its epoch and its time, has changed, or come to be known. */
  onPublishFacts?(): void;
}

/** Players woken in one go; the rest follows after the event loop had a turn, so that ingest is never starved. */
const WAKE_SLICE = 256;
/** So many more are no reason for a turn, which is a wake of the process. */
const SMALL_REST = 128;

/** The players of a source, and whose turn it is to be woken. */
export class PlayerList {
  readonly #timers: Timers;
  readonly #players: Player[] = [];
  #wakeTimer: TimerHandle | null = null;
  #wakeNext = 0;
  #wakeAgain = false;
  /** Called when the first one comes. */
  onFirst: (() => void) | null = null;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get length(): number {
    return this.#players.length;
  }

  add(player: Player): void {
    this.#players.push(player);
    if (this.#players.length === 1) this.onFirst?.();
  }

  /** @returns False for one that is unknown. */
  remove(player: Player): boolean {
    const at = this.#players.indexOf(player);
    if (at < 0) return false;
    const last = this.#players.pop()!;
    if (last !== player) {
      this.#players[at] = last;
      // The one that moved may have moved out of the part that still waits to be woken.
      if (at < this.#wakeNext) last.wake();
    }
    return true;
  }

  tellPublishChange(active: boolean): void {
    for (const player of [...this.#players]) player.onPublishChange(active);
  }

  tellPublishFacts(): void {
    for (const player of [...this.#players]) player.onPublishFacts?.();
  }

  /** Wakes everybody; a round started over each time might never reach the last, so it goes on, and another one follows. */
  wake(): void {
    if (this.#wakeTimer !== null) this.#wakeAgain = true;
    else this.#wakeFrom(0);
  }

  #wakeFrom(from: number): void {
    const left = this.#players.length - from;
    const to = from + (left <= WAKE_SLICE + SMALL_REST ? left : WAKE_SLICE);
    this.#wakeTimer = null;
    this.#wakeNext = to;
    for (let i = from; i < to && i < this.#players.length; i++) this.#players[i]!.wake();
    if (to >= this.#players.length) {
      this.#wakeNext = 0;
      if (!this.#wakeAgain) return;
      this.#wakeAgain = false;
    }
    this.#wakeTimer = this.#timers.after(0, () => this.#wakeFrom(this.#wakeNext));
  }
}
