/** A frame begins the segment of a slot. */
export interface SlotStart {
  /** Number of the slot and of the segment. */
  readonly number: number;
  /** It is the first of the publish that this node knows of: whether the segment began before is not known. */
  readonly isFirst: boolean;
}

/** What a video frame means for the segments. */
export type SlotVerdict = SlotStart | "same" | "unknown";

/** A slot without a keyframe begins in its last part of this size. */
const LATE_SHARE = 8;

/**
 * Cuts a stream into slots of time, so that every node cuts it at the same frames.
 *
 * - A keyframe begins the segment of its slot, unless that has begun.
 * - A slot in which no keyframe comes, since the GOP is longer than a slot, begins at the last moment: as long as there
 *   may still be a keyframe, it is waited for.
 * - While no video comes, for longer than a slot, audio begins the slots. So does audio alone.
 *
 * What is decided depends on the newest keyframe and what came behind it, never on what was before. Hence a node that
 * joins at any keyframe decides as those that were there from the beginning.
 */
export class SlotRule {
  readonly #slotMs: number;
  /** Slot of the segment under way; null before it is known. */
  #number: number | null = null;
  #keyMs: number | null = null;
  #videoMs: number | null = null;

  constructor(slotMs: number) {
    this.#slotMs = slotMs;
  }

  /** Forgets the stream: another publish, or one of which something is missing. */
  restart(): void {
    this.#number = this.#keyMs = this.#videoMs = null;
  }

  slotOf(timeMs: number): number {
    return Math.floor(timeMs / this.#slotMs);
  }

  /** No video came for longer than a slot, or none at all. */
  isQuiet(timeMs: number): boolean {
    return this.#videoMs === null || timeMs - this.#videoMs > this.#slotMs;
  }

  /** "unknown": nothing is known of the segments before the next keyframe. */
  onVideo(timeMs: number, isKeyframe: boolean): SlotVerdict {
    const slot = this.slotOf(timeMs);
    const stepMs = this.#videoMs === null ? 0 : timeMs - this.#videoMs;
    this.#videoMs = timeMs;
    if (isKeyframe) {
      this.#keyMs = timeMs;
      return this.#begin(slot);
    }
    if (this.#keyMs === null || this.#number === null) {
      // Others may know a keyframe before this frame, and cut where that makes them cut.
      this.#number = null;
      return "unknown";
    }
    if (timeMs - this.#keyMs < this.#slotMs) return "same";
    const lateMs = Math.min(Math.max(stepMs, this.#slotMs / LATE_SHARE), this.#slotMs);
    if (timeMs + lateMs >= (slot + 1) * this.#slotMs) return this.#begin(slot);
    return this.#begin(slot - 1);
  }

  /** @param hasVideo The publish has video, though perhaps not now. */
  onAudio(timeMs: number, hasVideo: boolean): SlotStart | "same" {
    if (hasVideo) {
      // Before the first frame that this node sees, there may have been others.
      this.#videoMs ??= timeMs;
      if (!this.isQuiet(timeMs)) return "same";
    }
    return this.#begin(this.slotOf(timeMs));
  }

  #begin(slot: number): SlotStart | "same" {
    const isFirst = this.#number === null;
    if (this.#number !== null && slot <= this.#number) return "same";
    this.#number = slot;
    return { number: slot, isFirst };
  }
}
