import type { TimerHandle, Timers } from "../base/clock.ts";
import type { Player } from "./player_list.ts";

/** Two of these flushes are so far apart at least: each costs the sender a write. */
const LEAST_MS = 50;
/** What has come waits no longer. */
const MOST_MS = 100;

/**
 * Players of a source that cannot wait for its flush, as servers that make parts of low-latency HLS of what comes: they are
 * sent it sooner than all others, who notice nothing of it.
 */
export class EarlyFlush {
  readonly #timers: Timers;
  readonly #show: () => void;
  readonly #players = new Set<Player>();
  #timer: TimerHandle | null = null;
  #flushedMs = 0;

  /** @param show Lets those that ask have what has come. */
  constructor(timers: Timers, show: () => void) {
    this.#timers = timers;
    this.#show = show;
  }

  /** Somebody cannot wait. */
  get isWanted(): boolean {
    return this.#players.size > 0;
  }

  add(player: Player): void {
    this.#players.add(player);
  }

  remove(player: Player): void {
    this.#players.delete(player);
  }

  /** A packet has come. */
  onAppend(): void {
    if (this.#timer === null && this.isWanted) this.#timer = this.#timers.after(MOST_MS, () => this.#flush());
  }

  /** All that the publisher had to say for now has come. */
  onBurstEnd(): void {
    if (this.#timer !== null && this.#timers.nowMs() - this.#flushedMs >= LEAST_MS) this.#flush();
  }

  /** Everybody has got what came. */
  onFlush(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#flushedMs = this.#timers.nowMs();
  }

  #flush(): void {
    this.onFlush();
    this.#show();
    for (const player of this.#players) player.wake();
  }
}
