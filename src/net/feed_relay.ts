import type { Feed, Following, FollowSink, Stretch } from "./feed.ts";
import type { MemoryBook } from "./remote_socket.ts";
import type { ThreadLink } from "./thread_link.ts";
import { type RecordFields, ThreadRecord } from "./thread_records.ts";

/** Tells another thread of a feed, stretch by stretch, for the connections there that follow it. */
export class FeedRelay {
  readonly id: number;
  readonly #link: ThreadLink;
  readonly #memory: MemoryBook;
  readonly #followers = new Set<RelayedFollowing>();
  readonly #unsubscribe: () => void;
  /** Places behind the stretches that somebody may still be told to stand at. */
  readonly #ends: object[] = [];
  /** Number of the stretch that the first of {@link #ends} is the end of. */
  #firstEnd = 0;

  constructor(id: number, feed: Feed, thread: { link: ThreadLink; memory: MemoryBook }) {
    this.id = id;
    this.#link = thread.link;
    this.#memory = thread.memory;
    this.#unsubscribe = feed.subscribe((stretch) => this.#onStretch(stretch));
  }

  /** Nobody follows. */
  get isUnused(): boolean {
    return this.#followers.size === 0;
  }

  /** Lets a connection follow from here on. */
  follow(socketId: number, sink: FollowSink): RelayedFollowing {
    const stop = () => this.#link.send(ThreadRecord.Unfollow, socketId);
    const following = new RelayedFollowing(sink, {
      at: this.#count,
      endOf: (sent) => this.#ends[sent - 1 - this.#firstEnd] ?? null,
      stop,
      leave: () => this.#followers.delete(following),
    });
    this.#followers.add(following);
    this.#link.send(ThreadRecord.Follow, socketId, this.id);
    return following;
  }

  /** Lets go of places that everybody has passed. */
  trim(): void {
    let least = this.#count;
    for (const { sent } of this.#followers) least = Math.min(least, sent);
    // The end of the stretch before is where one stands that is sent the next.
    const passed = least - 1 - this.#firstEnd;
    if (passed <= 0) return;
    this.#ends.splice(0, passed);
    this.#firstEnd += passed;
  }

  /** Ends the feed in the other thread too. */
  close(): void {
    this.#unsubscribe();
    this.#link.send(ThreadRecord.FeedEnd, this.id);
  }

  /** Stretches told of so far. */
  get #count(): number {
    return this.#firstEnd + this.#ends.length;
  }

  #onStretch({ memory, from, to, end }: Stretch): void {
    this.#link.send(ThreadRecord.FeedStretch, this.id, this.#memory.idOf(memory), from, to - from);
    this.#ends.push(end);
  }
}

/** One connection's place in a feed, as far as the other thread has told. */
export class RelayedFollowing implements Following {
  readonly #sink: FollowSink;
  readonly #relay: { endOf(sent: number): object | null; stop(): void; leave(): void };
  /** Stretches of the feed that lie behind it. */
  sent: number;
  isBehind = false;

  constructor(
    sink: FollowSink,
    relay: { at: number; endOf(sent: number): object | null; stop(): void; leave(): void },
  ) {
    this.#sink = sink;
    this.#relay = relay;
    this.sent = relay.at;
  }

  stop(): void {
    this.#relay.stop();
  }

  /** The socket is gone. */
  fail(error: Error): void {
    this.#relay.leave();
    this.#sink.onFailed(error);
  }

  /** @returns Whether it follows on. */
  onRecord({ kind, x, y, z }: RecordFields): boolean {
    this.sent = x;
    this.isBehind = z === 1;
    this.#sink.onProgress(y, this.#relay.endOf(x));
    if (kind !== ThreadRecord.Unfollowed) return true;
    this.#relay.leave();
    this.#sink.onStopped();
    return false;
  }
}
