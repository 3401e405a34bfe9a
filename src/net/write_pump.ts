import type { Following, FollowSink, TailReader } from "../base/live_tail.ts";
import { isConnectionEnd, type TcpConn } from "./tcp_conn.ts";

/** What a pump sends, and who hears of the end. */
export interface PumpSource<Place = never> {
  /** The next bytes, unchanged until they are written, or null when there are none now. */
  next(): Uint8Array | null;
  /** Everything was written and `next` had no more. */
  onDrained?(): void;
  /** Writing failed for a reason other than the end of the connection. */
  onWriteError(error: unknown): void;
  /** Where its bytes are those of a tail from here on, and nothing else: another thread may send them. */
  followed?(): TailReader<Place> | null;
}

/** Sent without a pause, to a connection that takes everything: others have their turn then. */
const MOST_AT_ONCE_BYTES = 1024 * 1024;

/**
 * Sends one connection's bytes, one write at a time; the only caller of `conn.write` on the media path.
 *
 * Bytes are asked for when the write before is done: what is slow to leave waits in the source, as a place in a log,
 * not as copies in a queue.
 */
export class WritePump<Place = never> implements FollowSink<Place> {
  readonly #conn: TcpConn;
  readonly #source: PumpSource<Place>;
  #view: Uint8Array | null = null;
  #bytesOut = 0;
  #stopped = false;
  #reader: TailReader<Place> | null = null;
  #following: Following | null = null;
  #leaves = false;
  #isPulling = false;
  /** Woken while it was pulling: there may be more. */
  #pullsAgain = false;
  #afterWrite: (() => void) | null = null;
  // One closure each for the life of the connection, not one per write.
  readonly #onWritten = (count: number) => this.#advance(count);
  readonly #onError = (error: unknown) => this.#fail(error);

  constructor(conn: TcpConn, source: PumpSource<Place>) {
    this.#conn = conn;
    this.#source = source;
  }

  /** Bytes the socket has taken. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** A write is under way. */
  get isBusy(): boolean {
    return this.#view !== null || (this.#following?.isBehind ?? false);
  }

  /**
   * Calls `fn` once the socket has no use any more for what the source gave until now; at once, if no write is under way.
   * What another thread sends by itself is its own affair.
   */
  afterWrite(fn: () => void): void {
    if (this.#view === null) return fn();
    const before = this.#afterWrite;
    this.#afterWrite = before === null ? fn : () => {
      before();
      fn();
    };
  }

  /** There may be something to send. */
  wake(): void {
    if (this.#following !== null) this.#checkFollowing(this.#following);
    else if (this.#view === null && !this.#stopped) this.#pull();
  }

  onProgress(bytes: number, place: Place | null): void {
    this.#bytesOut += bytes;
    if (place !== null) this.#reader?.moveTo(place);
  }

  onStopped(): void {
    this.#following = this.#reader = null;
    this.#leaves = false;
    if (!this.#stopped) this.#pull();
  }

  onFailed(error: Error): void {
    this.#following = this.#reader = null;
    this.#fail(error);
  }

  /** Sends nothing more; a write under way ends with the connection. */
  stop(): void {
    this.#stopped = true;
  }

  #pull(): void {
    this.#pullsAgain = true;
    // Asked for bytes, a source may decide to end, and wake the pump for its last words.
    if (this.#isPulling) return;
    this.#isPulling = true;
    try {
      for (let leftBytes = MOST_AT_ONCE_BYTES; this.#pullsAgain && this.#view === null && !this.#stopped;) {
        this.#pullsAgain = false;
        const view = this.#source.next();
        if (view === null) continue;
        const count = leftBytes > 0 ? this.#conn.writeNow(view) : 0;
        this.#bytesOut += count;
        leftBytes -= count;
        if (count < view.length) this.#write(count === 0 ? view : view.subarray(count));
        else this.#pullsAgain = true;
      }
    } finally {
      // A source that fails must not keep its own last words back.
      this.#isPulling = false;
    }
    if (this.#view === null && !this.#stopped && !this.#follow()) this.#source.onDrained?.();
  }

  /** Leaves what comes to the thread that has the socket. */
  #follow(): boolean {
    const reader = this.#conn.canFollow ? this.#source.followed?.() ?? null : null;
    if (reader === null || !reader.isLive) return false;
    this.#following = this.#conn.follow(reader.tail, this);
    if (this.#following !== null) this.#reader = reader;
    return this.#following !== null;
  }

  /** Something else is to be sent, or nothing: that is for this thread to do. */
  #checkFollowing(following: Following): void {
    if (this.#leaves || this.#stopped || this.#source.followed?.() === this.#reader) return;
    this.#leaves = true;
    following.stop();
  }

  #write(view: Uint8Array): void {
    this.#view = view;
    this.#conn.write(view).then(this.#onWritten, this.#onError);
  }

  #advance(count: number): void {
    this.#bytesOut += count;
    const view = this.#view!;
    if (!this.#stopped && count < view.length) return this.#write(view.subarray(count));
    this.#endWrite();
    if (!this.#stopped) this.#pull();
  }

  #endWrite(): void {
    this.#view = null;
    const afterWrite = this.#afterWrite;
    this.#afterWrite = null;
    afterWrite?.();
  }

  #fail(error: unknown): void {
    this.#stopped = true;
    this.#endWrite();
    // The read loop of the connection sees the same end and reports it.
    if (!isConnectionEnd(error)) this.#source.onWriteError(error);
  }
}
