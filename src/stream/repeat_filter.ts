import { equalBytes } from "../base/bytes.ts";
import { timestampDiff } from "../rtmp/timestamp.ts";
import type { MediaPacket } from "./packet.ts";

/**
 * Besides half of the time that they take to play, so long may frames take to come again: a server may send the beginning
 * of a GOP at once, and the rest with its next flush.
 */
const GRACE_MS = 400;

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
 * stream, or gets it: its newest GOP. What is not the same to the last byte and frame, and soon, is no repetition.
 */
export class RepeatFilter {
  readonly #known: readonly MediaPacket[];
  #held: MediaPacket[] = [];
  #sinceMs = 0;

  /** @param known Frames of the newest GOP that players have, to the last one. */
  constructor(known: readonly MediaPacket[]) {
    this.#known = known;
  }

  /** Judges the next audio or video frame; its payload is copied if it is kept. */
  judge(packet: MediaPacket, nowMs: number): RepeatVerdict {
    const at = this.#held.length;
    if (at === 0) this.#sinceMs = nowMs;
    this.#held.push({ ...packet, payload: packet.payload.slice() });
    // A file that is published again comes at its own pace.
    const mediaMs = timestampDiff(packet.timestampMs, this.#held[0]!.timestampMs);
    const isSlow = nowMs - this.#sinceMs > GRACE_MS + mediaMs / 2;
    if (isSlow || !isSamePacket(this.#known[at], packet)) return "noRepeat";
    return at + 1 === this.#known.length ? "caughtUp" : "held";
  }

  /** Moves out the frames that were held. */
  takeHeld(): MediaPacket[] {
    return this.#held.splice(0);
  }

  /**
   * Of the frame that is the latest by its time: that, and the one it was given when it came first. Sound right behind the
   * first picture of a session may bear another time than its own.
   */
  get latestTimes(): { readonly timestampMs: number; readonly givenMs: number } {
    let latest = 0;
    this.#held.forEach(({ timestampMs }, at) => {
      if (timestampDiff(timestampMs, this.#held[latest]!.timestampMs) > 0) latest = at;
    });
    return { timestampMs: this.#held[latest]?.timestampMs ?? 0, givenMs: this.#known[latest]?.timestampMs ?? 0 };
  }
}

/** True if both carry the same, whenever. */
export function isSamePacket(a: MediaPacket | undefined, b: MediaPacket): boolean {
  return a !== undefined && a.kind === b.kind && equalBytes(a.payload, b.payload);
}
