import type { Following, FollowSink, LiveTail, TailPiece } from "../../base/live_tail.ts";
import type { MemoryBook, ThreadLink } from "../protocol/thread_link.ts";
import { type RecordFields, ThreadRecord } from "../protocol/thread_records.ts";

/** Announces a tail to a worker, piece by piece, for the connections there that follow it. */
export class TailToThread<Place> {
  readonly id: number;
  readonly #link: ThreadLink;
  readonly #memory: MemoryBook;
  readonly #followers = new Set<{ readonly sent: number }>();
  readonly #unsubscribe: () => void;
  /** The places where pieces end, as far back as a follower may still be. */
  readonly #ends: Place[] = [];
  /** Number of the piece that the first of {@link #ends} is the end of. */
  #firstEnd = 0;

  constructor(id: number, tail: LiveTail<Place>, thread: { link: ThreadLink; memory: MemoryBook }) {
    this.id = id;
    this.#link = thread.link;
    this.#memory = thread.memory;
    this.#unsubscribe = tail.subscribe((piece) => this.#onPiece(piece));
  }

  /** Nobody follows. */
  get isUnused(): boolean {
    return this.#followers.size === 0;
  }

  /** Lets a connection follow from here on. */
  follow(socketId: number, sink: FollowSink<Place>): ThreadFollowing {
    const stop = () => this.#link.send(ThreadRecord.Unfollow, socketId);
    const following = new Follower(sink, {
      at: this.#count,
      endOf: (sent) => this.#ends[sent - 1 - this.#firstEnd] ?? null,
      stop,
      leave: () => this.#followers.delete(following),
    });
    this.#followers.add(following);
    this.#link.send(ThreadRecord.Follow, socketId, this.id);
    return following;
  }

  /** Drops places that every follower has passed. */
  trim(): void {
    let least = this.#count;
    for (const { sent } of this.#followers) least = Math.min(least, sent);
    // The end of the piece before is where one stands that is sent the next.
    const passed = least - 1 - this.#firstEnd;
    if (passed <= 0) return;
    this.#ends.splice(0, passed);
    this.#firstEnd += passed;
  }

  /** Ends the tail in the other thread too. */
  close(): void {
    this.#unsubscribe();
    this.#link.send(ThreadRecord.TailEnd, this.id);
  }

  /** Pieces told of so far. */
  get #count(): number {
    return this.#firstEnd + this.#ends.length;
  }

  #onPiece({ memory, from, to, end }: TailPiece<Place>): void {
    const id = this.#memory.idOf(memory);
    if (id === null) throw new TypeError("a log in memory that no other thread can have");
    this.#link.send(ThreadRecord.TailPiece, this.id, id, from, to - from);
    this.#ends.push(end);
  }
}

/** One connection's place in a tail, as far as the other thread has told. */
export interface ThreadFollowing extends Following {
  /** The socket is gone. */
  fail(error: Error): void;
  /** @returns Whether it follows on. */
  onRecord(record: RecordFields): boolean;
}

class Follower<Place> implements ThreadFollowing {
  readonly #sink: FollowSink<Place>;
  readonly #tail: { endOf(sent: number): Place | null; stop(): void; leave(): void };
  /** Pieces of the tail before it. */
  sent: number;
  isBehind = false;

  constructor(
    sink: FollowSink<Place>,
    tail: { at: number; endOf(sent: number): Place | null; stop(): void; leave(): void },
  ) {
    this.#sink = sink;
    this.#tail = tail;
    this.sent = tail.at;
  }

  stop(): void {
    this.#tail.stop();
  }

  fail(error: Error): void {
    this.#tail.leave();
    this.#sink.onFailed(error);
  }

  onRecord({ kind, x, y, z }: RecordFields): boolean {
    this.sent = x;
    this.isBehind = z === 1;
    this.#sink.onProgress(y, this.#tail.endOf(x));
    if (kind !== ThreadRecord.Unfollowed) return true;
    this.#tail.leave();
    this.#sink.onStopped();
    return false;
  }
}
