/** What the files of one stream may keep in memory that waits for the disk: ten seconds and more of 10 Mbit/s. */
const MAX_STREAM_BYTES = 16 * 1024 * 1024;
/** The same of all streams. */
const MAX_ALL_BYTES = 256 * 1024 * 1024;

/** Counts the bytes of all recordings that wait for the disk. */
export class QueueBudget {
  #usedBytes = 0;

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Bytes are put into a queue (positive), or leave one. */
  add(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** No more may be queued for a stream whose files have `queuedBytes` waiting. */
  isSpent(queuedBytes: number): boolean {
    return queuedBytes > MAX_STREAM_BYTES || this.#usedBytes > MAX_ALL_BYTES;
  }

  /** So much is written that a stream may go on after {@link isSpent}. */
  isRoomy(queuedBytes: number): boolean {
    return queuedBytes <= MAX_STREAM_BYTES / 4 && this.#usedBytes <= MAX_ALL_BYTES / 2;
  }
}
