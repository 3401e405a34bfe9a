/** The past that counts, in two halves: the older one is forgotten when the newer one is full. */
const HALF_MS = 5000;
/** Three times the longest gap of the last seconds is unusual. */
const UNUSUAL = 3;
/** A pause of this length is no sign of anything: a network that loses packets makes such. */
const MIN_UNUSUAL_MS = 1000;

/** Learns what pauses a stream has, to tell soon that it has stopped: one of 25 frames a second is not silent for 1 s. */
export class UsualGap {
  #lastMs = 0;
  #halfSinceMs = 0;
  #longestMs = 0;
  /** Of the half before; infinite while there was none. */
  #longestBeforeMs = Infinity;

  /** Begins with nothing learnt. */
  start(nowMs: number): void {
    this.#lastMs = this.#halfSinceMs = nowMs;
    this.#longestMs = 0;
    this.#longestBeforeMs = Infinity;
  }

  /** A packet has come. */
  hear(nowMs: number): void {
    if (nowMs - this.#lastMs > this.#longestMs) this.#longestMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (nowMs - this.#halfSinceMs < HALF_MS) return;
    this.#longestBeforeMs = this.#longestMs;
    this.#longestMs = 0;
    this.#halfSinceMs = nowMs;
  }

  /** A silence of this length, ms, is unusual; infinite while too little is known. */
  get unusualMs(): number {
    return Math.max(MIN_UNUSUAL_MS, UNUSUAL * Math.max(this.#longestMs, this.#longestBeforeMs));
  }
}
