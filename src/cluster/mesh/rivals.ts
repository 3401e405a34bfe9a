import type { ClaimMode } from "../directory.ts";

/** One of two publishers of a stream at two origins of a cluster. */
export interface Rival {
  /** When it came, Unix time in ms by the clock of its origin. */
  readonly sinceMs: number;
  /** Of its publish; 0 where that is not known. */
  readonly epoch: number;
  /** Id of its origin. */
  readonly instance: string;
  /** How long it has sent nothing. */
  readonly silentMs: number;
}

/** A publisher silent for this long does not stand in the way of another one: its TCP connection is dead. */
export const DEAD_AFTER_MS = 1000;

/**
 * Whether a publisher gives way to another one. Of two, exactly one does, and both origins compute alike: they compare
 * the same numbers, whatever their clocks say; where these are equal, the ids decide. In a takeover the higher epoch stays,
 * as in an engine and for edges: if each of these kept another one, none would be left.
 */
export function givesWay(own: Rival, other: Rival, mode: ClaimMode): boolean {
  const isDead = own.silentMs >= DEAD_AFTER_MS;
  if (isDead !== (other.silentMs >= DEAD_AFTER_MS)) return isDead;
  if (mode === "first") return isNewer(own, other);
  const areTold = own.epoch > 0 && other.epoch > 0 && own.epoch !== other.epoch;
  return areTold ? other.epoch > own.epoch : isNewer(other, own);
}

function isNewer(a: Rival, b: Rival): boolean {
  return a.sinceMs === b.sinceMs ? a.instance > b.instance : a.sinceMs > b.sinceMs;
}
