import type { FieldReader } from "../base/field_reader.ts";
import type { Timers } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { World } from "../base/world.ts";
import type { TcpConn } from "../net/tcp_conn.ts";
import { type PumpSource, WritePump } from "../net/write_pump.ts";
import { ClientLife, type ClientLifeHost } from "../server/client_life.ts";
import type { CloseReason } from "../server/close_reason.ts";
import type { LogPosition } from "../stream/log_block.ts";
import type { PlayCursor } from "../stream/play_cursor.ts";
import { addressKey } from "../server/access/address_counter.ts";
import { randomId } from "../server/identity.ts";
import { refusal } from "./envelope.ts";
import type { HeadFound } from "../http1/head_buffer.ts";
import { LiveAnswer, type LiveHost, type LiveViewer, type WholeAnswer } from "./live/live_answer.ts";
import { RequestHeadReader } from "../http1/request_head.ts";
import { RequestReader } from "./request_reader.ts";
import { ResponseWriter } from "./response_writer.ts";
import type { Router } from "./router.ts";
import type { ServedConn } from "./served_conn.ts";

/** What all connections of a listener share. */
export interface HttpConnOptions {
  readonly router: Router;
  readonly world: Timers & Pick<World, "randomBytes">;
  readonly log: Logger;
  /** Address of the client of a request, where the TCP peer may be a proxy; by default the peer is the client. */
  clientAddress?(peerIp: string, headers: FieldReader): string;
  /** A live stream has ended, for the viewer at least. */
  onLiveEnd?(reason: CloseReason): void;
}

const READ_BYTES = 4096;
/** From the last answer on, the next request must be here within this time, whatever trickles in. SRS: 15 s. */
const REQUEST_TIMEOUT_MS = 15_000;

/**
 * One HTTP/1 connection: owner of its socket, of the request it reads, and of the viewer that a request may become.
 *
 * Not `Deno.serve`: that copies each piece of an endless body into a buffer of each connection, where the kernel then
 * finds it cold. For 1000 viewers of 2.5 Mbit/s that takes 110 us of CPU a viewer and second, against 70 us for the
 * same bytes from the log. Here live streams take the way of RTMP players, and time-outs and bounds are ours.
 */
export class HttpConn implements ServedConn, PumpSource<LogPosition>, LiveHost, ClientLifeHost {
  readonly id: string;
  readonly log: Logger;
  readonly peerKey: string;
  readonly #tcp: TcpConn;
  readonly #options: HttpConnOptions;
  readonly #pump: WritePump<LogPosition>;
  readonly #writer: ResponseWriter;
  readonly #life: ClientLife;
  readonly #reader: RequestReader;
  readonly #heads = new RequestHeadReader();
  readonly #queued: Uint8Array[] = [];
  #remoteIp: string;
  #viewer: LiveViewer | null = null;
  /** Headers of whatever the viewer is answered with. */
  #commonHeaders = new Headers();
  #bytesIn = 0;
  #isAnswering = false;
  #isLive = false;
  /** When the wait for a request began. */
  #waitingSinceMs: number;

  constructor(tcp: TcpConn, options: HttpConnOptions) {
    const { world } = options;
    this.#tcp = tcp;
    this.#remoteIp = tcp.remoteIp;
    this.#options = options;
    this.id = randomId(world, 8);
    this.peerKey = addressKey(tcp.remoteIp);
    this.log = options.log.withCid(this.id, this.peerKey);
    this.#pump = new WritePump(tcp, this);
    this.#reader = new RequestReader(tcp, (count) => this.#bytesIn += count);
    this.#writer = new ResponseWriter(tcp, world);
    this.#waitingSinceMs = world.nowMs();
    // A reset is how a browser leaves while something is on its way to it.
    this.#life = new ClientLife({ tcp, host: this, clock: world, log: this.log, leavesByReset: true });
  }

  /** Of the client whose request was read last: behind a proxy, each may be another's. */
  get remoteIp(): string {
    return this.#remoteIp;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#pump.bytesOut + this.#writer.bytesOut;
  }

  get isSending(): boolean {
    return this.#pump.isBusy || this.#writer.isWriting;
  }

  get liveCount(): number {
    return this.#isLive ? 1 : 0;
  }

  get isIdle(): boolean {
    return !this.#isAnswering && !this.#isLive;
  }

  get isClosing(): boolean {
    return this.#life.isOver || this.#tcp.closed;
  }

  async run(): Promise<void> {
    try {
      while (await this.#serveRequest());
      await this.#reader.settled();
      if (!this.#tcp.closed) await this.#tcp.readLoop((view) => this.#onViewerInput(view), { bufferBytes: READ_BYTES });
      this.#life.settle(this.#tcp.end === "peerReset" ? "peerReset" : "peerClosed", "");
    } catch (error) {
      this.#life.settleError(error);
    } finally {
      this.release();
      this.#pump.stop();
      this.#tcp.close();
      const { reason } = this.#life;
      if (this.#isLive && reason !== null) this.#options.onLiveEnd?.(reason);
      if (this.#isLive || reason === "internalError") this.#life.logEnd();
    }
  }

  tick(nowMs: number): void {
    if (!this.#life.tick(nowMs)) return;
    if (this.isIdle) {
      if (nowMs - this.#waitingSinceMs > REQUEST_TIMEOUT_MS) this.close("timeout", "");
      return;
    }
    try {
      this.#viewer?.tick(nowMs);
    } catch (error) {
      this.#life.fail(error);
    }
  }

  head(status: number, headers: Headers): Uint8Array {
    for (const [name, value] of this.#commonHeaders) headers.set(name, value);
    return this.#writer.head(status, headers);
  }

  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#queued.push(bytes);
  }

  afterWrite(fn: () => void): void {
    this.#pump.afterWrite(fn);
  }

  set sendsSmallAtOnce(atOnce: boolean) {
    this.#tcp.noDelay = atOnce;
  }

  wake(): void {
    this.#pump.wake();
  }

  answer(response: Response, reason: CloseReason, detail: string): void {
    this.#life.settle(reason, detail);
    this.release();
    for (const [name, value] of this.#commonHeaders) response.headers.set(name, value);
    const writing = this.#writer.write(closing(response), true) ?? Promise.resolve();
    writing.then(() => this.#life.finishNow(), (error) => this.#life.fail(error));
  }

  finish(reason: CloseReason, detail: string): void {
    this.#life.finish(reason, detail);
  }

  close(reason: CloseReason, detail: string): void {
    this.#life.close(reason, detail);
  }

  release(): void {
    const viewer = this.#viewer;
    this.#viewer = null;
    try {
      viewer?.end();
    } catch (error) {
      this.log.error(`cleaning up after the viewer failed: ${String(error)}`);
    }
  }

  next(): Uint8Array | null {
    const queued = this.#queued.shift();
    if (queued !== undefined) return queued;
    try {
      return this.#viewer?.next() ?? null;
    } catch (error) {
      this.#life.fail(error);
      return null;
    }
  }

  followed(): PlayCursor | null {
    return this.#queued.length > 0 ? null : this.#viewer?.followed() ?? null;
  }

  onDrained(): void {
    this.#life.onDrained();
  }

  onWriteError(error: unknown): void {
    this.#life.fail(error);
  }

  /** Reads and answers one request. @returns Whether another one may follow. */
  async #serveRequest(): Promise<boolean> {
    const found = await this.#reader.next();
    if (found === null) return false;
    this.#isAnswering = true;
    const turn = this.#tcp.takeTurn();
    if (turn !== null) await turn;
    try {
      return await this.#answer(found);
    } finally {
      this.#tcp.endTurn();
    }
  }

  async #answer(found: NonNullable<HeadFound>): Promise<boolean> {
    const head = found instanceof Uint8Array ? this.#heads.read(found) : refusalOf(found);
    if ("status" in head) {
      await this.#writer.write(closing(refusal(head.status, head.message)), true);
      this.#life.finishNow();
      return false;
    }
    const { method, target, host, headers, minorVersion, keepsAlive } = head;
    const { clientAddress, router } = this.#options;
    this.#remoteIp = clientAddress?.(this.#tcp.remoteIp, headers) ?? this.#tcp.remoteIp;
    const scheme = this.#tcp.isEncrypted ? "https" as const : "http" as const;
    const onGone = (call: () => void) => this.#reader.onGone(call);
    const request = { method, scheme, host, target, headers, minorVersion, onGone };
    const given = router.handle(request, this.remoteIp);
    const answer = given instanceof Promise ? await given : given;
    if (answer instanceof LiveAnswer) {
      this.#openViewer(answer);
      return false;
    }
    if (!keepsAlive) closing(answer);
    else if (minorVersion === 0) answer.headers.set("connection", "keep-alive");
    const writing = this.#writer.write(answer, method !== "HEAD");
    if (writing !== null) await writing;
    if (!keepsAlive) this.#life.finishNow();
    this.#waitingSinceMs = this.#options.world.nowMs();
    this.#isAnswering = false;
    return keepsAlive && !this.#tcp.closed;
  }

  #openViewer(answer: LiveAnswer): void {
    this.#isLive = true;
    this.#tcp.isServed = true;
    this.#commonHeaders = answer.headers;
    this.#viewer = answer.open(this);
    // What it did at once, as ending itself, it may have done before it was known here.
    if (this.#life.isOver) return this.release();
    const rest = this.#reader.takeRest();
    if (rest.length > 0) this.#viewer.onInput(rest);
    this.#pump.wake();
  }

  #onViewerInput(view: Uint8Array): void {
    this.#bytesIn += view.length;
    this.#viewer?.onInput(view);
  }
}

function closing<A extends WholeAnswer>(response: A): A {
  response.headers.set("connection", "close");
  return response;
}

function refusalOf(found: "tooLong" | "noRequest"): { status: number; message: string } {
  return found === "tooLong"
    ? { status: 431, message: "request headers too long" }
    : { status: 400, message: "not an HTTP request" };
}
