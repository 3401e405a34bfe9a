import { errorText } from "../net/remote_socket.ts";
import { encodeUtf8 } from "../base/bytes.ts";
import type { Socket } from "../net/socket.ts";
import type { ThreadLink } from "../net/thread_link.ts";
import { ThreadRecord } from "../net/thread_records.ts";

/** What is to be sent to all who follow a feed, in pieces, from the oldest that one of them still needs. */
export class HeldFeed {
  readonly followers = new Set<FeedFollower>();
  #stretches: Uint8Array[] = [];
  #first = 0;

  /** Stretches that came so far. */
  get count(): number {
    return this.#first + this.#stretches.length;
  }

  /** A stretch by its number. */
  at(number: number): Uint8Array | undefined {
    return this.#stretches[number - this.#first];
  }

  push(stretch: Uint8Array): void {
    this.#stretches.push(stretch);
    for (const follower of this.followers) follower.wake();
  }

  /** Lets go of what everybody has been sent. */
  trim(): void {
    let least = this.count;
    for (const { needed } of this.followers) least = Math.min(least, needed);
    if (least === this.#first) return;
    this.#stretches = this.#stretches.slice(least - this.#first);
    this.#first = least;
  }
}

/** One connection that is sent a feed, from the stretch on that comes next. */
export class FeedFollower {
  readonly #id: number;
  readonly #conn: Pick<Socket, "write">;
  readonly #feed: HeldFeed;
  readonly #link: ThreadLink;
  /** Stretches that are sent completely. */
  sent: number;
  /** The rest of the one that is being sent. */
  #rest: Uint8Array | null = null;
  #bytes = 0;
  #stops = false;
  readonly #onWritten = (count: number) => this.#advance(count);
  readonly #onError = (error: unknown) => this.#fail(error);

  constructor(id: number, conn: Pick<Socket, "write">, feed: HeldFeed, link: ThreadLink) {
    this.#id = id;
    this.#conn = conn;
    this.#feed = feed;
    this.#link = link;
    this.sent = feed.count;
    feed.followers.add(this);
  }

  /** The first stretch that it has yet to begin with, if it goes on. */
  get needed(): number {
    return this.#stops ? Infinity : this.sent;
  }

  /** There is more in the feed. */
  wake(): void {
    if (this.#rest === null) this.#next();
  }

  /** Ends behind the stretch that is being sent. */
  stop(): void {
    this.#stops = true;
    if (this.#rest === null) this.#end();
  }

  /** The connection is closed. */
  drop(): void {
    this.#feed.followers.delete(this);
  }

  /** Tells what was sent since the last time. */
  report(kind: number = ThreadRecord.Progress): void {
    this.#link.send(kind, this.#id, this.sent, this.#bytes, this.sent < this.#feed.count ? 1 : 0);
    this.#bytes = 0;
  }

  #next(): void {
    if (this.#stops) return this.#end();
    const stretch = this.#feed.at(this.sent);
    if (stretch !== undefined) this.#write(stretch);
  }

  #write(view: Uint8Array): void {
    this.#rest = view;
    this.#conn.write(view).then(this.#onWritten, this.#onError);
  }

  #advance(count: number): void {
    this.#bytes += count;
    const rest = this.#rest!;
    if (!this.#feed.followers.has(this)) return;
    if (count < rest.length) return this.#write(rest.subarray(count));
    this.#rest = null;
    this.sent++;
    this.#next();
  }

  #end(): void {
    this.drop();
    this.report(ThreadRecord.Unfollowed);
  }

  #fail(error: unknown): void {
    if (!this.#feed.followers.has(this)) return;
    this.drop();
    this.#link.sendBytes(ThreadRecord.WriteFailed, this.#id, encodeUtf8(errorText(error)));
  }
}
