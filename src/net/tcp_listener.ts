import { SrsError } from "../base/errors.ts";
import { type Socket, TcpConn } from "./tcp_conn.ts";

/** Options of {@link TcpListener.listen}. */
export interface TcpListenOptions {
  /** Address to bind, `0.0.0.0` or `::` for all. */
  host: string;
  /** 0 takes a free one; see {@link TcpListener.port}. */
  port: number;
}

/** Options of {@link TcpListener.serve}. */
export interface ServeOptions {
  /**
   * Told when connections could not be accepted, at most once a second.
   *
   * @param error The latest failure, such as too many open files.
   * @param count Failures since the last call.
   */
  onAcceptError(error: unknown, count: number): void;
}

/** What is needed of a `Deno.TcpListener`. */
export interface ListenerSocket {
  readonly addr: Deno.NetAddr;
  accept(): Promise<Socket>;
  close(): void;
}

/** Opens a listening socket; throws what Deno throws. */
export type ListenSocket = (options: TcpListenOptions) => ListenerSocket;

/** A socket of this thread. */
export const listenHere: ListenSocket = ({ host, port }) => Deno.listen({ hostname: host, port });

/**
 * A socket on a port that other threads of this program listen on too: Linux shares the connections out. Deno ends the
 * program when it was started without `"unstable": ["net"]` in deno.json.
 */
export function listenWithOthers({ host, port }: TcpListenOptions): Deno.TcpListener {
  // By a variable: the types that Deno 2.4.2 has in a worker do not know of reusePort.
  const options = { hostname: host, port, reusePort: true };
  return Deno.listen(options);
}

const BACK_OFF_MS = 50;
const REPORT_MS = 1000;

/**
 * Owner of one listening socket.
 *
 * Not settable in Deno: the backlog, 128 in Deno 2.4.2 and 512 in 2.9.6.
 */
export class TcpListener implements Disposable {
  readonly host: string;
  readonly port: number;
  readonly #socket: ListenerSocket;
  #closed = false;
  #wake: (() => void) | null = null;

  /** Takes ownership of `socket`. */
  constructor(socket: ListenerSocket) {
    this.#socket = socket;
    this.host = socket.addr.hostname;
    this.port = socket.addr.port;
  }

  /**
   * Binds and listens; connections wait in the backlog until {@link serve}.
   *
   * @throws {SrsError} `SocketListen`, with the address and the reason in words.
   */
  static listen(options: TcpListenOptions, listen: ListenSocket = listenHere): TcpListener {
    const { host, port } = options;
    try {
      return new TcpListener(listen(options));
    } catch (error) {
      const where = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      throw new SrsError("SocketListen", `cannot listen on ${where}: ${explain(error)}`, { cause: error });
    }
  }

  /**
   * Accepts until `close()`.
   *
   * `onConn` owns the connection it gets and must not throw; the loop never waits for it. A failed accept (too many
   * open files and the like) is tried again after a short pause: the peers wait in the backlog meanwhile.
   *
   * @returns Settles when the listener is closed.
   */
  async serve(onConn: (conn: TcpConn) => void, options: ServeOptions): Promise<void> {
    let failures = 0;
    let reportedAtMs = -Infinity;
    while (!this.#closed) {
      let conn: Socket;
      try {
        conn = await this.#socket.accept();
      } catch (error) {
        if (this.#closed) return;
        failures++;
        if (performance.now() - reportedAtMs >= REPORT_MS) {
          options.onAcceptError(error, failures);
          reportedAtMs = performance.now();
          failures = 0;
        }
        await this.#pause();
        continue;
      }
      onConn(new TcpConn(conn));
    }
  }

  /** Stops listening; accepted connections stay. May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wake?.();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Waits for the back-off time or the close. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, BACK_OFF_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "the address is in use by another program";
  if (error instanceof Deno.errors.AddrNotAvailable) return "this machine has no such address";
  if (error instanceof Deno.errors.PermissionDenied) return "not permitted, ports below 1024 need privileges";
  if (error instanceof Deno.errors.NotCapable) return "this program was started without permission for that address";
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes("lookup")) return "the host name is unknown";
  return text.replace(/ \(os error \d+\)$/, "").toLowerCase();
}
