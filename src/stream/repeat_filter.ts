import { equalBytes } from "../base/bytes.ts";
import { timestampDiff } from "../rtmp/timestamp.ts";
import type { MediaPacket } from "./packet.ts";

/**
 * Besides half of the time that they take to play, so long may frames take to come again: a server may send the beginning
 * of a GOP at once, and the rest with its next flush.
 */
const GRACE_MS = 400;
/** No server that gets the same frames is further behind: a flush or two, and the way. */
const RECENT_MS = 3000;
/** That are known: of such as have one frame only, too many come in that time. */
const MAX_GOPS = 32;
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
 * Which GOPs players have had, apart from the newest one, by a hash of their keyframes: a server that begins with one of
 * them has not come as far, be it with the same publish or with that of a backup encoder.
 */
export class RecentGops {
  #run = -1;
  /** When the first GOP of the run began. */
  #sinceMs = 0;
  #newest: number | null = null;
  #ended: { readonly hash: number; readonly atMs: number }[] = [];

  /** A GOP begins with this keyframe, and the one before has ended. @param run In which no frame is missing; see `PacketLog`. */
  begin(keyframe: Uint8Array, run: number, nowMs: number): void {
    if (run !== this.#run) this.#sinceMs = nowMs;
    this.#run = run;
    if (this.#newest !== null) this.#ended.push({ hash: this.#newest, atMs: nowMs });
    if (this.#ended.length > MAX_GOPS) this.#ended.shift();
    this.#newest = hashOf(keyframe);
  }

  /**
   * Whether a GOP may be one of them, or older still. Others may have the same hash, though rarely.
   *
   * @param frame Its first frame.
   * @param isSame It is of the same publish.
   */
  mayHave(frame: Uint8Array, isSame: boolean, nowMs: number): boolean {
    // Players came when it had begun already.
    if (isSame && nowMs - this.#sinceMs <= RECENT_MS) return true;
    const hash = hashOf(frame);
    return this.#ended.some((gop) => gop.hash === hash && (isSame || nowMs - gop.atMs <= RECENT_MS));
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
