import { SrsError } from "../base/errors.ts";
import type { ListenerSocket, Socket } from "../base/socket.ts";
import type { Endpoint, World } from "../base/world.ts";
import { acceptWithKeepAlive } from "./listening_sockets.ts";
import { AcceptLoop, type AcceptLoopOptions } from "./accept_loop.ts";
import { type ConnWorld, TcpConn } from "./tcp_conn.ts";

/** Options of {@link TcpListener.serve}. */
export type AcceptOptions = Pick<AcceptLoopOptions<Socket>, "onAcceptError">;

/** Opens a listening socket; throws what Deno throws. */
export type ListenSocket = (endpoint: Endpoint) => ListenerSocket;

/** A socket of this thread. */
export const listenHere: ListenSocket = ({ host, port }) => withKeepAlive(Deno.listen({ hostname: host, port }));

/**
 * A socket on a port that other threads of this program listen on too: Linux shares the connections out. Deno ends the
 * program when it was started without `"unstable": ["net"]` in deno.json.
 */
export function listenWithOthers({ host, port }: Endpoint): Deno.TcpListener {
  // By a variable: the types that Deno 2.4.2 has in a worker do not know of reusePort.
  const options = { hostname: host, port, reusePort: true };
  return withKeepAlive(Deno.listen(options));
}

function withKeepAlive(listener: Deno.TcpListener): Deno.TcpListener {
  acceptWithKeepAlive(listener.addr);
  return listener;
}

/** What is needed of the world to listen. */
export type ListenWorld = ConnWorld & Pick<World, "listen">;

/**
 * Owner of one listening socket.
 *
 * Not settable in Deno: the backlog, 128 in Deno 2.4.2 and 512 in 2.9.6.
 */
export class TcpListener implements Disposable {
  readonly host: string;
  readonly port: number;
  readonly #socket: ListenerSocket;
  readonly #world: ConnWorld;
  #closed = false;
  #loop: AcceptLoop<Socket> | null = null;

  /** Takes ownership of `socket`. */
  constructor(socket: ListenerSocket, world: ConnWorld) {
    this.#socket = socket;
    this.#world = world;
    this.host = socket.addr.hostname;
    this.port = socket.addr.port;
  }

  /**
   * Binds and listens; connections wait in the backlog until {@link serve}.
   *
   * @throws {SrsError} `SocketListen`, with the address and the reason in words.
   */
  static listen(world: ListenWorld, options: Endpoint): TcpListener {
    const { host, port } = options;
    try {
      return new TcpListener(world.listen(options), world);
    } catch (error) {
      const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      throw new SrsError("SocketListen", `cannot listen on ${where}: ${explain(error)}`, { cause: error });
    }
  }

  /**
   * Accepts until `close()`.
   *
   * `onConn` owns the connection it gets and must not throw; the loop never waits for it.
   *
   * @returns Settles when the listener is closed.
   */
  async serve(onConn: (conn: TcpConn) => void, { onAcceptError }: AcceptOptions): Promise<void> {
    if (this.#closed) return;
    this.#loop = new AcceptLoop({
      accept: () => this.#socket.accept(),
      onConn: (conn) => onConn(new TcpConn(conn, this.#world)),
      onAcceptError,
      timers: this.#world,
    });
    await this.#loop.run();
  }

  /** Stops listening; accepted connections stay. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#loop?.stop();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the address is in use by another program";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "not permitted: ports below 1024 need root or CAP_NET_BIND_SERVICE";
  }
  if (error instanceof Deno.errors.NotCapable) return "no permission to listen on that address: start with --allow-net";
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("lookup")) return "unknown host name";
  return text.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
