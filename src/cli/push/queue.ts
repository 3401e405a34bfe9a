/** Where the bytes of a connection are: counters that only grow. */
export interface SendState {
  /** Bytes handed over since the connection began. */
  enqueuedBytes: number;
  /** Bytes of those that the socket has taken. */
  sentBytes: number;
}

/** Bounds of the queue of a connection. */
export interface QueueLimits {
  /** Media may wait this long, before more of it is dropped. */
  maxLagMs: number;
  maxBytes: number;
  /** The queue must be this short again before sending goes on. */
  resumeLagMs: number;
}

/** Watches how long media waits to leave, so that a slow network costs frames instead of memory and delay. */
export class SendQueue {
  readonly #limits: QueueLimits;
  /** For each message under way: where it ends in the byte count, and when it was handed over. */
  #marks: { endBytes: number; atMs: number }[] = [];
  #queuedBytes = 0;
  #isJammed = false;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** A message was handed over. */
  note(nowMs: number, state: SendState): void {
    this.#marks.push({ endBytes: state.enqueuedBytes, atMs: nowMs });
    this.update(nowMs, state);
  }

  /** How long the oldest message has been waiting. */
  lagMs(nowMs: number): number {
    const oldest = this.#marks[0];
    return oldest === undefined ? 0 : nowMs - oldest.atMs;
  }

  /** Looks where the bytes are now; true while nothing should be added. */
  update(nowMs: number, { enqueuedBytes, sentBytes }: SendState): boolean {
    const left = this.#marks.findIndex(({ endBytes }) => endBytes > sentBytes);
    this.#marks.splice(0, left < 0 ? this.#marks.length : left);
    this.#queuedBytes = enqueuedBytes - sentBytes;
    const { maxLagMs, maxBytes, resumeLagMs } = this.#limits;
    const lagMs = this.lagMs(nowMs);
    if (lagMs > maxLagMs || this.#queuedBytes > maxBytes) this.#isJammed = true;
    else if (lagMs <= resumeLagMs && this.#queuedBytes <= maxBytes / 2) this.#isJammed = false;
    return this.#isJammed;
  }
}
