import { onBeat, type TimerHandle } from "../../base/clock.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import type { ServerContext } from "../context.ts";
import { RtmpConn } from "./conn.ts";
import { RtmpListeners } from "./listeners.ts";
import { SecureListeners } from "./secure_listeners.ts";

const TICK_MS = 1000;

/** The RTMP listeners of a server and the connections that came through them. */
export class RtmpServer {
  /** Its sockets; a reload may change them. */
  readonly listeners: RtmpListeners;
  /** Those with TLS. */
  readonly secure: SecureListeners;
  readonly #context: ServerContext;
  readonly #conns = new Set<RtmpConn>();
  #timer: TimerHandle | null = null;
  #isListening = false;
  #onEmpty: (() => void) | null = null;

  constructor(context: ServerContext) {
    this.#context = context;
    const { log, world } = context;
    const onConn = (tcp: TcpConn) => this.#onConn(tcp);
    this.listeners = new RtmpListeners({ name: "RTMP", log, world, onConn, addresses: (config) => config.listen });
    this.secure = new SecureListeners({ log, world, onConn });
  }

  /** Connections of this moment. */
  get connectionCount(): number {
    return this.#conns.size;
  }

  /** Its ports are open. */
  get isListening(): boolean {
    return this.#isListening;
  }

  /** Ports bound, in the order of `listen`; of use where a port was 0. */
  get ports(): number[] {
    return this.listeners.ports;
  }

  /**
   * Binds every address of `listen` and `rtmps` and begins to serve.
   *
   * @throws {SrsError} `SocketListen` if one cannot be bound; none is left open then.
   */
  start(): void {
    const { config } = this.#context;
    this.listeners.open(config);
    try {
      this.secure.open(config);
    } catch (error) {
      this.listeners.close();
      throw error;
    }
    this.#isListening = true;
    this.#timer = onBeat(this.#context.timers, TICK_MS, () => this.#tick());
  }

  /**
   * Asks every client that can to go elsewhere, and takes none but those that coworkers need to take over: edges, which
   * are sent there, and the relays of the coworkers.
   */
  drain(): void {
    const { config, drain } = this.#context;
    drain.begin();
    if (!config.vhosts.some((vhost) => drain.hasCoworkers(vhost))) {
      this.#close();
    }
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
    this.#close();
    this.#timer?.cancel();
    for (const conn of this.#conns) conn.close("shutdown", "");
    await this.drained();
    await Promise.all([this.listeners.closed(), this.secure.closed()]);
  }

  #close(): void {
    this.#isListening = false;
    this.listeners.close();
    this.secure.close();
  }

  #onConn(tcp: TcpConn): void {
    const { limits, registry } = this.#context;
    const place = limits.enter(tcp.remoteIp);
    if (typeof place === "string") {
      registry.totalErrors++;
      return tcp.close();
    }
    const conn = new RtmpConn(tcp, this.#context);
    this.#conns.add(conn);
    conn.run().finally(() => {
      this.#conns.delete(conn);
      place[Symbol.dispose]();
      if (this.#conns.size === 0) this.#onEmpty?.();
    });
  }

  #tick(): void {
    const { timers, registry, limits } = this.#context;
    const nowMs = timers.nowMs();
    for (const conn of this.#conns) conn.tick(nowMs);
    registry.sample(nowMs);
    limits.tick();
  }
}
