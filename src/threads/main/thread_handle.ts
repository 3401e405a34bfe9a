import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import type { LiveTail } from "../../base/live_tail.ts";
import { lend } from "../../base/log_memory.ts";
import { TailToThread } from "./tail_to_thread.ts";
import { ThreadSocket } from "./thread_socket.ts";
import { addressOf, type SocketAddress } from "../../net/socket_shutdown.ts";
import type { Socket, TlsKeys } from "../../base/socket.ts";
import { regionOf } from "../../net/fast/region.ts";
import { type MemoryBook, receiveMessage, ThreadLink, type ThreadPort } from "../protocol/thread_link.ts";
import { type RecordFields, ThreadRecord } from "../protocol/thread_records.ts";
import type { ThreadAddress } from "../../net/tls/listener.ts";

/** Hears what happens in a worker. */
export interface WorkerSink {
  onAccepted(listener: number, socket: Socket): void;
  /** A client did not get through TLS. */
  onHandshakeError(listener: number, remoteIp: string, reason: string): void;
  /** A port could not be opened, or connections could not be accepted. */
  onTrouble(text: string): void;
  /**
   * The thread is given up, and its clients' connections with it.
   *
   * @param held Connections that it still holds, because it hangs; null if it has ended.
   */
  onDead(reason: string, held: readonly SocketAddress[] | null): void;
}

/** What is needed of a `Worker`. */
export type WorkerLike = ThreadPort & Pick<Worker, "onmessage" | "onerror" | "terminate">;

/** Shared memory that nothing was sent from for this many ticks is forgotten. */
const KEEP_MEMORY_TICKS = 3;
/** A worker that sends nothing for this many ticks hangs. Ticks, not time: the process may have been suspended. */
const HANG_TICKS = 10;
/** Further ticks that a new worker may take before it is first heard: a busy machine loads it slowly. */
const START_TICKS = 50;

/** A worker as the first thread sees it: its sockets, tails and shared memory, and whether it lives. */
export class ThreadHandle implements MemoryBook {
  readonly #worker: WorkerLike;
  readonly #sink: WorkerSink;
  readonly #link: ThreadLink;
  readonly #sockets = new Map<number, ThreadSocket>();
  readonly #memory = new Map<ArrayBufferLike, { readonly id: number; usedTick: number }>();
  /**
   * Regions that the worker was told to let go of, and has not yet: their memory must not be used for something else. Held
   * beyond the end of the worker, as long as this object is.
   */
  readonly #lent = new Map<number, ArrayBufferLike>();
  #nextMemoryId = 1;
  /** Listeners that are about to close, and who waits for it. */
  readonly #closing = new Map<number, () => void>();
  readonly #tails = new Map<LiveTail<unknown>, TailToThread<unknown>>();
  #nextTailId = 1;
  #tick = 0;
  #heardTick = START_TICKS;
  #isOver = false;

  constructor(worker: WorkerLike, sink: WorkerSink) {
    this.#worker = worker;
    this.#sink = sink;
    this.#link = new ThreadLink(worker);
    worker.onmessage = ({ data }) => receiveMessage(data, (record) => this.#onRecord(record));
    worker.onerror = (event) => {
      // Else it would end the process.
      event.preventDefault();
      this.#die(event.message, null);
    };
  }

  /** Connections of clients that it holds. */
  get socketCount(): number {
    return this.#sockets.size;
  }

  listen(id: number, { host, port, keys, protocols, paths }: ThreadAddress): void {
    this.#link.sendBytes(ThreadRecord.Listen, id, encodeUtf8(JSON.stringify({ host, port, keys, protocols, paths })));
  }

  /** Shows new connections to a listener another certificate. */
  renew(id: number, keys: TlsKeys): void {
    this.#link.sendBytes(ThreadRecord.Renew, id, encodeUtf8(JSON.stringify(keys)));
  }

  /** Closes a port in the worker. Settles when it is closed there, or the worker has died. */
  unlisten(id: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closing.set(id, resolve);
    this.#link.send(ThreadRecord.Unlisten, id);
    return promise;
  }

  idOf(memory: ArrayBufferLike): number | null {
    const known = this.#memory.get(memory);
    if (known !== undefined) {
      known.usedTick = this.#tick;
      return known.id;
    }
    const shareable = memory instanceof SharedArrayBuffer ? memory : regionOf(memory);
    if (shareable === undefined) return null;
    const id = this.#nextMemoryId++;
    this.#memory.set(memory, { id, usedTick: this.#tick });
    lend(memory);
    this.#link.share({ id, memory: shareable });
    // Whether the other thread hands out its pages is not known here.
    if (!(shareable instanceof SharedArrayBuffer)) shareable.wasSent = true;
    return id;
  }

  /** Once a second: pings the worker, and forgets unused tails and memory. */
  tick(): void {
    if (++this.#tick - this.#heardTick > HANG_TICKS) {
      return this.#die(`no answer to ${HANG_TICKS} pings`, [...this.#sockets.values()].map(addressOf));
    }
    this.#link.send(ThreadRecord.Ping, 0);
    for (const [tail, toThread] of this.#tails) {
      toThread.trim();
      if (!toThread.isUnused) continue;
      toThread.close();
      this.#tails.delete(tail);
    }
    for (const [memory, { id, usedTick }] of this.#memory) {
      if (this.#tick - usedTick <= KEEP_MEMORY_TICKS) continue;
      this.#memory.delete(memory);
      if (!(memory instanceof SharedArrayBuffer)) this.#lent.set(id, memory);
      this.#link.send(ThreadRecord.Forget, id);
    }
  }

  /** Ends the worker and all connections that it holds. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#link.close();
    this.#worker.terminate();
    for (const socket of this.#sockets.values()) {
      socket.fail(new Deno.errors.ConnectionReset("the thread that held the connection died"));
    }
    this.#sockets.clear();
    for (const id of this.#closing.keys()) this.#onUnlistened(id);
    for (const toThread of this.#tails.values()) toThread.close();
    this.#tails.clear();
  }

  #onRecord(record: RecordFields): void {
    const { kind, id, x, payload } = record;
    this.#heardTick = this.#tick;
    if (this.#isOver) return;
    if (kind === ThreadRecord.Forgotten) return void this.#lent.delete(id);
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
    // Records about a socket that was closed here meanwhile are ignored.
    this.#sockets.get(id)?.onRecord(record);
  }

  #onUnlistened(id: number): void {
    this.#closing.get(id)?.();
    this.#closing.delete(id);
  }

  #toThread<Place>(tail: LiveTail<Place>): TailToThread<Place> {
    // Each is kept by the tail it was made of, whose places are its own.
    const known = this.#tails.get(tail) as TailToThread<Place> | undefined;
    if (known !== undefined) return known;
    const toThread = new TailToThread(this.#nextTailId++, tail, { link: this.#link, memory: this });
    this.#tails.set(tail, toThread);
    return toThread;
  }

  #onAccepted(id: number, listener: number, addresses: Uint8Array): void {
    const socket = new ThreadSocket(id, JSON.parse(decodeUtf8(addresses)), {
      link: this.#link,
      memory: this,
      toThread: (tail) => this.#toThread(tail),
      onClose: () => this.#sockets.delete(id),
    });
    this.#sockets.set(id, socket);
    this.#sink.onAccepted(listener, socket);
  }

  #die(reason: string, held: readonly SocketAddress[] | null): void {
    if (this.#isOver) return;
    this.stop();
    this.#sink.onDead(reason, held);
  }
}
