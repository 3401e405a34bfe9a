/** Upper bounds of the classes, in seconds: a GOP that is kept is there at once, an owner is searched within seconds. */
export const FIRST_FRAME_BOUNDS_SECONDS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Whose first frames are counted together. */
export type FirstFramePeer = "viewer" | "server";

/** How long clients of one kind have waited. */
export interface WaitClasses {
  /** How many waited no longer than each bound and longer than the one before; the last is of those above all. */
  readonly counts: readonly number[];
  readonly sumSeconds: number;
}

/** How long players waited for their first frame since the start: from the request to the first media on its way. */
export class FirstFrames {
  readonly #classes = new Map((["viewer", "server"] as const).map((peer) => [peer, {
    counts: Array.from({ length: FIRST_FRAME_BOUNDS_SECONDS.length + 1 }, () => 0),
    sumSeconds: 0,
  }]));

  note(peer: FirstFramePeer, waitedMs: number): void {
    const of = this.#classes.get(peer)!;
    const seconds = Math.max(0, waitedMs) / 1000;
    const found = FIRST_FRAME_BOUNDS_SECONDS.findIndex((bound) => seconds <= bound);
    const at = found === -1 ? FIRST_FRAME_BOUNDS_SECONDS.length : found;
    of.counts[at] = of.counts[at]! + 1;
    of.sumSeconds += seconds;
  }

  /** Both kinds, those that never came too. */
  rows(): Iterable<readonly [peer: FirstFramePeer, waits: WaitClasses]> {
    return this.#classes.entries();
  }
}
