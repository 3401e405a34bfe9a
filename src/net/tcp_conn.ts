import type { TimerHandle, Timers } from "../base/clock.ts";
import { UpstreamError } from "../base/errors.ts";
import type { Following, FollowSink, LiveTail } from "../base/live_tail.ts";
import type { Socket } from "../base/socket.ts";
import { TurnShare } from "../base/loop_turns.ts";
import type { Endpoint, World } from "../base/world.ts";
import { ShutdownQueue } from "./shutdown_queue.ts";
import { canonicalIp } from "./socket_shutdown.ts";

/**
 * How a connection ended: we closed it, the peer ended its sending, or the connection broke (reset by the peer, or
 * given up by the network).
 */
export type ConnEnd = "closedHere" | "peerClosed" | "peerReset";

/** Options of {@link TcpConn.connect}. */
export interface ConnectOptions {
  /** Host name or IP address, IPv6 without brackets. */
  host: string;
  port: number;
  /** For everything: name look-up and TCP handshake. */
  timeoutMs: number;
  /** Gives up early. Has no effect once connected. */
  signal?: AbortSignal;
}

/** What is needed of the world to hold a connection. */
export type ConnWorld = Timers & Pick<World, "turns">;

/** What is needed of the world to connect. */
export type ConnectWorld = ConnWorld & Pick<World, "connect">;

/** Options of {@link TcpConn.readLoop}. */
export interface ReadLoopOptions {
  /** Size of the first buffer; see {@link TcpConn.readBufferBytes}. */
  bufferBytes: number;
  /**
   * Called after each view, to send on what it brought. That may be much, however little the peer has sent: it does not
   * make its reads smaller. The next read waits for its promise.
   *
   * @param isFull There may be more that has come at the same time.
   */
  handOn?(isFull: boolean): void | Promise<void>;
}

/** A read is to bring no more work than this, as far as the two before it tell; it brings that much in any case. */
const READ_WORK_MS = 4;
const LEAST_READ_BYTES = 4096;

/** How long `close()` waits for Deno to cancel a pending write before it shuts the socket down itself. */
const CANCEL_GRACE_MS = 50;

/** Closed with a write pending. */
const stuck = new ShutdownQueue({ minPauseMs: 100 });

/**
 * Owner of one TCP connection: the only holder of its socket.
 *
 * Nagle's algorithm is off at first: see {@link noDelay}.
 *
 * What gives the file descriptor back, tried on Linux with Deno 2.4.2 and 2.9.6 (`tests/server/net_close_test.ts`):
 * `close()` cancels a pending read on both. A pending write to a peer that does not read is cancelled on 2.9.6 (Deno
 * since 2026-07); on 2.4.2 it keeps socket and bytes until the peer reads or leaves, and `closeWrite()` before or
 * after does not help, since it waits for that same write. There `close()` shuts the socket down with shutdown(2)
 * ({@link ShutdownQueue}), which makes the write fail. Both versions send FIN on close, then RST when input was
 * left unread: see {@link finish} for a last message that must arrive.
 */
export class TcpConn implements Disposable {
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly localIp: string;
  readonly localPort: number;
  /**
   * Size of the buffer that `readLoop` uses from its next read on. A read that is already waiting keeps its own, so
   * start small and grow for a publisher.
   */
  readBufferBytes = 4096;
  #conn: Socket;
  #end: ConnEnd | null = null;
  #closed = false;
  #finishing = false;
  #pendingWrites = 0;
  #noDelay = false;
  #timer: TimerHandle | null = null;
  readonly #world: ConnWorld;
  readonly #share = new TurnShare();

  /** Takes ownership of `conn`. */
  constructor(conn: Socket, world: ConnWorld) {
    this.#conn = conn;
    this.#world = world;
    this.remoteIp = canonicalIp(conn.remoteAddr.hostname);
    this.remotePort = conn.remoteAddr.port;
    this.localIp = canonicalIp(conn.localAddr.hostname);
    this.localPort = conn.localAddr.port;
    this.noDelay = true;
    // The same numbers may come again.
    stuck.remove(this);
  }

  /** Whether small segments leave at once, or wait until the peer has confirmed what was sent before. */
  get noDelay(): boolean {
    return this.#noDelay;
  }

  set noDelay(on: boolean) {
    if (on === this.#noDelay) return;
    this.#noDelay = on;
    try {
      this.#conn.setNoDelay(on);
    } catch {
      // The peer is gone already: the next read or write will say so.
    }
  }

  /**
   * Connects to a server.
   *
   * A connection that comes about after the time-out or the abort is closed at once.
   *
   * @throws {UpstreamError} `StConnect`, with the address and the reason in words.
   */
  static async connect(world: ConnectWorld, options: ConnectOptions): Promise<TcpConn> {
    const { host, port, timeoutMs, signal } = options;
    const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
    const giveUp = new AbortController();
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    const stop = (reason: string) => {
      reject(new UpstreamError("StConnect", `cannot connect to ${where}: ${reason}`));
      giveUp.abort();
    };
    const onAbort = () => stop("cancelled");
    if (signal?.aborted) onAbort();
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = world.after(timeoutMs, () => stop(`no answer within ${timeoutMs} ms`));
    const dialled = connect(world, { host, port }, giveUp.signal);
    try {
      return new TcpConn(await Promise.race([givenUp, dialled]), world);
    } catch (error) {
      dialled.then((late) => late.close(), () => {});
      if (error instanceof UpstreamError) throw error;
      throw new UpstreamError("StConnect", `cannot connect to ${where}: ${explain(error)}`, { cause: error });
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** It publishes or plays, or was dialled from here: its input goes before that of those who only knock. */
  set isServed(served: boolean) {
    this.#share.isServed = served;
  }

  /** Nobody on the way can read what is sent. */
  get isEncrypted(): boolean {
    return this.#conn.isEncrypted === true;
  }

  /** What both sides agreed upon to speak inside of TLS (ALPN); empty for nothing. */
  get protocol(): string {
    return this.#conn.protocol ?? "";
  }

  /**
   * Takes another socket in place of the one it has, as TLS does with a new connection; a `close()` meanwhile closes both.
   *
   * @param make Makes it of the one there was, which it takes over.
   */
  async replaceSocket<S extends Socket>(make: (socket: Socket) => Promise<S>): Promise<S> {
    const socket = await make(this.#conn);
    this.#conn = socket;
    if (this.#closed) socket.close();
    return socket;
  }

  /** Why there is nothing more to read; null while the connection lives. */
  get end(): ConnEnd | null {
    return this.#end;
  }

  /** True once `close()` was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Reads what has arrived, at least one byte.
   *
   * @returns Bytes put into `buffer`, or null at the end of the connection; {@link end} then tells which.
   */
  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#end !== null) return null;
    try {
      const count = await this.#conn.read(buffer);
      if (count === null) this.#end ??= "peerClosed";
      return count;
    } catch (error) {
      if (this.#closed) return null;
      if (!isBroken(error)) throw error;
      this.#end ??= "peerReset";
      return null;
    }
  }

  /**
   * Asks for a turn to work on what was read; {@link endTurn} ends it. {@link readLoop} does so by itself.
   *
   * @returns Null: now. Otherwise settles when it is this connection's turn; it may have been closed by then.
   */
  takeTurn(): Promise<void> | null {
    return this.#world.turns.enter(this.#share);
  }

  /** @returns How long that took, in milliseconds. */
  endTurn(): number {
    return this.#world.turns.leave(this.#share);
  }

  /**
   * Hands all input to `onBytes`, one view after the other, until the end of the connection.
   *
   * There is one buffer, reused: a view is valid until `onBytes` returns or its promise settles. The next read waits
   * for that promise, so a slow receiver slows the peer down. An error of `onBytes` ends the loop and is thrown; the
   * connection is left to the caller in every case.
   *
   * @param onBytes `isFull`: there may be more that has come at the same time.
   */
  async readLoop(
    onBytes: (view: Uint8Array, isFull: boolean) => void | Promise<void>,
    { bufferBytes, handOn }: ReadLoopOptions,
  ): Promise<ConnEnd> {
    this.readBufferBytes = bufferBytes;
    let buffer = new Uint8Array(0);
    // A peer whose few bytes make much work is read in small portions: others come in between.
    let most = Infinity;
    let lastMsPerByte = 0;
    while (true) {
      if (buffer.length !== this.readBufferBytes) buffer = new Uint8Array(this.readBufferBytes);
      const wanted = most < buffer.length ? buffer.subarray(0, most) : buffer;
      const count = await this.read(wanted);
      if (count === null) return this.#end ?? "peerClosed";
      const turn = this.takeTurn();
      if (turn !== null) await turn;
      const isFull = count === wanted.length;
      let done: void | Promise<void> = undefined;
      try {
        // After `finish` the peer's words are only drained.
        if (!this.#finishing && !this.#closed) done = onBytes(buffer.subarray(0, count), isFull);
        const msPerByte = this.#world.turns.workedMs(this.#share) / Math.max(count, LEAST_READ_BYTES);
        most = Math.max(LEAST_READ_BYTES, Math.floor(READ_WORK_MS / Math.min(msPerByte, lastMsPerByte)));
        lastMsPerByte = msPerByte;
        if (done === undefined && !this.#finishing && !this.#closed) done = handOn?.(isFull);
      } finally {
        this.endTurn();
      }
      if (done !== undefined) await done;
    }
  }

  /** Whether input can wait in the kernel, without a wake for each piece: {@link gather}. */
  get canGather(): boolean {
    return this.#conn.gather !== undefined;
  }

  /** See {@link Socket.gather}; where that cannot be, reads go on as they are. */
  gather(bytes: number): void {
    if (!this.#closed) this.#conn.gather?.(bytes);
  }

  /**
   * Writes the beginning of `view`.
   *
   * The socket takes what fits into its send buffer; the rest is the caller's. The bytes must stay unchanged until
   * the promise settles. A view on a `SharedArrayBuffer` works too (Deno 2.4.2 and 2.9.6).
   *
   * @returns How many bytes were taken, at least one.
   * @throws An error that {@link isConnectionEnd} knows, once the connection has ended.
   */
  async write(view: Uint8Array): Promise<number> {
    this.#pendingWrites++;
    try {
      return await this.#conn.write(view);
    } finally {
      this.#pendingWrites--;
      if (this.#closed && this.#pendingWrites === 0) stuck.remove(this);
    }
  }

  /**
   * As {@link write}, at once.
   *
   * @param isMore More follows at once: see {@link Socket.writeNow}.
   * @returns How many bytes were taken; 0 says nothing: ask {@link write}.
   */
  writeNow(view: Uint8Array, isMore = false): number {
    return this.#closed || this.#pendingWrites > 0 ? 0 : this.#conn.writeNow?.(view, isMore) ?? 0;
  }

  /** Another thread has the socket, and may be left a tail: {@link follow}. */
  get canFollow(): boolean {
    return this.#conn.follow !== undefined;
  }

  /**
   * Leaves a tail to the thread that has the socket, if that is another one: see {@link Socket.follow}.
   *
   * @returns Null where nobody else can send it.
   */
  follow<Place>(tail: LiveTail<Place>, sink: FollowSink<Place>): Following | null {
    return this.#conn.follow?.(tail, sink) ?? null;
  }

  /**
   * Closes so that what was written still arrives: ends the sending side, drops further input, and closes when the
   * peer has ended too, or after `lingerMs`.
   *
   * A plain `close()` with unread input makes the kernel send a reset, and some systems then throw away bytes their
   * program has not read yet: a refusal or a redirect would be lost. Input is dropped by the running `readLoop`, whose
   * caller closes at its end. A pending write still gets its turn.
   */
  finish(lingerMs: number): void {
    if (this.#closed || this.#finishing) return;
    this.#finishing = true;
    this.#conn.closeWrite().catch(() => {});
    this.#timer = this.#world.after(lingerMs, () => this.close());
  }

  /** Closes at once. Pending reads end, pending writes fail. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end ??= "closedHere";
    this.#timer?.cancel();
    try {
      this.#conn.close();
    } catch (error) {
      if (!isConnectionEnd(error)) throw error;
    }
    if (this.#pendingWrites > 0) stuck.add(this, CANCEL_GRACE_MS);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** True for an error that says no more than that the connection has ended, by either side. */
export function isConnectionEnd(error: unknown): boolean {
  return isBroken(error) || error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted;
}

function isBroken(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.NotConnected ||
    error instanceof Deno.errors.TimedOut ||
    error instanceof Deno.errors.UnexpectedEof ||
    (error instanceof Error && "code" in error && BROKEN_CODES.has(String(error.code)));
}

/** Failures of the path to the peer, for which Deno has no class in every version. */
const BROKEN_CODES = new Set(["EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "EHOSTDOWN", "ENETRESET"]);

/** A world may also throw at once (a port out of range): as a rejection it takes the same way as all others. */
async function connect(world: ConnectWorld, endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  if (endpoint.host === "") throw new TypeError("the host name is empty");
  return await world.connect(endpoint, signal);
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "connection refused, nothing listens there";
  if (error instanceof Deno.errors.NotCapable) {
    return "no permission to connect to that address: start with --allow-net";
  }
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("lookup")) return "unknown host name";
  return text.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
