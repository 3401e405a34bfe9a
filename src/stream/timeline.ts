import { timestampAdd, timestampDiff } from "../rtmp/timestamp.ts";
import type { PacketKind } from "./packet.ts";

/** What has times of its own. */
export type TimedKind = Exclude<PacketKind, "script">;

/** `time_jitter` of SRS: `full` and `zero` start a stream at 0 and mend breaks, `off` leaves times as they come. */
export type TimeJitter = "full" | "zero" | "off";

/** A step further than this from where time should be is a break, not jitter: encoders restart, files loop. */
const MAX_STEP_MS = 10_000;
/** Time of one kind that goes back by less is jitter, and stands still; by more, it is a break. SRS: 250 ms. */
const MAX_BACK_MS = 250;
/** Distance between the last packet before a break and the first after it. SRS: 10 ms. */
const GAP_MS = 10;

/**
 * Repairs a stream's timestamps, once, where they come in.
 *
 * A publish session has one offset for audio and video together, chosen at its first frame so that time goes on from
 * where the session before it ended; only a break moves it again. So audio and video keep their distance (SRS corrects each
 * packet, which lets them drift: ossrs/srs#2776). Of each kind, time never goes back: players take that for the end, or
 * for frames to drop, and segments have durations. Between the kinds it may, as one of them may come seconds late.
 */
export class Timeline {
  readonly #mode: TimeJitter;
  #keepsTimes: boolean;
  #offsetMs = 0;
  /** Time given to the frame that the offset was chosen for. */
  #baseMs = 0;
  /** Latest time given out before it. */
  #floorMs = 0;
  /** Frames that belong before that one may still come. */
  #isNearBase = false;
  /** Latest time given out, the highest of audio and video. */
  #latestMs = 0;
  #latestAtMs = 0;
  /** The same of each kind; null before there was one, and where times were left as they came. */
  readonly #latestOfMs: Record<TimedKind, number | null> = { audio: null, video: null };
  #isFirstSession = true;
  #awaitsFirstFrame = true;

  constructor(mode: TimeJitter) {
    this.#mode = mode;
    this.#keepsTimes = mode === "off";
  }

  /** Time given to the latest frame: what headers are stamped with. */
  get nowMs(): number {
    return this.#latestMs;
  }

  /** What is added to timestamps as they come, modulo 2^32, but for single frames that are corrected. */
  get offsetMs(): number {
    return this.#keepsTimes ? 0 : this.#offsetMs;
  }

  /** The next frame is the first of a new publish session. */
  startSession(): void {
    this.#awaitsFirstFrame = true;
    this.#keepsTimes = this.#mode === "off";
  }

  /** Times are left as they come, up to the end of this session. */
  keepTimes(): void {
    this.#keepsTimes = true;
  }

  /** The session goes on with what the one before had: a frame of this time was given that one. */
  resumeSession({ timestampMs, givenMs }: { timestampMs: number; givenMs: number }, arrivedMs: number): void {
    this.#awaitsFirstFrame = this.#isNearBase = false;
    this.#offsetMs = timestampDiff(givenMs, timestampMs);
    this.#latestAtMs = arrivedMs;
  }

  /**
   * Stream time of an audio or video frame.
   *
   * @param kind Of the frame.
   * @param timestampMs Time by the publisher.
   * @param arrivedMs Wall clock: a jump ahead is real when as much time passed.
   */
  mapFrame(kind: TimedKind, timestampMs: number, arrivedMs: number): number {
    if (this.#keepsTimes) {
      // The next session may be one that is not kept, and then follows this one.
      this.#isFirstSession = false;
      this.#latestAtMs = arrivedMs;
      this.#latestOfMs.audio = this.#latestOfMs.video = null;
      return this.#latestMs = timestampMs;
    }
    if (this.#awaitsFirstFrame) {
      this.#awaitsFirstFrame = false;
      this.#rebase(timestampMs, this.#isFirstSession ? 0 : timestampAdd(this.#latestMs, GAP_MS));
      this.#isFirstSession = false;
    } else {
      const goesOnMs = timestampAdd(timestampMs, this.#offsetMs);
      const stepMs = timestampDiff(goesOnMs, this.#latestMs);
      const backMs = timestampDiff(this.#latestOfMs[kind] ?? goesOnMs, goesOnMs);
      const aheadMs = stepMs - (arrivedMs - this.#latestAtMs);
      if (backMs > MAX_BACK_MS || stepMs < -MAX_STEP_MS || (stepMs > MAX_STEP_MS && aheadMs > MAX_STEP_MS)) {
        this.#rebase(timestampMs, timestampAdd(this.#latestMs, GAP_MS));
      }
    }
    let mapped = timestampAdd(timestampMs, this.#offsetMs);
    // The first frame may be video that audio precedes by some milliseconds: that keeps its distance, as long as it does
    // not run into what came before.
    if (this.#isNearBase && timestampDiff(mapped, this.#floorMs) < 0) mapped = this.#floorMs;
    const beforeMs = this.#latestOfMs[kind];
    if (beforeMs !== null && timestampDiff(mapped, beforeMs) < 0) mapped = beforeMs;
    this.#latestOfMs[kind] = mapped;
    if (timestampDiff(mapped, this.#latestMs) > 0) this.#latestMs = mapped;
    if (timestampDiff(mapped, this.#baseMs) > MAX_STEP_MS) this.#isNearBase = false;
    this.#latestAtMs = arrivedMs;
    return mapped;
  }

  #rebase(timestampMs: number, targetMs: number): void {
    this.#offsetMs = timestampDiff(targetMs, timestampMs);
    this.#baseMs = targetMs;
    this.#floorMs = this.#latestMs;
    this.#isNearBase = true;
  }
}
