import type { FieldReader } from "../base/field_reader.ts";
import { onBeat, type TimerHandle } from "../base/clock.ts";
import { SrsError } from "../base/errors.ts";
import type { World } from "../base/world.ts";
import type { Logger } from "../base/log.ts";
import type { TcpConn } from "../net/tcp_conn.ts";
import { type ListenWorld, TcpListener } from "../net/tcp_listener.ts";
import { formatHost } from "../rtmp/url.ts";
import type { CloseReason } from "../server/close_reason.ts";
import { addressKey } from "../server/access/address_counter.ts";
import { HttpConn } from "./conn.ts";
import { H2Conn } from "./h2/conn.ts";
import { ExchangePlaces } from "./h2/exchange_places.ts";
import type { Router } from "./router.ts";
import type { ServedConn } from "./served_conn.ts";

/** Options of {@link HttpListener}. */
export interface HttpListenerOptions {
  /** What is served, for log lines and errors: `HTTP API`. */
  readonly name: string;
  readonly router: Router;
  /** Of the server; its ports may be others, as those that speak TLS. */
  readonly world: Pick<World, "nowMs" | "after" | "randomBytes">;
  /** Address of the client of a request, where the TCP peer may be a proxy; by default the peer is the client. */
  clientAddress?(peerIp: string, headers: FieldReader): string;
  readonly log: Logger;
  /** Most connections at a time. */
  maxConnections(): number;
  /** A live stream has ended, for a viewer at least. */
  onLiveEnd?(reason: CloseReason): void;
  /** Opens the socket. */
  readonly ports: ListenWorld;
}

const TICK_MS = 1000;

/** One HTTP port and the connections that came through it. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #conns = new Map<ServedConn, Promise<void>>();
  readonly #places = new ExchangePlaces(() => this.#options.maxConnections());
  #listener: TcpListener | null = null;
  #serving: Promise<void> = Promise.resolve();
  #timer: TimerHandle | null = null;
  #refused = 0;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
  }

  /** Port bound; null when it is not started. */
  get port(): number | null {
    return this.#listener?.port ?? null;
  }

  /** Viewers of live streams at this moment. */
  get liveCount(): number {
    let count = 0;
    for (const conn of this.#conns.keys()) count += conn.liveCount;
    return count;
  }

  /**
   * Binds the address and begins to serve.
   *
   * @param address An empty host means all IPv4 addresses.
   * @throws {SrsError} `SocketListen` if it cannot be bound.
   */
  start({ host, port }: { host: string; port: number }): void {
    if (this.#listener !== null) return;
    const { log, name, world, ports } = this.#options;
    const hostname = host === "" ? "0.0.0.0" : host;
    try {
      this.#listener = TcpListener.listen(ports, { host: hostname, port });
    } catch (error) {
      if (!(error instanceof SrsError)) throw error;
      const where = `cannot listen on ${formatHost(hostname)}:${port}`;
      const message = error.message.replace(where, `${where} for the ${name}`);
      throw new SrsError(error.codeName, message, { cause: error.cause });
    }
    this.#serving = this.#listener.serve((tcp) => this.#onConn(tcp), {
      onAcceptError: (error, count) =>
        log.error(`${name} cannot accept connections (${count} times): ${String(error)}`),
    });
    this.#timer = onBeat(world, TICK_MS, () => this.#tick());
    log.info(`${name} listens on ${formatHost(hostname)}:${this.port}`);
  }

  /** Accepts no more connections, and ends those without a request; viewers stay. */
  stopAccepting(): void {
    this.#listener?.close();
    for (const conn of this.#conns.keys()) if (conn.isIdle) conn.close("shutdown", "");
  }

  /** Ends the listener and every connection; may be called again, and started again. */
  async stop(): Promise<void> {
    this.#listener?.close();
    this.#listener = null;
    this.#timer?.cancel();
    for (const conn of this.#conns.keys()) conn.close("shutdown", "");
    await Promise.all([this.#serving, ...this.#conns.values()]);
  }

  #onConn(tcp: TcpConn): void {
    if (this.#conns.size >= this.#options.maxConnections() && !this.#makeRoom(addressKey(tcp.remoteIp))) {
      this.#refused++;
      return tcp.close();
    }
    const conn = tcp.protocol === "h2"
      ? new H2Conn(tcp, { ...this.#options, places: this.#places })
      : new HttpConn(tcp, this.#options);
    this.#conns.set(conn, conn.run().finally(() => this.#conns.delete(conn)));
  }

  /**
   * Connections without a request give way, the oldest first: whoever only holds them keeps nobody out. Then those whose
   * answers do not get on, of the address that has the most of them, unless that is the newcomer's own.
   */
  #makeRoom(newcomer: string): boolean {
    const open = [...this.#conns.keys()].filter((conn) => conn.liveCount === 0 && !conn.isClosing);
    const giving = open.find((conn) => conn.isIdle) ?? oldestOfMost(open, newcomer);
    giving?.close("timeout", "");
    return giving !== undefined;
  }

  #tick(): void {
    const { world, log, name } = this.#options;
    const nowMs = world.nowMs();
    for (const conn of this.#conns.keys()) conn.tick(nowMs);
    if (this.#refused === 0) return;
    log.warn(`${name}: ${this.#refused} connections refused: max_connections reached`);
    this.#refused = 0;
  }
}

/** The first connection of the peer with the most; none if even then the newcomer would have as many. */
function oldestOfMost(conns: readonly ServedConn[], newcomer: string): ServedConn | undefined {
  const counts = new Map<string, number>();
  for (const { peerKey } of conns) counts.set(peerKey, (counts.get(peerKey) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  if (most <= (counts.get(newcomer) ?? 0) + 1) return undefined;
  return conns.find(({ peerKey }) => counts.get(peerKey) === most);
}
