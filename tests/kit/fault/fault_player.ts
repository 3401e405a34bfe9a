import type { ClientKind } from "../peers/following_client.ts";

/** A player of any kind, as a fault is measured by it. */
export interface FaultPlayer extends Disposable {
  readonly url: string;
  readonly kind: ClientKind;
  /** Why connections ended. */
  readonly drops: readonly string[];
  /** Broken promises, in words: frames changed on the way, steps back in time, repeated headers and the like. */
  readonly flaws: readonly string[];
  /** When the first frame of each publish session came, by `performance.now()`; empty for those that cannot tell. */
  readonly sessionAtMs: ReadonlyMap<number, number>;
  /** When the last frame came. */
  readonly lastFrameAtMs: number;
  /** Everything is counted from here on; a gap that is open now counts from its beginning. */
  mark(): void;
  /** Longest time without a frame since the mark, the one that is open now included. */
  gapMs(): number;
}
