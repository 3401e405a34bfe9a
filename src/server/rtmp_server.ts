import type { TcpConn } from "../net/tcp_conn.ts";
import type { ServerContext } from "./context.ts";
import { RtmpConn } from "./rtmp_conn.ts";
import { RtmpListeners } from "./rtmp_listeners.ts";

const TICK_MS = 1000;

/** The RTMP listeners of a server and the connections that came through them. */
export class RtmpServer {
  /** Its sockets; a reload may change them. */
  readonly listeners: RtmpListeners;
  readonly #context: ServerContext;
  readonly #conns = new Set<RtmpConn>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #refused = 0;
  #onEmpty: (() => void) | null = null;

  constructor(context: ServerContext) {
    this.#context = context;
    this.listeners = new RtmpListeners({ log: context.log, onConn: (tcp) => this.#onConn(tcp) });
  }

  /** Connections of this moment. */
  get connectionCount(): number {
    return this.#conns.size;
  }

  /** Ports bound, in the order of `listen`; of use where a port was 0. */
  get ports(): number[] {
    return this.listeners.ports;
  }

  /**
   * Binds every address of `listen` and begins to serve.
   *
   * @throws {SrsError} `SocketListen` if one cannot be bound; none is left open then.
   */
  start(): void {
    this.listeners.open(this.#context.config.listen);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Accepts no more connections. */
  stopAccepting(): void {
    this.listeners.close();
  }

  /** Asks every client that can to go elsewhere. */
  drain(): void {
    for (const conn of this.#conns) conn.drain();
  }

  /** Settles when the last connection has left. */
  async drained(): Promise<void> {
    if (this.#conns.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onEmpty = resolve;
    await promise;
  }

  /** Ends everything at once. */
  async stop(): Promise<void> {
    this.listeners.close();
    clearInterval(this.#timer);
    for (const conn of this.#conns) conn.close("shutdown", "");
    await this.drained();
    await this.listeners.closed();
  }

  #onConn(tcp: TcpConn): void {
    if (this.#conns.size >= this.#context.config.maxConnections) {
      // SRS stops accepting for ever at this point (ossrs/srs#3797); here only this connection is lost.
      this.#refused++;
      this.#context.registry.totalErrors++;
      tcp.close();
      return;
    }
    const conn = new RtmpConn(tcp, this.#context);
    this.#conns.add(conn);
    conn.run().finally(() => {
      this.#conns.delete(conn);
      if (this.#conns.size === 0) this.#onEmpty?.();
    });
  }

  #tick(): void {
    const { timers, registry, log, config } = this.#context;
    const nowMs = timers.nowMs();
    for (const conn of this.#conns) conn.tick(nowMs);
    registry.sample(nowMs);
    if (this.#refused === 0) return;
    log.warn(`${this.#refused} connections refused: max_connections ${config.maxConnections} reached`);
    this.#refused = 0;
  }
}
