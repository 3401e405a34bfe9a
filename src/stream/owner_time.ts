import { timestampAdd } from "../rtmp/timestamp.ts";

/** Distance kept from what was published before, where the clock says that no time has passed. */
const LEAST_GAP_MS = 10;
const WRAP_MS = 2 ** 32;

/**
 * When frames happened, by the clock of the server that has the publisher: Unix time of stream time 0, plus the timestamp.
 *
 * Every server that has the stream comes to the same times, whatever offset its own timestamps have: what is made of
 * them, as segments of HLS, is the same on all.
 */
export class OwnerTime {
  #zeroMs: number | null = null;
  /** As the server says that the stream is pulled from, for the timestamps that it sends. */
  #toldMs: number | null = null;
  /** The publisher is here: the clock of this server is the one that counts. */
  #isOwner = false;
  #offsetMs = 0;
  /** The latest of all publishes. */
  #latestMs = 0;

  /**
   * Unix time of timestamp 0 of this server, ms; null before the first frame of a publish, and where nobody has told it:
   * then {@link of} goes by a time that no other server has.
   */
  get zeroMs(): number | null {
    return this.#isOwner || this.#toldMs !== null ? this.#zeroMs : null;
  }

  /**
   * The next frame is the first of a new publish.
   *
   * @param toldMs See {@link tell}.
   * @param isOwner This server is the one that has the publisher.
   */
  startSession(toldMs: number | null, isOwner: boolean): void {
    this.#zeroMs = null;
    this.#toldMs = toldMs;
    this.#isOwner = isOwner;
  }

  /**
   * Unix time of timestamp 0 of the server that the stream comes from.
   *
   * @returns Whether {@link zeroMs} is another one now.
   */
  tell(toldMs: number): boolean {
    const isFirst = this.#toldMs === null;
    this.#toldMs = toldMs;
    return this.#zeroMs !== null && (this.#set(toldMs - this.#offsetMs) || isFirst);
  }

  /**
   * Takes notice of a frame.
   *
   * @param timestampMs As this server gives it out.
   * @param offsetMs What this server adds to timestamps as they come.
   * @param nowMs Unix time.
   * @returns Whether {@link zeroMs} is another one now.
   */
  onFrame(timestampMs: number, offsetMs: number, nowMs: number): boolean {
    const isMoved = offsetMs !== this.#offsetMs;
    this.#offsetMs = offsetMs;
    if (this.#toldMs !== null) return (this.#zeroMs === null || isMoved) && this.#set(this.#toldMs - offsetMs);
    if (this.#zeroMs !== null) return false;
    return this.#set(Math.max(Math.round(nowMs), this.#latestMs + LEAST_GAP_MS) - timestampMs);
  }

  /**
   * Unix time of a frame, ms.
   *
   * @param sentMs Its timestamp as it came.
   * @param timestampMs As this server gives it out: corrected maybe, which others know of the owner's alone.
   */
  ofFrame(sentMs: number, timestampMs: number, nowMs: number): number {
    const ownerMs = this.of(this.#toldMs === null ? timestampMs : timestampAdd(sentMs, this.#offsetMs), nowMs);
    if (ownerMs > this.#latestMs) this.#latestMs = ownerMs;
    return ownerMs;
  }

  /**
   * Whether a frame of the publish that is about to begin is later than all before it; false where the server that it comes
   * from does not tell its time.
   *
   * @param sentMs Its timestamp as it comes.
   */
  isAhead(sentMs: number, nowMs: number): boolean {
    return this.#toldMs !== null && nearest(this.#toldMs + sentMs, nowMs) > this.#latestMs;
  }

  /** Unix time of a timestamp of this server, ms. Timestamps wrap after 49 days: the nearest to now is meant. */
  of(timestampMs: number, nowMs: number): number {
    return nearest((this.#zeroMs ?? 0) + timestampMs, nowMs);
  }

  #set(zeroMs: number): boolean {
    const isNew = zeroMs !== this.#zeroMs;
    this.#zeroMs = zeroMs;
    return isNew;
  }
}

/** Of all times that differ by whole wraps, the one that is nearest to now. */
function nearest(ms: number, nowMs: number): number {
  return ms + Math.round((nowMs - ms) / WRAP_MS) * WRAP_MS;
}
