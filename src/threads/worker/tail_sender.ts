import { errorText } from "../protocol/error_text.ts";
import { encodeUtf8 } from "../../base/bytes.ts";
import type { Socket } from "../../base/socket.ts";
import type { ThreadLink } from "../protocol/thread_link.ts";
import { ThreadRecord } from "../protocol/thread_records.ts";

/** The pieces of a tail, from the oldest that a follower still needs. */
export class TailCopy {
  readonly followers = new Set<TailSender>();
  #pieces: Uint8Array[] = [];
  #first = 0;

  /** Pieces received so far. */
  get count(): number {
    return this.#first + this.#pieces.length;
  }

  /** A piece by its number. */
  at(number: number): Uint8Array | undefined {
    return this.#pieces[number - this.#first];
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    for (const follower of this.followers) follower.wake();
  }

  /** Drops pieces that every follower was sent. */
  trim(): void {
    let least = this.count;
    for (const { needed } of this.followers) least = Math.min(least, needed);
    if (least === this.#first) return;
    this.#pieces = this.#pieces.slice(least - this.#first);
    this.#first = least;
  }
}

/** Sends a tail to one connection, starting with the next piece that arrives. */
export class TailSender {
  readonly #id: number;
  readonly #conn: Pick<Socket, "write" | "writeNow">;
  readonly #tail: TailCopy;
  readonly #link: ThreadLink;
  /** Pieces that are sent completely. */
  sent: number;
  /** The rest of the one that is being sent. */
  #rest: Uint8Array | null = null;
  #bytes = 0;
  #stops = false;
  readonly #onWritten = (count: number) => this.#advance(count);
  readonly #onError = (error: unknown) => this.#fail(error);

  constructor(id: number, conn: Pick<Socket, "write" | "writeNow">, tail: TailCopy, link: ThreadLink) {
    this.#id = id;
    this.#conn = conn;
    this.#tail = tail;
    this.#link = link;
    this.sent = tail.count;
    tail.followers.add(this);
  }

  /** The oldest piece that it still needs; none if it is to stop. */
  get needed(): number {
    return this.#stops ? Infinity : this.sent;
  }

  /** Something of it is on its way. */
  get isWriting(): boolean {
    return this.#rest !== null;
  }

  /** There is more in the tail. */
  wake(): void {
    if (this.#rest === null) this.#next();
  }

  /** Ends after the piece that is being sent. */
  stop(): void {
    this.#stops = true;
    if (this.#rest === null) this.#end();
  }

  /** The connection is closed. */
  drop(): void {
    this.#tail.followers.delete(this);
  }

  /** Tells the first thread what was sent since the last report. */
  report(kind: number = ThreadRecord.Progress): void {
    this.#link.send(kind, this.#id, this.sent, this.#bytes, this.sent < this.#tail.count ? 1 : 0);
    this.#bytes = 0;
  }

  #next(): void {
    while (true) {
      if (this.#stops) return this.#end();
      const piece = this.#tail.at(this.sent);
      if (piece === undefined) return;
      const count = this.#conn.writeNow?.(piece) ?? 0;
      this.#bytes += count;
      if (count < piece.length) return this.#write(count === 0 ? piece : piece.subarray(count));
      this.sent++;
    }
  }

  #write(view: Uint8Array): void {
    this.#rest = view;
    this.#conn.write(view).then(this.#onWritten, this.#onError);
  }

  #advance(count: number): void {
    this.#bytes += count;
    const rest = this.#rest!;
    if (!this.#tail.followers.has(this)) return;
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
    if (!this.#tail.followers.has(this)) return;
    this.drop();
    this.#link.sendBytes(ThreadRecord.WriteFailed, this.#id, encodeUtf8(errorText(error)));
  }
}
