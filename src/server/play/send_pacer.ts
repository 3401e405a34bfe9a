import type { TimerHandle, Timers } from "../../base/clock.ts";

/** What is to be paced. */
export interface PacedMedia {
  /** The next bytes of at most so many packets, or null when there are none now. */
  next(maxPackets: number): Uint8Array | null;
}

/**
 * Gives a player one packet at a time, with a pause after each: `send_min_interval`, for clients that cannot take a GOP
 * at once. It costs a write and a timer for each packet and player.
 *
 * Source: SRS 7 `SrsRtmpConn::do_playing`, which sends one message and then sleeps.
 */
export class SendPacer {
  readonly #media: PacedMedia;
  readonly #timers: Timers;
  readonly #wake: () => void;
  #nextMs = 0;
  #timer: TimerHandle | null = null;

  /** @param wake There may be something to send again. */
  constructor(media: PacedMedia, timers: Timers, wake: () => void) {
    this.#media = media;
    this.#timers = timers;
    this.#wake = wake;
  }

  /** It is not yet time: there may be more than {@link next} gave. */
  get isHolding(): boolean {
    return this.#timer !== null;
  }

  /** The next packet, or null when there is none, or it is not yet time. */
  next(intervalMs: number): Uint8Array | null {
    if (this.#timer !== null) return null;
    const nowMs = this.#timers.nowMs();
    if (nowMs < this.#nextMs) {
      this.#timer = this.#timers.after(this.#nextMs - nowMs, () => {
        this.#timer = null;
        this.#wake();
      });
      return null;
    }
    const view = this.#media.next(1);
    if (view !== null) this.#nextMs = nowMs + intervalMs;
    return view;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}
