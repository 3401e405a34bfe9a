import { decodeUtf8 } from "../../base/bytes.ts";
import type { Following, FollowSink, LiveTail } from "../../base/live_tail.ts";
import type { TailToThread, ThreadFollowing } from "./tail_to_thread.ts";
import type { NetAddress, Socket } from "../../base/socket.ts";
import type { MemoryBook, ThreadLink } from "../protocol/thread_link.ts";
import { toError } from "../protocol/error_text.ts";
import { type RecordFields, ThreadRecord } from "../protocol/thread_records.ts";

/** Most bytes of a write that are not shared memory: they are copied twice. */
const MAX_COPY_BYTES = 64 * 1024;

/** What a worker tells of a connection that it has accepted. */
export interface AcceptedSocket {
  readonly remoteAddr: NetAddress;
  readonly localAddr: NetAddress;
  /** TLS is spoken on it. */
  readonly isEncrypted?: boolean;
  /** See {@link Socket.protocol}. */
  readonly protocol?: string;
  /** See {@link Socket.gather}. */
  readonly canGather?: boolean;
}

interface PendingRead {
  readonly buffer: Uint8Array;
  readonly result: PromiseWithResolvers<number | null>;
}

/**
 * A socket that a worker holds. Bytes in shared memory are not copied: the worker is told where they are.
 */
export class ThreadSocket implements Socket {
  readonly remoteAddr: NetAddress;
  readonly localAddr: NetAddress;
  readonly isEncrypted: boolean;
  readonly protocol: string;
  readonly gather?: (bytes: number) => void;
  readonly #id: number;
  readonly #link: ThreadLink;
  readonly #memory: MemoryBook;
  readonly #toThread: <Place>(tail: LiveTail<Place>) => TailToThread<Place>;
  readonly #onClose: () => void;
  /** The other thread has done so before it told of the socket. */
  #noDelay = true;
  #reading: PendingRead | null = null;
  #writing: PromiseWithResolvers<number> | null = null;
  #failure: Error | null = null;
  #following: ThreadFollowing | null = null;

  /** @param id The worker's number for it. @param onClose Called when this side closes it. */
  constructor(
    id: number,
    { remoteAddr, localAddr, isEncrypted = false, protocol = "", canGather = false }: AcceptedSocket,
    thread: {
      link: ThreadLink;
      memory: MemoryBook;
      toThread<Place>(tail: LiveTail<Place>): TailToThread<Place>;
      onClose(): void;
    },
  ) {
    this.#id = id;
    this.remoteAddr = remoteAddr;
    this.localAddr = localAddr;
    this.isEncrypted = isEncrypted;
    this.protocol = protocol;
    if (canGather) this.gather = (bytes) => this.#gather(bytes);
    this.#link = thread.link;
    this.#memory = thread.memory;
    this.#toThread = thread.toThread;
    this.#onClose = thread.onClose;
  }

  setNoDelay(on = true): void {
    if (on === this.#noDelay || this.#failure !== null) return;
    this.#noDelay = on;
    this.#link.send(ThreadRecord.NoDelay, this.#id, on ? 1 : 0);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const result = Promise.withResolvers<number | null>();
    this.#reading = { buffer, result };
    this.#link.send(ThreadRecord.Read, this.#id, buffer.length);
    return result.promise;
  }

  write(view: Uint8Array): Promise<number> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    const memory = this.#memory.idOf(view.buffer);
    if (memory === null) this.#link.sendBytes(ThreadRecord.WriteBytes, this.#id, view.subarray(0, MAX_COPY_BYTES));
    else this.#link.send(ThreadRecord.WriteShared, this.#id, memory, view.byteOffset, view.length);
    this.#writing = Promise.withResolvers<number>();
    return this.#writing.promise;
  }

  follow<Place>(tail: LiveTail<Place>, sink: FollowSink<Place>): Following {
    this.#following = this.#toThread(tail).follow(this.#id, sink);
    return this.#following;
  }

  closeWrite(): Promise<void> {
    if (this.#failure === null) this.#link.send(ThreadRecord.CloseWrite, this.#id);
    return Promise.resolve();
  }

  close(): void {
    if (this.#failure !== null) return;
    this.#link.send(ThreadRecord.Close, this.#id);
    this.fail(new Deno.errors.BadResource("the socket is closed"));
    this.#onClose();
  }

  /** Takes a record about this socket. */
  onRecord(record: RecordFields): void {
    const { kind, x, payload } = record;
    switch (kind) {
      case ThreadRecord.Progress:
      case ThreadRecord.Unfollowed: {
        const following = this.#following;
        // What it leads to may make it follow again.
        if (kind === ThreadRecord.Unfollowed) this.#following = null;
        return void following?.onRecord(record);
      }
      case ThreadRecord.Data:
        this.#reading?.buffer.set(payload);
        return this.#takeReading()?.resolve(payload.length);
      case ThreadRecord.End:
        return this.#takeReading()?.resolve(null);
      case ThreadRecord.ReadFailed:
        return this.#takeReading()?.reject(toError(decodeUtf8(payload)));
      case ThreadRecord.Written:
        return this.#takeWriting()?.resolve(x);
      case ThreadRecord.WriteFailed:
        return this.#failWriting(toError(decodeUtf8(payload)));
    }
  }

  /** The socket is gone: whatever is under way fails, and all that follows. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#takeReading()?.reject(error);
    this.#failWriting(error);
  }

  #gather(bytes: number): void {
    if (this.#failure === null) this.#link.send(ThreadRecord.Gather, this.#id, bytes);
  }

  #failWriting(error: Error): void {
    const following = this.#following;
    this.#following = null;
    following?.fail(error);
    this.#takeWriting()?.reject(error);
  }

  #takeReading(): PendingRead["result"] | undefined {
    const reading = this.#reading;
    this.#reading = null;
    return reading?.result;
  }

  #takeWriting(): PromiseWithResolvers<number> | undefined {
    const writing = this.#writing;
    this.#writing = null;
    return writing ?? undefined;
  }
}
