import { equalBytes } from "../base/bytes.ts";
import { timestampDiff } from "../rtmp/timestamp.ts";
import type { MediaPacket } from "./packet.ts";

/**
 * Besides half of the time that they take to play, so long may frames take to come again: a server may send the beginning
 * of a GOP at once, and the rest with its next flush.
 */
const GRACE_MS = 400;
/** So long ago a GOP may have ended that a server which gets the same frames, too, begins with: a flush or two, and the way. */
const RECENT_MS = 3000;
/** Of one frame each. */
const MAX_GOPS = 16;
/** Bytes of a keyframe that are looked at: so many at its begin, and of the rest. */
const SAMPLED_BYTES = 64;

/** What becomes of a frame. */
export type RepeatVerdict =
  /** It may be a repetition: it is kept until that is known. */
  | "held"
  /** It was one, and the last: the next frame is new. */
  | "caughtUp"
  /** Nothing is repeated: what was held is to be published, this frame the last of it. */
  | "noRepeat";

/**
 * Finds out whether a new publisher begins by sending again what players have, as does another server that has the same
 * stream, or gets it: its newest GOP, or an older one where it has not come that far. What is not the same to the last byte
 * and frame, and soon, is no repetition.
 */
export class RepeatFilter {
  readonly #known: readonly MediaPacket[];
  readonly #isOlder: (first: MediaPacket, nowMs: number) => boolean;
  #mayBeBehind = false;
  #held: MediaPacket[] = [];
  /** Of those, what was held before the first one that is known. */
  #behind = 0;
  #hasBegun = false;
  #sinceMs = 0;

  /**
   * @param known Frames of the newest GOP that players have, to the last one.
   * @param isOlder Whether frames that begin with this one, and are not known, may be those before; default never.
   */
  constructor(known: readonly MediaPacket[], isOlder: (first: MediaPacket, nowMs: number) => boolean = () => false) {
    this.#known = known;
    this.#isOlder = isOlder;
  }

  /** Judges the next audio or video frame; its payload is copied if it is kept. */
  judge(packet: MediaPacket, nowMs: number): RepeatVerdict {
    if (this.#held.length === 0) {
      this.#sinceMs = nowMs;
      this.#mayBeBehind = this.#isOlder(packet, nowMs);
    }
    this.#held.push({ ...packet, payload: packet.payload.slice() });
    const at = this.#held.length - 1 - this.#behind;
    if (!this.#hasBegun && this.#mayBeBehind && !isSamePacket(this.#known[0], packet)) {
      this.#behind++;
      return nowMs - this.#sinceMs > GRACE_MS ? "noRepeat" : "held";
    }
    this.#hasBegun = true;
    // A file that is published again comes at its own pace.
    const mediaMs = timestampDiff(packet.timestampMs, this.#held[0]!.timestampMs);
    const isSlow = nowMs - this.#sinceMs > GRACE_MS + mediaMs / 2;
    if (isSlow || !isSamePacket(this.#known[at], packet)) return "noRepeat";
    return at + 1 === this.#known.length ? "caughtUp" : "held";
  }

  /** Among frames that may be older than what is known, a header waits for its turn, too. @returns Whether it does. */
  holdHeader(packet: MediaPacket): boolean {
    if (this.#hasBegun || this.#behind === 0) return false;
    this.#held.push({ ...packet, payload: packet.payload.slice() });
    this.#behind++;
    return true;
  }

  /** Moves out what was held. */
  takeHeld(): MediaPacket[] {
    return this.#held.splice(0);
  }

  /**
   * Of the frame that is the latest by its time: that, and the one it was given when it came first. Sound right behind the
   * first picture of a session may bear another time than its own.
   */
  get latestTimes(): { readonly timestampMs: number; readonly givenMs: number } {
    const again = this.#held.slice(this.#behind);
    let latest = 0;
    again.forEach(({ timestampMs }, at) => {
      if (timestampDiff(timestampMs, again[latest]!.timestampMs) > 0) latest = at;
    });
    return { timestampMs: again[latest]?.timestampMs ?? 0, givenMs: this.#known[latest]?.timestampMs ?? 0 };
  }
}

/**
 * Which GOPs players have had, apart from the newest one, by a hash of their keyframes: a publish that begins with one of
 * them may be that of a backup encoder, whose server has not come as far.
 */
export class RecentGops {
  #newest: number | null = null;
  #ended: { readonly hash: number; readonly atMs: number }[] = [];

  /** A GOP begins with this keyframe, and the one before has ended. */
  begin(keyframe: Uint8Array, nowMs: number): void {
    if (this.#newest !== null) this.#ended.push({ hash: this.#newest, atMs: nowMs });
    while (this.#ended.length > MAX_GOPS || nowMs - (this.#ended[0]?.atMs ?? nowMs) > RECENT_MS) this.#ended.shift();
    this.#newest = hashOf(keyframe);
  }

  /** Whether such a GOP has ended of late. Others may have the same hash, though rarely. */
  has(frame: Uint8Array, nowMs: number): boolean {
    const hash = hashOf(frame);
    return this.#ended.some((gop) => gop.hash === hash && nowMs - gop.atMs <= RECENT_MS);
  }
}

/** True if both carry the same, whenever. */
export function isSamePacket(a: MediaPacket | undefined, b: MediaPacket): boolean {
  return a !== undefined && a.kind === b.kind && equalBytes(a.payload, b.payload);
}

/** FNV-1a, 32 bits, of the length, the begin, and samples of what follows: keyframes are large. */
function hashOf(bytes: Uint8Array): number {
  const step = Math.max(1, Math.floor((bytes.length - SAMPLED_BYTES) / SAMPLED_BYTES));
  let hash = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < bytes.length; at += at < SAMPLED_BYTES ? 1 : step) {
    hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  }
  return hash >>> 0;
}
