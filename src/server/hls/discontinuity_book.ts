import type { WallClock } from "../../base/clock.ts";

/** Streams of which the count is remembered: the latest ones. */
const MAX_STREAMS = 10_000;
/** Counts that begin with a time begin here, so that they stay small. */
const COUNT_ZERO_MS = Date.UTC(2020, 0, 1);
const HOUR_MS = 3_600_000;
/** What others tell counts up to so many more than {@link firstCount}. */
const MOST_BEYOND = 100_000;

/**
 * What a stream begins with whose discontinuities nobody knows, as after a restart of all servers: hours since 2020. Few
 * streams have one each hour all the time, so it is hardly ever below what viewers had before.
 *
 * It has to be small: hls.js 1.7 keeps arrays by this number, and walks along them with each segment and part. With
 * seconds, each took it several.
 */
export function firstCount(unixMs: number): number {
  return Math.max(0, Math.floor((unixMs - COUNT_ZERO_MS) / HOUR_MS));
}

/**
 * How many discontinuities streams have had, as far as this server has listed them, or others have told it. Whoever comes
 * to own a stream goes on from there: so `EXT-X-DISCONTINUITY-SEQUENCE` is a count, wherever the stream is published.
 */
export class DiscontinuityBook {
  readonly #clock: WallClock;
  /** In the order they were noted. */
  readonly #counts = new Map<string, number>();

  constructor(clock: WallClock) {
    this.#clock = clock;
  }

  /** The highest count of a stream; null if none is known. */
  of(key: string): number | null {
    return this.#counts.get(key) ?? null;
  }

  /** A segment has this count. */
  note(key: string, count: number): void {
    const known = this.#counts.get(key) ?? 0;
    this.#counts.delete(key);
    this.#counts.set(key, Math.max(known, count));
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > MAX_STREAMS && oldest !== undefined) this.#counts.delete(oldest);
  }

  /** Another server knows of so many, as it says; anybody may. At worst, the stream goes on as if nobody knew. */
  hear(key: string, count: number | null): void {
    if (count !== null && count <= firstCount(this.#clock.wallMs()) + MOST_BEYOND) this.note(key, count);
  }
}
