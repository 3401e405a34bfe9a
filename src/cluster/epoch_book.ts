import type { Clock, WallClock } from "../base/clock.ts";

/** Streams of which the epochs of own publishes are remembered: the latest ones. */
const MAX_CLAIMED = 10_000;
/** How long an epoch counts after its stream has broken off. */
const REMEMBERED_MS = 30_000;
/**
 * So long a stream that has broken off waits for its newest publish, or a newer one, while somebody offers an older one. Then
 * that is taken: a server may have come back with its clock behind, and viewers have had nothing for long enough.
 */
const OLDER_AFTER_MS = 5000;
/** Clocks of a cluster may differ by so much; what comes from further ahead is not believed. */
export const MAX_CLOCK_AHEAD_MS = 60_000;

/** What feeds a stream here. */
interface Fed {
  epoch: number;
  feeds: number;
  /** Counts until then, while nothing feeds the stream. */
  untilMs: number;
  /** Since when an older publish is offered, and nothing feeds the stream; null if none is. */
  olderSinceMs: number | null;
}

/** A server that feeds a stream. */
export interface EpochHold {
  /** @param isOver The server has said that the stream has ended: whoever has it now may have begun earlier. */
  release(isOver: boolean): void;
}

/**
 * Epochs of the streams that are published here or come from other servers. Each publish has one, higher than those before
 * it: by it a server that was cut off, or stopped for a while, is known when it goes on with what another has taken over.
 */
export class EpochBook {
  readonly #clock: Clock & WallClock;
  /** In the order they were claimed. */
  readonly #claimed = new Map<string, number>();
  readonly #fed = new Map<string, Fed>();
  /** How far the fastest clock of a coworker is ahead of this one, and how long that counts. */
  #ahead = { ms: 0, untilMs: 0 };

  constructor(clock: Clock & WallClock) {
    this.#clock = clock;
  }

  /** The epoch of a publish that begins here now: the time by the fastest clock of the cluster. @param above The highest that others have of the stream; 0 for none. */
  next(key: string, above: number): number {
    const known = Math.max(above, this.#claimed.get(key) ?? 0, this.#inForce(key)?.epoch ?? 0);
    const epoch = Math.max(Math.round(this.#clock.wallMs() + this.#aheadMs()), known + 1);
    this.#claimed.delete(key);
    this.#claimed.set(key, epoch);
    const [oldest] = this.#claimed.keys();
    if (this.#claimed.size > MAX_CLAIMED && oldest !== undefined) this.#claimed.delete(oldest);
    return epoch;
  }

  /**
   * The clock of a coworker is ahead of this one by so much, and so are the epochs that it gives. Edges know them after its
   * end: whoever takes its streams over must not come with lower ones.
   */
  noteClock(aheadMs: number): void {
    // Epochs from further ahead are not believed.
    if (aheadMs > MAX_CLOCK_AHEAD_MS || aheadMs < this.#aheadMs()) return;
    this.#ahead = { ms: aheadMs, untilMs: this.#clock.nowMs() + aheadMs + REMEMBERED_MS };
  }

  #aheadMs(): number {
    const { ms, untilMs } = this.#ahead;
    return this.#clock.nowMs() < untilMs ? ms : 0;
  }

  /**
   * Whether a server may feed the stream: not with an older publish than the one that feeds it, nor than the one that fed it
   * last, unless that has not come back for {@link OLDER_AFTER_MS} since.
   */
  accepts(key: string, epoch: number): boolean {
    const fed = this.#inForce(key);
    if (fed === undefined || epoch >= fed.epoch) return true;
    if (fed.feeds > 0) return false;
    const nowMs = this.#clock.nowMs();
    fed.olderSinceMs ??= nowMs;
    return nowMs - fed.olderSinceMs >= OLDER_AFTER_MS;
  }

  /** The highest epoch that fed the stream of late; 0 for none. */
  highest(key: string): number {
    return this.#inForce(key)?.epoch ?? 0;
  }

  /** A server feeds the stream. */
  hold(key: string, epoch: number): EpochHold {
    const known = this.#inForce(key);
    const isBelieved = epoch <= this.#clock.wallMs() + MAX_CLOCK_AHEAD_MS;
    const fed = known ?? { epoch: 0, feeds: 0, untilMs: 0, olderSinceMs: null };
    if (known === undefined) this.#add(key, fed);
    if (isBelieved) fed.epoch = fed.feeds === 0 ? epoch : Math.max(fed.epoch, epoch);
    fed.olderSinceMs = null;
    fed.feeds++;
    let isHeld = true;
    return {
      release: (isOver) => {
        if (!isHeld) return;
        isHeld = false;
        fed.untilMs = this.#clock.nowMs() + REMEMBERED_MS;
        if (--fed.feeds === 0 && isOver && this.#fed.get(key) === fed && fed.epoch <= epoch) this.#fed.delete(key);
      },
    };
  }

  #inForce(key: string): Fed | undefined {
    const fed = this.#fed.get(key);
    return fed === undefined || this.#isForgotten(fed) ? undefined : fed;
  }

  #isForgotten({ feeds, untilMs }: Fed): boolean {
    return feeds === 0 && untilMs <= this.#clock.nowMs();
  }

  /** Those that are forgotten leave as others come: some at a time, so that no call takes long. */
  #add(key: string, fed: Fed): void {
    for (const [other, known] of [...this.#fed.entries().take(2)]) {
      this.#fed.delete(other);
      if (!this.#isForgotten(known)) this.#fed.set(other, known);
    }
    this.#fed.delete(key);
    this.#fed.set(key, fed);
  }
}
