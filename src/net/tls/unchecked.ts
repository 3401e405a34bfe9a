import { connect, type TLSSocket } from "node:tls";
import type { Socket } from "../../base/socket.ts";
import type { ConnectOptions } from "../tcp_conn.ts";
import { describeTlsError } from "./error.ts";

/**
 * A TLS connection to a server whose certificate is not looked at.
 *
 * By way of `node:tls`: Deno's own functions check every certificate. In Deno 2.4.2 that says a connection is there before
 * the TLS handshake, and a failure of it comes with the first read.
 */
export class UncheckedSocket implements Socket {
  readonly isEncrypted = true;
  readonly remoteAddr: Deno.NetAddr;
  readonly localAddr: Deno.NetAddr;
  readonly #socket: TLSSocket;
  #error: Error | null = null;
  #hasEnded = false;
  #closed = false;
  /** Ends the wait of a read. */
  #wake: () => void = () => {};

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    this.remoteAddr = addressOf(socket.remoteAddress, socket.remotePort);
    this.localAddr = addressOf(socket.localAddress, socket.localPort);
    const onEnd = () => {
      this.#hasEnded = true;
      this.#wake();
    };
    socket.on("readable", () => this.#wake());
    socket.on("end", onEnd);
    socket.on("close", onEnd);
    socket.on("error", (error) => {
      this.#error ??= error;
      this.#wake();
    });
  }

  /** Connects, without regard to who answers. @throws {Error} With the reason in words. */
  static connect({ host, port, timeoutMs, signal }: ConnectOptions): Promise<UncheckedSocket> {
    const { promise, resolve, reject } = Promise.withResolvers<UncheckedSocket>();
    if (signal?.aborted) return Promise.reject(new Error("cancelled"));
    const socket = connect({ host, port, rejectUnauthorized: false, ...(isIp(host) ? {} : { servername: host }) });
    const giveUp = (why: string) => {
      socket.destroy();
      reject(new Error(why));
    };
    const onAbort = () => giveUp("cancelled");
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(() => giveUp(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.once("secureConnect", () => resolve(new UncheckedSocket(socket)));
    socket.once("error", (error: Error) => giveUp(explain(error)));
    socket.once("close", () => giveUp("the server closed the connection during the TLS handshake"));
    return promise.finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    });
  }

  setNoDelay(on = true): void {
    this.#socket.setNoDelay(on);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (true) {
      // One call gives all there is or, asked for more than there is, nothing.
      const wanted = Math.min(buffer.length, this.#socket.readableLength);
      const piece: Uint8Array | null = wanted === 0 ? null : this.#socket.read(wanted);
      if (piece !== null) {
        buffer.set(piece);
        return piece.length;
      }
      if (this.#closed) throw new Deno.errors.Interrupted("closed");
      if (this.#error !== null) throw new Deno.errors.ConnectionReset(describeTlsError(this.#error));
      if (this.#hasEnded) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  write(view: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(view, (error) => {
        if (error === null || error === undefined) resolve(view.length);
        else reject(new Deno.errors.BrokenPipe(describeTlsError(error)));
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#socket.destroy();
    this.#wake();
  }
}

function addressOf(hostname = "", port = 0): Deno.NetAddr {
  return { transport: "tcp", hostname, port };
}

function isIp(host: string): boolean {
  return host.includes(":") || /^[\d.]+$/.test(host);
}

function explain(error: Error): string {
  if ("code" in error && error.code === "ECONNREFUSED") return "connection refused, nothing listens there";
  if ("code" in error && error.code === "ENOTFOUND") return "unknown host name";
  return describeTlsError(error);
}
