import { concatBytes } from "../../base/bytes.ts";
import type { Logger } from "../../base/log.ts";
import { FRAME_HEAD_BYTES, MAX_PAYLOAD_BYTES } from "../../http2/frame.ts";
import { H2Error, H2ErrorCode } from "../../http2/h2_error.ts";
import type { H2RequestHead } from "../../http2/request_fields.ts";
import { H2Session, type H2SessionSink } from "../../http2/session.ts";
import { MAX_STREAMS } from "../../http2/settings.ts";
import type { TcpConn } from "../../net/tcp_conn.ts";
import { WritePump } from "../../net/write_pump.ts";
import { addressKey } from "../../server/access/address_counter.ts";
import type { FieldReader } from "../../base/field_reader.ts";
import { ClientLife, type ClientLifeHost } from "../../server/client_life.ts";
import type { CloseReason } from "../../server/close_reason.ts";
import { randomId } from "../../server/identity.ts";
import type { HttpConnOptions } from "../conn.ts";
import type { ServedConn } from "../served_conn.ts";
import { Exchange } from "./exchange.ts";
import type { ExchangePlaces } from "./exchange_places.ts";

const READ_BYTES = 4096;
/** Without a request for so long, the connection ends. */
const IDLE_TIMEOUT_MS = 15_000;
/** Frames of so many bytes leave in one write. */
const BATCH_BYTES = 4 * (MAX_PAYLOAD_BYTES + FRAME_HEAD_BYTES);
/** A client that takes less at a time is waited for. */
const LEAST_PART_BYTES = 1024;

/** What {@link H2Conn} has besides what connections of HTTP/1 have. */
export interface H2ConnOptions extends HttpConnOptions {
  readonly places: ExchangePlaces;
}

/** One HTTP/2 connection: owner of its socket, and of the exchanges that are under way on it. */
export class H2Conn implements ServedConn, H2SessionSink, ClientLifeHost {
  readonly peerKey: string;
  readonly remoteIp: string;
  readonly #tcp: TcpConn;
  readonly #options: H2ConnOptions;
  readonly #session = new H2Session(this);
  readonly #pump: WritePump;
  readonly #life: ClientLife;
  readonly #log: Logger;
  /** In the order in which their turn comes to send. */
  readonly #exchanges = new Map<number, Exchange>();
  /** Requests that are worked on, those included whose clients do not want the answer any more. */
  #handled = 0;
  #bytesIn = 0;
  #waitingSinceMs: number;

  constructor(tcp: TcpConn, options: H2ConnOptions) {
    const { world, log } = options;
    this.#tcp = tcp;
    this.#options = options;
    this.remoteIp = tcp.remoteIp;
    this.peerKey = addressKey(tcp.remoteIp);
    this.#log = log.withCid(randomId(world, 8), this.peerKey);
    this.#pump = new WritePump(tcp, this);
    this.#waitingSinceMs = world.nowMs();
    this.#life = new ClientLife({ tcp, host: this, clock: world, log: this.#log, leavesByReset: true });
  }

  get liveCount(): number {
    return this.#exchanges.values().reduce((sum, { isLive }) => sum + (isLive ? 1 : 0), 0);
  }

  get isIdle(): boolean {
    return this.#exchanges.size === 0;
  }

  get isClosing(): boolean {
    return this.#life.isOver || this.#tcp.closed;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#pump.bytesOut;
  }

  get isSending(): boolean {
    return this.#pump.isBusy;
  }

  async run(): Promise<void> {
    try {
      this.#pump.wake();
      await this.#tcp.readLoop((view) => this.#onBytes(view), { bufferBytes: READ_BYTES });
      this.#life.settle(this.#tcp.end === "peerReset" ? "peerReset" : "peerClosed", "");
    } catch (error) {
      this.#life.settleError(error);
    } finally {
      this.#endAll(this.#life.reason ?? "peerClosed");
      this.#pump.stop();
      this.#tcp.close();
      if (this.#life.reason === "internalError") this.#life.logEnd();
    }
  }

  close(reason: CloseReason, detail: string): void {
    this.#endAll(reason);
    this.#life.close(reason, detail);
  }

  tick(nowMs: number): void {
    if (!this.#life.tick(nowMs)) return;
    this.#session.tick();
    for (const exchange of [...this.#exchanges.values()]) exchange.tick(nowMs);
    if (this.isIdle && nowMs - this.#waitingSinceMs > IDLE_TIMEOUT_MS) this.#finish("timeout", H2ErrorCode.NoError);
  }

  onRequest(streamId: number, head: H2RequestHead | null): boolean {
    if (this.#handled >= MAX_STREAMS || !this.#options.places.take(this.isIdle)) return false;
    const exchange = new Exchange(this.#hostOf(streamId), head ?? NO_HEAD, this.#options);
    this.#exchanges.set(streamId, exchange);
    if (head === null) exchange.refuse(431, "request headers too long");
    else {
      this.#handled++;
      exchange.handle().finally(() => this.#handled--);
    }
    return true;
  }

  onReset(streamId: number): void {
    this.#end(streamId, "peerClosed");
  }

  onWindow(): void {
    // Behind the frame that is being read.
    this.#pump.wake();
  }

  wake(): void {
    this.#pump.wake();
  }

  /** Each exchange has let go of what its client came for. */
  release(): void {}

  next(): Uint8Array | null {
    const output = this.#session.takeOutput();
    if (output !== null) return output;
    // Asked for data, an exchange may begin its answer.
    const data = this.#nextData();
    const before = this.#session.takeOutput();
    return before === null || data === null ? before ?? data : concatBytes(before, data);
  }

  onDrained(): void {
    this.#life.onDrained();
  }

  onWriteError(error: unknown): void {
    this.#life.fail(error);
  }

  #onBytes(view: Uint8Array): void {
    this.#bytesIn += view.length;
    if (this.#life.isOver) return;
    try {
      this.#session.receive(view);
    } catch (error) {
      if (!(error instanceof H2Error)) throw error;
      this.#log.info(`HTTP/2 of ${this.remoteIp} ended: ${error.message}`);
      return this.#finish("protocolError", error.code);
    }
    this.#pump.wake();
  }

  #finish(reason: CloseReason, code: number): void {
    this.#session.goAway(code);
    this.#endAll(reason);
    this.#life.finish(reason, "");
  }

  /** Frames of those whose turn it is; null when none has anything to send, or room for it. */
  #nextData(): Uint8Array | null {
    const bytes = new Uint8Array(this.#wantedBytes());
    let at = 0;
    for (let hasMore = bytes.length > 0; hasMore;) {
      hasMore = false;
      for (const [streamId, exchange] of [...this.#exchanges]) {
        const most = bytes.length - at - FRAME_HEAD_BYTES;
        const part = this.#partOf(streamId, exchange, Math.min(most, MAX_PAYLOAD_BYTES));
        if (part === null || most < part.length) continue;
        const isOver = exchange.take(part.length);
        at += this.#session.writeData(bytes, at, streamId, part, isOver);
        if (isOver) this.#end(streamId, "sourceEnded");
        else if (this.#exchanges.delete(streamId)) this.#exchanges.set(streamId, exchange);
        hasMore = true;
      }
    }
    return at === 0 ? null : bytes.subarray(0, at);
  }

  /** The next part of an answer; null while there is none, or no room for it. */
  #partOf(streamId: number, exchange: Exchange, mostBytes: number): Uint8Array | null {
    const view = exchange.peek();
    if (view === null) return exchange.isOver && mostBytes >= 0 ? new Uint8Array(0) : null;
    const count = Math.min(view.length, this.#session.room(streamId), mostBytes);
    return count < Math.min(view.length, LEAST_PART_BYTES) || count <= 0 ? null : view.subarray(0, count);
  }

  /** How many bytes the frames have that can leave now, about. */
  #wantedBytes(): number {
    let bytes = 0;
    for (const [streamId, exchange] of [...this.#exchanges]) {
      const part = this.#partOf(streamId, exchange, BATCH_BYTES);
      if (part !== null) {
        bytes += part.length + FRAME_HEAD_BYTES * Math.ceil(Math.max(1, part.length) / MAX_PAYLOAD_BYTES);
      }
      if (bytes >= BATCH_BYTES) return BATCH_BYTES;
    }
    return bytes;
  }

  #hostOf(streamId: number) {
    return {
      peerIp: this.remoteIp,
      peerKey: this.peerKey,
      isEncrypted: this.#tcp.isEncrypted,
      respond: (status: number, headers: FieldReader, isComplete: boolean) => {
        this.#session.respond(streamId, status, headers, isComplete);
        if (isComplete) this.#end(streamId, "sourceEnded");
        this.#pump.wake();
      },
      wake: () => this.#pump.wake(),
      reset: (code: number) => {
        this.#session.reset(streamId, code);
        this.#end(streamId, "peerClosed");
        this.#pump.wake();
      },
    };
  }

  #end(streamId: number, reason: CloseReason): void {
    const exchange = this.#exchanges.get(streamId);
    if (exchange === undefined) return;
    this.#exchanges.delete(streamId);
    this.#options.places.leave();
    if (this.isIdle) this.#waitingSinceMs = this.#options.world.nowMs();
    exchange.end(reason);
  }

  #endAll(reason: CloseReason): void {
    for (const streamId of [...this.#exchanges.keys()]) this.#end(streamId, reason);
  }
}

const NO_HEAD: H2RequestHead = { method: "GET", target: "/", host: "", headers: new Headers() };
