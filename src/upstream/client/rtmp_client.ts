import { describeError, SrsError, UpstreamError } from "../../base/errors.ts";
import type { TimerHandle, Timers } from "../../base/clock.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import type { Network } from "../../net/network.ts";
import type { DialOptions } from "../../net/tls/dial.ts";
import { type PumpSource, WritePump } from "../../net/write_pump.ts";
import {
  type ClientEvent,
  type ClientSessionOptions,
  type ClientSink,
  RtmpClientSession,
} from "../../rtmp/client_session.ts";
import type { RtmpMessage } from "../../rtmp/message.ts";
import { formatHost } from "../../rtmp/url.ts";

/** Where to connect, and how long each step may take. */
export interface RtmpClientOptions extends Pick<DialOptions, "host" | "port" | "tls" | "mayTalkTo" | "signal"> {
  /** Name look-up and TCP. */
  connectTimeoutMs: number;
  /**
   * For the TLS handshake; then for each answer of RTMP, to the handshake, connect and createStream: a far server that
   * goes on gets more time than one that says nothing.
   */
  handshakeTimeoutMs: number;
  timers: Timers;
  network: Pick<Network, "dial" | "randomBytes">;
  session: Omit<ClientSessionOptions, "random" | "nowMs">;
}

/** Who uses a client hears of the server here. None is called after `close`. */
export interface RtmpClientHandlers {
  onMedia(message: RtmpMessage): void;
  onEvent(event: ClientEvent): void;
  /** The handshake is over, `connect` is sent. */
  onHandshake?(): void;
  /** What was read at once has been handed on. */
  onBurstEnd?(): void;
  /** All output has left. */
  onDrained?(): void;
  /** The connection is over, for a reason that can be shown to a user. Called once, unless `close` was. */
  onEnd(error: UpstreamError): void;
}

const READ_BYTES = 64 * 1024;
/** What a server answers before the session is ready, in this order. */
const steps = ["handshake", "connect", "createStream"] as const;
type Step = typeof steps[number];
/** A server that leaves so much unread is told nothing more about us. */
const MAX_UNREAD_BYTES = 64 * 1024;
/** How long a server may take to read what is left of a publish. */
const FINISH_TIMEOUT_MS = 5000;
/** How long a closing connection may take to deliver its last words. */
const FINISH_LINGER_MS = 500;

/**
 * An RTMP connection to a server, from dialling to the end: owner of the socket and of the client session.
 */
export class RtmpClient implements ClientSink, PumpSource, Disposable {
  readonly #options: RtmpClientOptions;
  readonly #handlers: RtmpClientHandlers;
  readonly #tcp: TcpConn;
  readonly #session: RtmpClientSession;
  readonly #pump: WritePump;
  #deadline: TimerHandle;
  /** What is to be answered next; null when the session is ready. */
  #step: Step | null = "handshake";
  #closed = false;
  #finishing = false;
  #bytesIn = 0;
  #takenBytes = 0;

  private constructor(tcp: TcpConn, options: RtmpClientOptions, handlers: RtmpClientHandlers) {
    const { timers, network, session } = options;
    this.#options = options;
    this.#handlers = handlers;
    this.#tcp = tcp;
    tcp.isServed = true;
    const random = (count: number) => network.randomBytes(count);
    this.#session = new RtmpClientSession(this, { ...session, random, nowMs: timers.nowMs() });
    this.#pump = new WritePump(tcp, this);
    this.#deadline = this.#expectAnswer("handshake");
  }

  /**
   * Dials and starts the dialogue; how it goes on comes through the handlers.
   *
   * @throws {UpstreamError} `StConnect` if there is no TCP connection, or no TLS.
   */
  static async connect(options: RtmpClientOptions, handlers: RtmpClientHandlers): Promise<RtmpClient> {
    const { connectTimeoutMs: timeoutMs, handshakeTimeoutMs: tlsTimeoutMs } = options;
    const tcp = await options.network.dial({ ...options, timeoutMs, tlsTimeoutMs });
    const client = new RtmpClient(tcp, options, handlers);
    client.#run();
    return client;
  }

  /** `host:port` as dialled. */
  get address(): string {
    return `${formatHost(this.#options.host)}:${this.#options.port}`;
  }

  /** Address that the host name led to. */
  get remoteIp(): string {
    return this.#tcp.remoteIp;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  /** Bytes that the socket has taken. */
  get bytesOut(): number {
    return this.#pump.bytesOut;
  }

  /** All bytes handed over for sending; what {@link bytesOut} lacks of them still waits. */
  get enqueuedBytes(): number {
    return this.#takenBytes + this.#session.outputBytes;
  }

  /** Sends one message of the stream being published, once `ready` came. */
  publish(typeId: number, timestampMs: number, payload: Uint8Array): void {
    if (this.#closed || this.#finishing) return;
    this.#session.publish(typeId, timestampMs, payload);
    this.#pump.wake();
  }

  /** Tells a server of our own kind how this one is, once it has answered `connect`. */
  announce(text: string): void {
    if (this.#closed || this.#finishing || this.#session.outputBytes > MAX_UNREAD_BYTES) return;
    this.#session.announce(text);
    this.#pump.wake();
  }

  /** Asks a server of our own kind for what it plays as it comes, once it has answered `connect`. */
  hasten(): void {
    if (this.#closed || this.#finishing) return;
    this.#session.hasten();
    this.#pump.wake();
  }

  /** Ends a publish so that the server frees the stream at once, then closes: within 5 s, whatever it has read. */
  unpublish(): void {
    if (this.#closed || this.#finishing) return;
    this.#session.unpublish();
    this.#finishing = true;
    this.#deadline.cancel();
    // Nobody may be left to watch it.
    this.#deadline = this.#options.timers.after(FINISH_TIMEOUT_MS, () => this.close());
    this.#pump.wake();
  }

  /** Closes at once; no handler is called any more. */
  close(): void {
    this.#closed = true;
    this.#deadline.cancel();
    this.#pump.stop();
    this.#tcp.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  next(): Uint8Array | null {
    const view = this.#session.takeOutput();
    this.#takenBytes += view?.length ?? 0;
    return view;
  }

  onDrained(): void {
    if (this.#finishing) this.#tcp.finish(FINISH_LINGER_MS);
    else this.#handlers.onDrained?.();
  }

  onWriteError(error: unknown): void {
    this.#end(new UpstreamError("StConnect", `${this.address}: ${describeError(error)}`, { cause: error }));
  }

  onMedia(message: RtmpMessage): void {
    if (!this.#closed) this.#handlers.onMedia(message);
  }

  onEvent(event: ClientEvent): void {
    if (event.kind === "connected") this.#goOn("createStream");
    else if (event.kind === "ready") this.#goOn(null);
    if (!this.#closed) this.#handlers.onEvent(event);
  }

  async #run(): Promise<void> {
    this.#pump.wake();
    try {
      const end = await this.#tcp.readLoop((view) => this.#onBytes(view), {
        bufferBytes: READ_BYTES,
        handOn: (isFull) => this.#handOn(isFull),
      });
      const how = end === "peerReset" ? "the connection was reset" : "the server closed the connection";
      this.#end(new UpstreamError("StConnect", `${this.address}: ${how}`));
    } catch (error) {
      const [code, text] = error instanceof SrsError
        ? [error.codeName, error.message] as const
        : ["RtmpNoRequest", describeError(error)] as const;
      this.#end(new UpstreamError(code, `${this.address}: ${text}`, { cause: error }));
    }
  }

  #onBytes(view: Uint8Array): void {
    this.#bytesIn += view.length;
    const wasDone = this.#session.isHandshakeDone;
    this.#session.receive(view);
    if (this.#closed) return;
    if (!wasDone && this.#session.isHandshakeDone) {
      this.#goOn("connect");
      this.#handlers.onHandshake?.();
    }
  }

  /** Where the buffer was full, the rest of the burst is there already, and players are to get it in one write. */
  #handOn(isFull: boolean): void {
    if (this.#closed) return;
    if (!isFull) this.#handlers.onBurstEnd?.();
    this.#pump.wake();
  }

  /** An answer has come: the wait for the next one starts over. Not a second time for the same one, nor for an earlier one. */
  #goOn(next: Step | null): void {
    const isNews = this.#step !== null && (next === null || steps.indexOf(next) > steps.indexOf(this.#step));
    if (!isNews || this.#closed || this.#finishing) return;
    this.#deadline.cancel();
    this.#step = next;
    if (next !== null) this.#deadline = this.#expectAnswer(next);
  }

  #expectAnswer(step: Step): TimerHandle {
    const { timers, handshakeTimeoutMs: limitMs } = this.#options;
    return timers.after(limitMs, () => {
      this.#end(new UpstreamError("SocketTimeout", `${this.address}: no answer to the ${step} within ${limitMs} ms`));
    });
  }

  #end(error: UpstreamError): void {
    if (this.#closed) return;
    const { onEnd } = this.#handlers;
    this.close();
    onEnd.call(this.#handlers, error);
  }
}
