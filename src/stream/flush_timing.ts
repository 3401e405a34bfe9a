import type { TimerHandle, Timers } from "../base/clock.ts";
import type { EarlyFlush } from "./early_flush.ts";

/** What has come and was not flushed yet. */
export interface Unflushed {
  readonly hasUnflushed: boolean;
  readonly hasUnflushedKeyframe: boolean;
  /** Packets since the beginning, flushed or not. */
  readonly packetCount: number;
}

/** How long packets are gathered; the names are SRS's directives. */
export interface GatherOptions {
  /** `mw_latency`. */
  readonly mwLatencyMs: number;
  /** `mw_msgs`. */
  readonly mwMsgs: number;
}

/**
 * Longest wait for each packet of `mw_msgs`, after `mw_latency`: SRS waits for ever, so that the players of a stream with
 * few packets lag by seconds, and the last ones before a pause never come.
 */
const MAX_WAIT_PER_MSG_MS = 25;
/** The rest of a burst from another server may be on its way still: it is handed on after this part of `mw_latency`. */
const REST_SHARE = 1 / 8;

/**
 * When the players of a source are sent what has come: `mw_latency` after the last time, once `mw_msgs` have gathered,
 * and at the end of a burst where it can be. One timer a source, and none where nothing is gathered.
 */
export class FlushTiming {
  readonly #timers: Timers;
  readonly #options: GatherOptions;
  readonly #log: Unflushed;
  readonly #flush: () => void;
  readonly #early: EarlyFlush;
  #timer: TimerHandle | null = null;
  /** Two flushes are `mw_latency` apart at least, but for those of the rest of a burst. */
  #nextFlushMs = 0;
  #flushedMs = 0;
  /** From the next flush to the one after it; twice as long after each, as long as more comes, up to `mw_latency`. */
  #waitMs = Infinity;
  /** When the publisher last came to the end of a burst that brought something, or began. */
  #burstMs = 0;
  #packetsAtFlush = 0;
  /** Players that were waiting for this publisher get its first keyframe without waiting for the flush. */
  #awaitsFirstGop = false;
  /** Another server feeds the source: it has gathered the packets already. */
  #isGathered = false;

  /**
   * @param flush Is to call {@link onFlush} first.
   * @param early Of players that do not wait for it.
   */
  constructor(
    { timers, early }: { readonly timers: Timers; readonly early: EarlyFlush },
    options: GatherOptions,
    log: Unflushed,
    flush: () => void,
  ) {
    this.#timers = timers;
    this.#early = early;
    this.#options = options;
    this.#log = log;
    this.#flush = flush;
  }

  /** Until the next flush is due; 0 or less when that was some time ago. */
  get toFlushMs(): number {
    return this.#nextFlushMs - this.#timers.nowMs();
  }

  /** A flush was due, and too few messages had come for it: {@link GatherOptions.mwMsgs}. */
  get awaitsMsgs(): boolean {
    return this.#log.hasUnflushed && this.toFlushMs <= 0;
  }

  /** @param isGathered By another server: `mw_msgs` does not count then. */
  startSession(isGathered: boolean): void {
    this.#awaitsFirstGop = true;
    this.#isGathered = isGathered;
    this.#burstMs = this.#timers.nowMs();
  }

  endSession(): void {
    this.#isGathered = false;
    this.#cancel();
    this.#early.onFlush();
  }

  /** Players have the first GOP of the session already. */
  onFirstGopKnown(): void {
    this.#awaitsFirstGop = false;
  }

  /** A packet has come, for players to get. */
  onAppend(): void {
    if (this.#timer === null && !this.#flushesAtOnce) this.#arm();
    this.#early.onAppend();
  }

  /** All that the publisher had to say for now has come. */
  onBurstEnd(): void {
    // A piece of a packet alone is the begin of a burst.
    if (this.#log.hasUnflushed && (this.#endsPause() || this.#isDue())) this.#flush();
    else this.#early.onBurstEnd();
  }

  /** Is called at the beginning of each flush. */
  onFlush(): void {
    this.#cancel();
    this.#early.onFlush();
    if (this.#log.hasUnflushedKeyframe && this.#awaitsFirstGop) {
      this.#awaitsFirstGop = false;
      this.#expectRest();
    }
    const { mwLatencyMs } = this.#options;
    const waitMs = Math.min(this.#waitMs, mwLatencyMs);
    this.#flushedMs = this.#timers.nowMs();
    this.#nextFlushMs = this.#flushedMs + waitMs;
    this.#waitMs = waitMs < mwLatencyMs ? 2 * waitMs : Infinity;
    this.#packetsAtFlush = this.#log.packetCount;
  }

  #expectRest(): void {
    if (this.#isGathered) this.#waitMs = this.#options.mwLatencyMs * REST_SHARE;
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }

  /** For media that no burst end follows, or too little of it. */
  #arm(): void {
    const nowMs = this.#timers.nowMs();
    if (nowMs >= this.#nextFlushMs) {
      // No rest has come.
      this.#nextFlushMs = this.#flushedMs + this.#options.mwLatencyMs;
      this.#waitMs = Infinity;
    }
    this.#timer = this.#timers.after(Math.max(0, this.#nextFlushMs - nowMs), () => {
      if (this.#hasGatheredMsgs) return this.#flush();
      const waitMs = this.#options.mwMsgs * MAX_WAIT_PER_MSG_MS;
      this.#timer = this.#timers.after(waitMs, this.#flush);
    });
  }

  #isDue(): boolean {
    return this.#flushesAtOnce || (this.#awaitsFirstGop && this.#log.hasUnflushedKeyframe) ||
      (this.#hasGatheredMsgs && this.#timers.nowMs() >= this.#nextFlushMs);
  }

  /**
   * What came in one burst after a pause, as from another server that gathers too, is handed on as it comes: gathered
   * once more, it would be late twice. A keyframe of an upstream, too: it may be the first of a publisher that has come to
   * that server.
   */
  #endsPause(): boolean {
    const nowMs = this.#timers.nowMs();
    const pauseMs = nowMs - this.#burstMs;
    this.#burstMs = nowMs;
    if (pauseMs >= this.#options.mwLatencyMs / 2 && this.#hasGatheredMsgs) {
      this.#expectRest();
      return true;
    }
    return this.#isGathered && this.#log.hasUnflushedKeyframe;
  }

  get #hasGatheredMsgs(): boolean {
    return this.#isGathered || this.#log.packetCount - this.#packetsAtFlush > this.#options.mwMsgs;
  }

  /** No timer: players get what came whenever the publisher pauses. */
  get #flushesAtOnce(): boolean {
    return this.#options.mwLatencyMs === 0 && this.#options.mwMsgs === 0;
  }
}
