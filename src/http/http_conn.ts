import type { Timers } from "../base/clock.ts";
import { concatBytes } from "../base/bytes.ts";
import type { Logger } from "../base/log.ts";
import { isConnectionEnd, type TcpConn } from "../net/tcp_conn.ts";
import { type PumpSource, WritePump } from "../net/write_pump.ts";
import type { CloseReason } from "../server/close_reason.ts";
import { randomId } from "../server/identity.ts";
import { refusal } from "./envelope.ts";
import { HeadBuffer, type HeadFound } from "./head_buffer.ts";
import { LiveAnswer, type LiveHost, type LiveViewer } from "./live_answer.ts";
import { parseRequestHead } from "./request_head.ts";
import { encodeResponseHead } from "./response_head.ts";
import type { Router } from "./router.ts";

/** What all connections of a listener share. */
export interface HttpConnOptions {
  readonly router: Router;
  readonly timers: Timers;
  readonly log: Logger;
}

const READ_BYTES = 4096;
/** From its first byte, a request must be here within this time, whatever trickles in. */
const HEAD_TIMEOUT_MS = 10_000;
/** Without a request the connection is closed. SRS: 15 s. */
const IDLE_TIMEOUT_MS = 15_000;
/** A write that makes no progress for this long: the client is gone or hopeless. SRS: 30 s. */
const SEND_TIMEOUT_MS = 30_000;
/** What a client may take to read the last words, and to go. */
const LINGER_MS = 1000;
const FINISH_TIMEOUT_MS = 2000;

/** Ends of viewers that nobody need look into. */
const normalEnds: ReadonlySet<CloseReason> = new Set(["peerClosed", "sourceEnded", "redirected", "kicked", "shutdown"]);

/**
 * One HTTP/1 connection: owner of its socket, of the request it reads, and of the viewer that a request may become.
 *
 * Deno's own server copies each piece of an endless body twice on its way to the socket, for every client: with 1000
 * viewers that is half as much again as all the rest. Here live streams take the same way as those of RTMP players.
 */
export class HttpConn implements PumpSource, LiveHost {
  readonly id = randomId(8);
  readonly log: Logger;
  readonly #tcp: TcpConn;
  readonly #options: HttpConnOptions;
  readonly #pump: WritePump;
  readonly #input = new HeadBuffer();
  readonly #queued: Uint8Array[] = [];
  #viewer: LiveViewer | null = null;
  /** Headers of whatever the viewer is answered with. */
  #commonHeaders = new Headers();
  #bytesIn = 0;
  #reason: CloseReason | null = null;
  #detail = "";
  #isAnswering = false;
  #isWriting = false;
  #isLive = false;
  /** Bytes of answers other than streams. */
  #answeredBytes = 0;
  /** When the wait for a request began, or its first byte came. */
  #waitingSinceMs: number;
  #finishingSinceMs = 0;
  #sentAtTick = 0;
  #stalledSinceMs = 0;

  constructor(tcp: TcpConn, options: HttpConnOptions) {
    this.#tcp = tcp;
    this.#options = options;
    this.log = options.log.withCid(this.id);
    this.#pump = new WritePump(tcp, this);
    this.#waitingSinceMs = options.timers.nowMs();
  }

  get remoteIp(): string {
    return this.#tcp.remoteIp;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#pump.bytesOut + this.#answeredBytes;
  }

  /** A live stream is what this connection is for. */
  get isLive(): boolean {
    return this.#isLive;
  }

  /** No request is being answered. */
  get isIdle(): boolean {
    return !this.#isAnswering && !this.#isLive;
  }

  /** Serves the client until it is gone. Never throws. */
  async run(): Promise<void> {
    try {
      while (await this.#serveRequest());
      if (!this.#tcp.closed) await this.#tcp.readLoop((view) => this.#onViewerInput(view), { bufferBytes: READ_BYTES });
      this.#settle(this.#tcp.end === "peerReset" ? "peerReset" : "peerClosed", "");
    } catch (error) {
      this.#settleError(error);
    } finally {
      this.#endViewer();
      this.#pump.stop();
      this.#tcp.close();
      if (this.#isLive || this.#reason === "internalError") this.#logEnd();
    }
  }

  /** Checks time-outs; called about once a second. */
  tick(nowMs: number): void {
    if (this.#finishingSinceMs > 0) {
      if (nowMs - this.#finishingSinceMs > FINISH_TIMEOUT_MS) this.#tcp.close();
      return;
    }
    if (this.isIdle) {
      const limitMs = this.#input.length > 0 ? HEAD_TIMEOUT_MS : IDLE_TIMEOUT_MS;
      if (nowMs - this.#waitingSinceMs > limitMs) this.close("timeout", `no whole request within ${limitMs} ms`);
      return;
    }
    this.#checkProgress(nowMs);
    try {
      this.#viewer?.tick(nowMs);
    } catch (error) {
      this.#fail(error);
    }
  }

  head(status: number, headers: Headers): Uint8Array {
    for (const [name, value] of this.#commonHeaders) headers.set(name, value);
    headers.set("date", this.#date);
    return encodeResponseHead(status, headers);
  }

  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#queued.push(bytes);
  }

  wake(): void {
    this.#pump.wake();
  }

  answer(response: Response, reason: CloseReason, detail: string): void {
    this.#settle(reason, detail);
    this.#endViewer();
    for (const [name, value] of this.#commonHeaders) response.headers.set(name, value);
    this.#writeResponse(closing(response), true).then(() => this.#finishNow(), (error) => this.#fail(error));
  }

  finish(reason: CloseReason, detail: string): void {
    this.#settle(reason, detail);
    this.#endViewer();
    if (this.#finishingSinceMs === 0) this.#finishingSinceMs = this.#options.timers.nowMs();
    this.#pump.wake();
  }

  close(reason: CloseReason, detail: string): void {
    this.#settle(reason, detail);
    this.#endViewer();
    this.#tcp.close();
  }

  next(): Uint8Array | null {
    const queued = this.#queued.shift();
    if (queued !== undefined) return queued;
    try {
      return this.#viewer?.next() ?? null;
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  onDrained(): void {
    // Asking the viewer may have put an end to it, and last words on their way.
    if (this.#finishingSinceMs > 0 && !this.#pump.isBusy) this.#tcp.finish(LINGER_MS);
  }

  onWriteError(error: unknown): void {
    this.#fail(error);
  }

  get #date(): string {
    return new Date(this.#options.timers.nowMs()).toUTCString();
  }

  /** Reads and answers one request. @returns Whether another one may follow. */
  async #serveRequest(): Promise<boolean> {
    const found = await this.#readHead();
    if (found === null) return false;
    this.#isAnswering = true;
    const head = found instanceof Uint8Array ? parseRequestHead(found) : refusalOf(found);
    if ("status" in head) {
      await this.#writeResponse(closing(refusal(head.status, head.message)), true);
      this.#finishNow();
      return false;
    }
    const { method, target, host, headers, minorVersion, keepsAlive } = head;
    const request = { method, url: `http://${host}${target}`, headers, minorVersion };
    const answer = await this.#options.router.handle(request, this.remoteIp);
    if (answer instanceof LiveAnswer) {
      this.#openViewer(answer);
      return false;
    }
    if (!keepsAlive) closing(answer);
    else if (minorVersion === 0) answer.headers.set("connection", "keep-alive");
    await this.#writeResponse(answer, method !== "HEAD");
    if (!keepsAlive) this.#finishNow();
    this.#waitingSinceMs = this.#options.timers.nowMs();
    this.#isAnswering = false;
    return keepsAlive && !this.#tcp.closed;
  }

  async #readHead(): Promise<HeadFound> {
    const buffer = new Uint8Array(READ_BYTES);
    for (let found = this.#input.take();; found = this.#input.take()) {
      if (found !== null) return found;
      const isFirst = this.#input.length === 0;
      const count = await this.#tcp.read(buffer);
      if (count === null) return null;
      if (isFirst) this.#waitingSinceMs = this.#options.timers.nowMs();
      this.#bytesIn += count;
      this.#input.push(buffer.subarray(0, count));
    }
  }

  #openViewer(answer: LiveAnswer): void {
    this.#isLive = true;
    this.#commonHeaders = answer.headers;
    this.#viewer = answer.open(this);
    // What it did at once, as ending itself, it may have done before it was known here.
    if (this.#reason !== null) return this.#endViewer();
    const rest = this.#input.takeRest();
    if (rest.length > 0) this.#viewer.onInput(rest);
    this.#pump.wake();
  }

  #onViewerInput(view: Uint8Array): void {
    this.#bytesIn += view.length;
    this.#viewer?.onInput(view);
  }

  /** Sends a response; a body of unknown length is short and gathered first. */
  async #writeResponse(response: Response, withBody: boolean): Promise<void> {
    const { status, headers } = response;
    headers.set("date", this.#date);
    if (headers.has("content-length")) {
      await this.#write(encodeResponseHead(status, headers));
      if (!withBody) return await response.body?.cancel();
      for await (const piece of response.body ?? []) await this.#write(piece);
      return;
    }
    const body = new Uint8Array(await response.arrayBuffer());
    if (status !== 204 && status !== 304) headers.set("content-length", String(body.length));
    await this.#write(concatBytes(encodeResponseHead(status, headers), withBody ? body : body.subarray(0, 0)));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#isWriting = true;
    for (let at = 0; at < bytes.length;) {
      const count = await this.#tcp.write(bytes.subarray(at));
      this.#answeredBytes += count;
      at += count;
    }
    this.#isWriting = false;
  }

  /** Everything is written. */
  #finishNow(): void {
    this.#finishingSinceMs = this.#options.timers.nowMs();
    this.#tcp.finish(LINGER_MS);
  }

  #checkProgress(nowMs: number): void {
    const sent = this.bytesOut;
    if (!(this.#pump.isBusy || this.#isWriting) || sent !== this.#sentAtTick) this.#stalledSinceMs = nowMs;
    else if (nowMs - this.#stalledSinceMs > SEND_TIMEOUT_MS) {
      this.close("slowConsumer", `took no byte for ${SEND_TIMEOUT_MS} ms`);
    }
    this.#sentAtTick = sent;
  }

  #endViewer(): void {
    const viewer = this.#viewer;
    this.#viewer = null;
    try {
      viewer?.end();
    } catch (error) {
      this.log.error(`end of a viewer: ${String(error)}`);
    }
  }

  #settle(reason: CloseReason, detail: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.#detail = detail;
  }

  #fail(error: unknown): void {
    this.#settleError(error);
    this.#endViewer();
    this.#tcp.close();
  }

  #settleError(error: unknown): void {
    if (isConnectionEnd(error)) return this.#settle("peerReset", "");
    this.#settle("internalError", error instanceof Error ? error.stack ?? error.message : String(error));
  }

  #logEnd(): void {
    const text = `client ${this.remoteIp} left: ${this.#reason}${this.#detail === "" ? "" : `, ${this.#detail}`}` +
      ` (in ${this.#bytesIn} B, out ${this.bytesOut} B)`;
    if (this.#reason === "internalError") this.log.error(text);
    else if (this.#reason !== null && normalEnds.has(this.#reason)) this.log.info(text);
    else this.log.warn(text);
  }
}

function closing(response: Response): Response {
  response.headers.set("connection", "close");
  return response;
}

function refusalOf(found: "tooLong" | "noRequest"): { status: number; message: string } {
  return found === "tooLong"
    ? { status: 431, message: "the request is too long" }
    : { status: 400, message: "this is not an HTTP request" };
}
