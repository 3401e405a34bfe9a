import type { WantedPaths } from "../fast/fast_paths.ts";
import type { RenewableListener, Socket, TlsKeys, TlsListenOptions } from "../../base/socket.ts";
import { Acceptor } from "../acceptor.ts";
import { acceptWithKeepAlive, acceptWithoutDelay } from "../listening_sockets.ts";
import { describeTlsError } from "./error.ts";
import { TlsSocket } from "./socket.ts";

/** Options of {@link TlsListener}. */
export interface TlsListenerOptions extends TlsListenOptions {
  /** Other threads listen on the port, too; see `listenWithOthers`. */
  readonly isShared?: boolean;
  /** Time for one handshake, from the TCP connection on. */
  readonly handshakeTimeoutMs?: number;
  /** Handshakes at a time. */
  readonly maxHandshakes?: number;
}

/** Where a thread is to listen with others, and with what certificate, if with TLS. */
export interface ThreadAddress {
  readonly host: string;
  readonly port: number;
  readonly keys?: TlsKeys;
  /** See {@link TlsListenOptions}. */
  readonly protocols?: readonly string[];
  /** Which ways to the kernel its connections take. */
  readonly paths?: WantedPaths;
}

/** Opens a listening socket that speaks TLS; throws what Deno throws. */
export type ListenTls = (options: TlsListenOptions) => RenewableListener;

/** A socket of this thread. */
export const listenTlsHere = (options: TlsListenerOptions): RenewableListener => new TlsListener(options);

const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_HANDSHAKES = 2048;
/** Those that mean it are done sooner: of too many, one that takes longer gives way, else the newest has to go. */
const USUAL_HANDSHAKE_MS = 1000;
/** How long a port may take to be free again, and how often that is looked at. */
const REOPEN_MS = 200;
const REOPEN_STEP_MS = 2;

/**
 * A listening socket that gives connections out once their TLS handshake is done: one that takes its time, or speaks
 * something else, holds up nobody.
 *
 * Deno ties key and certificate to the socket: {@link renew} opens it again, and whoever connects within those few
 * milliseconds is refused. Nor would a second socket beside the first help: who waits in the queue of the one that is
 * closed is cut off all the same.
 */
export class TlsListener implements RenewableListener {
  readonly addr: Deno.NetAddr;
  readonly #options: TlsListenerOptions;
  /** Handshakes under way, the oldest first, and how to end them. */
  readonly #handshakes = new Map<TlsSocket, { readonly startedMs: number; drop(reason: string): void }>();
  readonly #ready: Socket[] = [];
  readonly #acceptor = new Acceptor(() => this.#socket.accept());
  #socket: Deno.TlsListener;
  #keys: TlsKeys;
  #asked: PromiseWithResolvers<Socket> | null = null;
  #isAccepting = false;
  /** The socket is closed, to be opened again with other keys. */
  #isStale = false;
  #closed = false;

  /** Binds and listens. @throws As `Deno.listenTls`. */
  constructor(options: TlsListenerOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#socket = listen(options, options.port, options.keys);
    this.addr = this.#socket.addr;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The next connection that speaks TLS. Rejects when none can be accepted; it may be asked again then. */
  accept(): Promise<Socket> {
    if (this.#closed) return Promise.reject(closedError());
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    this.#asked = Promise.withResolvers();
    if (!this.#isAccepting) this.#acceptAll();
    return this.#asked.promise;
  }

  renew(keys: TlsKeys): void {
    if (this.#closed) return;
    this.#keys = keys;
    if (this.#isStale) return;
    this.#isStale = true;
    this.#socket.close();
  }

  /** Stops listening, and drops unfinished handshakes. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { drop } of this.#handshakes.values()) drop("");
    for (const socket of this.#ready.splice(0)) socket.close();
    if (!this.#isStale) this.#socket.close();
    // Who waits for the next connection is told once the socket is out of use: only then is its port free.
    if (!this.#isAccepting) this.#refuse(closedError());
  }

  /** Accepts until that fails: whoever asks for the next connection hears of it, and starts this again. */
  async #acceptAll(): Promise<void> {
    this.#isAccepting = true;
    try {
      while (!this.#closed) {
        if (this.#isStale) await this.#reopen();
        else await this.#acceptOne();
      }
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#isAccepting = false;
      if (this.#closed) this.#refuse(closedError());
    }
  }

  async #acceptOne(): Promise<void> {
    try {
      this.#shakeHands(await this.#acceptor.next());
    } catch (error) {
      // Closed by a renewal.
      if (!this.#isStale) throw error;
    }
  }

  async #reopen(): Promise<void> {
    const untilMs = performance.now() + REOPEN_MS;
    while (!this.#closed && this.#isStale) {
      try {
        this.#socket = listen(this.#options, this.addr.port, this.#keys);
        this.#isStale = false;
      } catch (error) {
        if (performance.now() > untilMs) throw error;
        await new Promise((resolve) => setTimeout(resolve, REOPEN_STEP_MS));
      }
    }
  }

  async #shakeHands(conn: Deno.TlsConn): Promise<void> {
    const { handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS, maxHandshakes = MAX_HANDSHAKES } = this.#options;
    const socket = new TlsSocket(conn);
    let dropped: string | null = null;
    const drop = (reason: string) => {
      dropped ??= reason;
      this.#handshakes.delete(socket);
      socket.abort();
    };
    const startedMs = performance.now();
    if (this.#handshakes.size >= maxHandshakes) {
      const [oldest] = this.#handshakes.values();
      const isSlow = oldest !== undefined && startedMs - oldest.startedMs > USUAL_HANDSHAKE_MS;
      (isSlow ? oldest.drop : drop)("too many TLS handshakes at once");
    }
    if (dropped === null) this.#handshakes.set(socket, { startedMs, drop });
    const timer = setTimeout(() => drop(`no TLS handshake within ${handshakeTimeoutMs} ms`), handshakeTimeoutMs);
    try {
      await socket.handshake();
    } catch (error) {
      drop(describeTlsError(error));
    }
    clearTimeout(timer);
    this.#handshakes.delete(socket);
    if (dropped === null) this.#give(socket);
    else if (!this.#closed) this.#options.onHandshakeError(socket.remoteAddr.hostname, dropped);
  }

  #refuse(error: unknown): void {
    this.#asked?.reject(error);
    this.#asked = null;
  }

  #give(socket: Socket): void {
    if (this.#closed) return socket.close();
    const asked = this.#asked;
    this.#asked = null;
    if (asked === null) this.#ready.push(socket);
    else asked.resolve(socket);
  }
}

function listen(
  { host, isShared, protocols = [] }: TlsListenerOptions,
  port: number,
  { cert, key }: TlsKeys,
): Deno.TlsListener {
  // By a variable: the types that Deno 2.4.2 has in a worker do not know of reusePort.
  const options = {
    hostname: host,
    port,
    cert,
    key,
    ...(isShared ? { reusePort: true } : {}),
    ...(protocols.length > 0 ? { alpnProtocols: [...protocols] } : {}),
  };
  const listener = Deno.listenTls(options);
  acceptWithoutDelay(listener.addr);
  acceptWithKeepAlive(listener.addr);
  return listener;
}

function closedError(): Error {
  return new Deno.errors.BadResource("Listener has been closed");
}
