import { ShutdownQueue } from "../shutdown_queue.ts";
import { addressOf } from "../socket_shutdown.ts";
import type { Socket } from "../../base/socket.ts";

/**
 * How long what was written before `close()` may take to leave. Deno sends it, and the word that the connection ends,
 * behind our back: to a peer that takes nothing, it does so for ever (2.4.2 and 2.9.6 alike).
 */
const LAST_BYTES_MS = 3000;

/** Every TLS socket that was closed waits here, though most are gone long before: no hurry. */
const closed = new ShutdownQueue({ minPauseMs: 1000 });

/**
 * A TLS connection, as a {@link TcpConn} wants its socket.
 *
 * Nagle's algorithm cannot be turned off on it in Deno: those we dial have it off from before TLS, those accepted from
 * their listening socket on, where that can be (`acceptWithoutDelay`). What is not whole TLS records any more counts as a broken connection.
 */
export class TlsSocket implements Socket {
  readonly isEncrypted = true;
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
  readonly #conn: Deno.TlsConn;
  #protocol = "";
  #closed = false;

  /** Takes ownership of `conn`, whose handshake may still be under way. */
  constructor(conn: Deno.TlsConn) {
    this.#conn = conn;
    this.remoteAddr = conn.remoteAddr;
    this.localAddr = conn.localAddr;
    // The same numbers may come again.
    closed.remove(addressOf(conn));
  }

  /** Once the handshake is done. */
  get protocol(): string {
    return this.#protocol;
  }

  /** @throws What `describeTlsError` puts into words. */
  async handshake(): Promise<void> {
    const { alpnProtocol } = await this.#conn.handshake();
    this.#protocol = alpnProtocol ?? "";
  }

  setNoDelay(): void {}

  async read(buffer: Uint8Array): Promise<number | null> {
    try {
      return await this.#conn.read(buffer);
    } catch (error) {
      // Most programs end a connection without TLS's own word for it. RTMP and HTTP know by themselves what is complete.
      if (error instanceof Deno.errors.UnexpectedEof) return null;
      throw asBroken(error);
    }
  }

  async write(view: Uint8Array): Promise<number> {
    try {
      return await this.#conn.write(view);
    } catch (error) {
      throw asBroken(error);
    }
  }

  /** Sends what is left and says that nothing more comes; the peer may go on. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Closes once what was written has left, or could not for some time. May be called again. */
  close(): void {
    this.#close(LAST_BYTES_MS);
  }

  /** Closes without a word: there is nothing to be said to the other side. */
  abort(): void {
    this.#close(0);
  }

  #close(lastBytesMs: number): void {
    if (this.#closed) return;
    this.#closed = true;
    closed.add(addressOf(this.#conn), lastBytesMs);
    this.#conn.close();
  }
}

/** Records that cannot be read, and alerts, are the peer's fault like a reset. */
function asBroken(error: unknown): unknown {
  if (!(error instanceof Deno.errors.InvalidData)) return error;
  return new Deno.errors.ConnectionReset(error.message, { cause: error });
}
