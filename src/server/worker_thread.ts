import { decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import type { Feed } from "../net/feed.ts";
import { FeedRelay } from "../net/feed_relay.ts";
import { type MemoryBook, RemoteSocket } from "../net/remote_socket.ts";
import type { Socket } from "../net/tcp_conn.ts";
import { receiveMessage, ThreadLink, type ThreadPort } from "../net/thread_link.ts";
import { type RecordFields, ThreadRecord } from "../net/thread_records.ts";
import type { TlsKeys } from "../net/tls_keys.ts";
import type { ThreadAddress } from "../net/tls_listener.ts";

/** Who hears of a thread. */
export interface WorkerSink {
  onAccepted(listener: number, socket: Socket): void;
  /** A listener came to no TLS handshake with a client. */
  onHandshakeError(listener: number, remoteIp: string, reason: string): void;
  /** A listener does not work, or could not accept somebody. */
  onTrouble(text: string): void;
  /** The thread has ended; so have its clients' connections. */
  onDead(reason: string): void;
}

/** What is needed of a `Worker`. */
export type WorkerLike = ThreadPort & Pick<Worker, "onmessage" | "onerror" | "terminate">;

/** Shared memory that was not written from for so many ticks is let go of. */
const KEEP_MEMORY_TICKS = 3;
/** A thread that says nothing for so many ticks hangs. Not time: the whole process may have been stopped. */
const HANG_TICKS = 10;

/** A thread that accepts clients and sends to them, as this one tells it. */
export class WorkerThread implements MemoryBook {
  readonly #worker: WorkerLike;
  readonly #sink: WorkerSink;
  readonly #link: ThreadLink;
  readonly #sockets = new Map<number, RemoteSocket>();
  readonly #memory = new Map<SharedArrayBuffer, { readonly id: number; usedTick: number }>();
  #nextMemoryId = 1;
  /** Listeners that are about to close, and who waits for it. */
  readonly #closing = new Map<number, () => void>();
  readonly #feeds = new Map<Feed, FeedRelay>();
  #nextFeedId = 1;
  #tick = 0;
  #heardTick = 0;
  #isOver = false;

  constructor(worker: WorkerLike, sink: WorkerSink) {
    this.#worker = worker;
    this.#sink = sink;
    this.#link = new ThreadLink(worker);
    worker.onmessage = ({ data }) => receiveMessage(data, (record) => this.#onRecord(record));
    worker.onerror = (event) => {
      // Else it would end the process.
      event.preventDefault();
      this.#die(event.message);
    };
  }

  /** Connections of clients that it holds. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  listen(id: number, { host, port, keys }: ThreadAddress): void {
    this.#link.sendBytes(ThreadRecord.Listen, id, encodeUtf8(JSON.stringify({ host, port, keys })));
  }

  /** Shows new connections to a listener another certificate. */
  renew(id: number, keys: TlsKeys): void {
    this.#link.sendBytes(ThreadRecord.Renew, id, encodeUtf8(JSON.stringify(keys)));
  }

  /** Settles when the port is free, as far as this thread is concerned. */
  unlisten(id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing.set(id, resolve);
    this.#link.send(ThreadRecord.Unlisten, id);
    return promise;
  }

  idOf(memory: SharedArrayBuffer): number {
    const known = this.#memory.get(memory);
    if (known !== undefined) {
      known.usedTick = this.#tick;
      return known.id;
    }
    const id = this.#nextMemoryId++;
    this.#memory.set(memory, { id, usedTick: this.#tick });
    this.#link.share({ id, memory });
    return id;
  }

  /** Once a second: looks whether the thread lives, and lets go of memory. */
  tick(): void {
    if (++this.#tick - this.#heardTick > HANG_TICKS) return this.#die("it does not answer");
    this.#link.send(ThreadRecord.Ping, 0);
    for (const [feed, relay] of this.#feeds) {
      relay.trim();
      if (!relay.isUnused) continue;
      relay.close();
      this.#feeds.delete(feed);
    }
    for (const [memory, { id, usedTick }] of this.#memory) {
      if (this.#tick - usedTick <= KEEP_MEMORY_TICKS) continue;
      this.#memory.delete(memory);
      this.#link.send(ThreadRecord.Forget, id);
    }
  }

  /** Ends the thread, and all connections that it holds. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.close();
    this.#worker.terminate();
    for (const socket of this.#sockets.values()) {
      socket.fail(new Deno.errors.ConnectionReset("the thread that held the socket has ended"));
    }
    this.#sockets.clear();
    for (const id of this.#closing.keys()) this.#onUnlistened(id);
    for (const relay of this.#feeds.values()) relay.close();
    this.#feeds.clear();
    this.#memory.clear();
  }

  #onRecord(record: RecordFields): void {
    const { kind, id, x, payload } = record;
    this.#heardTick = this.#tick;
    if (this.#isOver) return;
    if (kind === ThreadRecord.Accepted) return this.#onAccepted(id, x, payload);
    if (kind === ThreadRecord.Unlistened) return this.#onUnlistened(id);
    if (kind === ThreadRecord.HandshakeFailed) {
      const [remoteIp = "", reason = ""] = decodeUtf8(payload).split("\n");
      return this.#sink.onHandshakeError(id, remoteIp, reason);
    }
    if (kind === ThreadRecord.ListenFailed || kind === ThreadRecord.AcceptFailed) {
      const [, reason = ""] = decodeUtf8(payload).split("\n");
      const isListen = kind === ThreadRecord.ListenFailed;
      const what = isListen ? "cannot listen" : `cannot accept connections (${x} times)`;
      return this.#sink.onTrouble(`${what}: ${reason}`);
    }
    // What is said of a socket that was let go of meanwhile concerns nobody.
    this.#sockets.get(id)?.onRecord(record);
  }

  #onUnlistened(id: number): void {
    this.#closing.get(id)?.();
    this.#closing.delete(id);
  }

  #relayOf(feed: Feed): FeedRelay {
    const known = this.#feeds.get(feed);
    if (known !== undefined) return known;
    const relay = new FeedRelay(this.#nextFeedId++, feed, { link: this.#link, memory: this });
    this.#feeds.set(feed, relay);
    return relay;
  }

  #onAccepted(id: number, listener: number, addresses: Uint8Array): void {
    const socket = new RemoteSocket(id, JSON.parse(decodeUtf8(addresses)), {
      link: this.#link,
      memory: this,
      relayOf: (feed) => this.#relayOf(feed),
      onClose: () => this.#sockets.delete(id),
    });
    this.#sockets.set(id, socket);
    this.#sink.onAccepted(listener, socket);
  }

  #die(reason: string): void {
    if (this.#isOver) return;
    this.stop();
    this.#sink.onDead(reason);
  }
}
