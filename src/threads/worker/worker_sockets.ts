import { systemTimers } from "../../base/clock.ts";
import { decodeUtf8, encodeUtf8 } from "../../base/bytes.ts";
import { AcceptLoop } from "../../net/accept_loop.ts";
import { denoPaths, FastPaths } from "../../net/fast/fast_paths.ts";
import { mapRegion } from "../../net/fast/region.ts";
import type { ListenerSocket, Socket, TlsKeys } from "../../base/socket.ts";
import { errorText } from "../protocol/error_text.ts";
import { ShutdownQueue } from "../../net/shutdown_queue.ts";
import { addressOf } from "../../net/socket_shutdown.ts";
import { listenWithOthers } from "../../net/tcp_listener.ts";
import { type ThreadAddress, TlsListener } from "../../net/tls/listener.ts";
import type { SharedMemory, ThreadLink } from "../protocol/thread_link.ts";
import { TailCopy, TailSender } from "./tail_sender.ts";
import { type RecordFields, ThreadRecord } from "../protocol/thread_records.ts";

/** A socket of this thread. */
interface Held {
  readonly id: number;
  readonly conn: Socket;
  buffer: Uint8Array<ArrayBuffer>;
  follower: TailSender | null;
  /** Writes of single messages under way. */
  pendingWrites: number;
}

/** A listening socket of this thread. */
interface Listening {
  readonly socket: ListenerSocket;
  readonly loop: AcceptLoop<Socket>;
}

/** Shared memory, and the view on it that was written last: most players of a stream get the same one. */
interface Mapped {
  readonly memory: ArrayBufferLike;
  view: Uint8Array;
}

/** Closed with a write pending: see `TcpConn`. */
const stuck = new ShutdownQueue({ minPauseMs: 100 });
/** What Deno may take to end such a write by itself. */
const CANCEL_GRACE_MS = 50;
const MAX_BALLAST_BYTES = 16 * 1024 * 1024;

/**
 * The sockets of a worker. It accepts, reads and writes as the first thread says, and does not know what the bytes mean.
 */
export class WorkerSockets {
  readonly #link: ThreadLink;
  readonly #listeners = new Map<number, Listening>();
  readonly #held = new Map<number, Held>();
  readonly #mapped = new Map<number, Mapped>();
  readonly #tails = new Map<number, TailCopy>();
  /**
   * Untouched memory, as much as shared memory was forgotten lately. The garbage collector does not count shared memory: a
   * thread that makes little other garbage would never free it.
   */
  readonly #ballast: ArrayBuffer[] = [];
  #ballastBytes = 0;
  /** Regions of the arena that nothing here looks at any more: after they were forgotten, and their last write ended. */
  readonly #collected = new FinalizationRegistry<number>((id) => this.#link.send(ThreadRecord.Forgotten, id));
  #paths: FastPaths | null = null;
  #nextId = 1;

  constructor(link: ThreadLink) {
    this.#link = link;
  }

  onShared({ id, memory }: SharedMemory): void {
    const isRegion = !(memory instanceof SharedArrayBuffer);
    const mapped = isRegion ? mapRegion(memory) : memory;
    if (isRegion) this.#collected.register(mapped, id);
    this.#mapped.set(id, { memory: mapped, view: new Uint8Array(mapped, 0, 0) });
  }

  onRecord(record: RecordFields): void {
    const { kind, id, x, y, z, payload } = record;
    switch (kind) {
      case ThreadRecord.Listen:
        return this.#listen(id, JSON.parse(decodeUtf8(payload)));
      case ThreadRecord.Unlisten:
        return this.#unlisten(id);
      case ThreadRecord.Renew:
        return this.#renew(id, JSON.parse(decodeUtf8(payload)));
      case ThreadRecord.Forget:
        return this.#forget(id);
      case ThreadRecord.TailPiece:
        return this.#tail(id).push(this.#view(x, y, z));
      case ThreadRecord.TailEnd:
        return void this.#tails.delete(id);
      case ThreadRecord.Ping:
        return this.#report();
    }
    const held = this.#held.get(id);
    if (held === undefined) return;
    switch (kind) {
      case ThreadRecord.Read:
        return void this.#read(held, x);
      case ThreadRecord.WriteShared:
        return this.#write(held, this.#view(x, y, z));
      case ThreadRecord.WriteBytes:
        // The message belongs to this thread: it stays as it is until it is written.
        return this.#write(held, payload);
      case ThreadRecord.CloseWrite:
        return void held.conn.closeWrite().catch(() => {});
      case ThreadRecord.Follow:
        held.follower = new TailSender(id, held.conn, this.#tail(x), this.#link);
        return;
      case ThreadRecord.Unfollow:
        held.follower?.stop();
        held.follower = null;
        return;
      case ThreadRecord.Gather:
        return held.conn.gather?.(x);
      case ThreadRecord.NoDelay:
        return setNoDelay(held.conn, x === 1);
      case ThreadRecord.Close:
        return this.#close(held);
    }
  }

  #listen(id: number, address: ThreadAddress): void {
    try {
      const socket = address.keys === undefined
        ? this.#pathsOf(address).over(listenWithOthers(address))
        : this.#listenTls(id, { ...address, keys: address.keys });
      const loop = new AcceptLoop<Socket>({
        accept: (): Promise<Socket> => socket.accept(),
        timers: systemTimers,
        onConn: (conn) => this.hold(conn, id),
        onAcceptError: (error, count) =>
          this.#link.sendBytes(ThreadRecord.AcceptFailed, id, encodeUtf8(errorText(error)), count),
      });
      this.#listeners.set(id, { socket, loop });
      // While an accept is under way the port is still in use.
      loop.run().then(() => this.#link.send(ThreadRecord.Unlistened, id));
    } catch (error) {
      this.#link.sendBytes(ThreadRecord.ListenFailed, id, encodeUtf8(errorText(error)));
    }
  }

  /** The same for all ports. */
  #pathsOf({ paths }: ThreadAddress): FastPaths {
    this.#paths ??= new FastPaths(paths ?? denoPaths);
    return this.#paths;
  }

  #listenTls(id: number, { host, port, keys, protocols = [] }: ThreadAddress & { keys: TlsKeys }): TlsListener {
    const onHandshakeError = (remoteIp: string, reason: string) =>
      this.#link.sendBytes(ThreadRecord.HandshakeFailed, id, encodeUtf8(`${remoteIp}\n${reason}`));
    return new TlsListener({ host, port, keys, protocols, isShared: true, onHandshakeError });
  }

  #unlisten(id: number): void {
    const listener = this.#listeners.get(id);
    if (listener === undefined) return this.#link.send(ThreadRecord.Unlistened, id);
    this.#listeners.delete(id);
    listener.loop.stop();
    listener.socket.close();
  }

  #renew(id: number, keys: TlsKeys): void {
    const socket = this.#listeners.get(id)?.socket;
    if (socket instanceof TlsListener) socket.renew(keys);
  }

  /** Takes a connection, and tells the first thread about it. */
  hold(conn: Socket, listener: number): void {
    const id = this.#nextId++;
    setNoDelay(conn, true);
    // The same numbers may come again.
    stuck.remove(addressOf(conn));
    this.#held.set(id, { id, conn, buffer: new Uint8Array(0), follower: null, pendingWrites: 0 });
    const { remoteAddr, localAddr, isEncrypted, protocol } = conn;
    const canGather = conn.gather !== undefined;
    const addresses = encodeUtf8(JSON.stringify({ remoteAddr, localAddr, isEncrypted, protocol, canGather }));
    this.#link.sendBytes(ThreadRecord.Accepted, id, addresses, listener);
  }

  async #read(held: Held, maxBytes: number): Promise<void> {
    if (held.buffer.length !== maxBytes) held.buffer = new Uint8Array(maxBytes);
    try {
      const count = await held.conn.read(held.buffer);
      if (count === null) this.#link.send(ThreadRecord.End, held.id);
      else this.#link.sendBytes(ThreadRecord.Data, held.id, held.buffer.subarray(0, count));
    } catch (error) {
      this.#link.sendBytes(ThreadRecord.ReadFailed, held.id, encodeUtf8(errorText(error)));
    }
  }

  #write(held: Held, view: Uint8Array): void {
    held.pendingWrites++;
    held.conn.write(view).then(
      (count) => {
        held.pendingWrites--;
        this.#link.send(ThreadRecord.Written, held.id, count);
      },
      (error) => {
        held.pendingWrites--;
        this.#link.sendBytes(ThreadRecord.WriteFailed, held.id, encodeUtf8(errorText(error)));
      },
    );
  }

  #view(id: number, offset: number, length: number): Uint8Array {
    const mapped = this.#mapped.get(id);
    if (mapped === undefined) throw new RangeError(`unknown shared memory ${id}`);
    const { view, memory } = mapped;
    if (view.byteOffset !== offset || view.length !== length) mapped.view = new Uint8Array(memory, offset, length);
    return mapped.view;
  }

  #forget(id: number): void {
    const memory = this.#mapped.get(id)?.memory;
    this.#mapped.delete(id);
    if (!(memory instanceof SharedArrayBuffer)) return;
    const bytes = memory.byteLength;
    this.#ballast.push(new ArrayBuffer(bytes));
    this.#ballastBytes += bytes;
    while (this.#ballastBytes > MAX_BALLAST_BYTES) this.#ballastBytes -= this.#ballast.shift()!.byteLength;
  }

  #tail(id: number): TailCopy {
    const tail = this.#tails.get(id) ?? new TailCopy();
    this.#tails.set(id, tail);
    return tail;
  }

  /** Tells how far everybody is. */
  #report(): void {
    this.#link.send(ThreadRecord.Pong, 0);
    for (const tail of this.#tails.values()) {
      for (const follower of tail.followers) follower.report();
      tail.trim();
    }
  }

  #close(held: Held): void {
    const isWriting = held.pendingWrites > 0 || held.follower?.isWriting === true;
    held.follower?.drop();
    this.#held.delete(held.id);
    try {
      held.conn.close();
    } catch {
      // It is closed.
    }
    if (isWriting) stuck.add(addressOf(held.conn), CANCEL_GRACE_MS);
  }
}

function setNoDelay(conn: Socket, on: boolean): void {
  try {
    conn.setNoDelay(on);
  } catch {
    // The peer is gone already: the next read or write will say so.
  }
}
