import type { Logger } from "../../base/log.ts";
import { H2ErrorCode } from "../../http2/h2_error.ts";
import type { FieldReader } from "../../base/field_reader.ts";
import type { MessageFields } from "../../http1/message_fields.ts";
import type { H2RequestHead } from "../../http2/request_fields.ts";
import { ClientLife, type ClientLifeHost } from "../../server/client_life.ts";
import type { CloseReason } from "../../server/close_reason.ts";
import { randomId } from "../../server/identity.ts";
import type { HttpConnOptions } from "../conn.ts";
import { refusal } from "../envelope.ts";
import { httpDate } from "../http_date.ts";
import { LiveAnswer, type LiveHost, type LiveViewer, type WholeAnswer } from "../live/live_answer.ts";
import { AnswerBody } from "./answer_body.ts";

/** What an exchange takes of its connection. */
export interface ExchangeHost {
  readonly peerIp: string;
  readonly peerKey: string;
  readonly isEncrypted: boolean;
  /** Begins an answer; what follows is asked for by {@link Exchange.peek}. */
  respond(status: number, headers: FieldReader, isComplete: boolean): void;
  /** There may be something to send. */
  wake(): void;
  /** Breaks the answer off. @param code One of `H2ErrorCode`. */
  reset(code: number): void;
}

/** One request over HTTP/2 and its answer: what a connection is in HTTP/1. */
export class Exchange implements LiveHost, ClientLifeHost {
  readonly id: string;
  readonly log: Logger;
  readonly remoteIp: string;
  /** The bytes of requests are the connection's. */
  readonly bytesIn = 0;
  /** Frames are never small for long. */
  sendsSmallAtOnce = true;
  readonly #host: ExchangeHost;
  readonly #options: HttpConnOptions;
  readonly #head: H2RequestHead;
  readonly #life: ClientLife;
  readonly #onGone = new Set<() => void>();
  readonly #queued: Uint8Array[] = [];
  #bytesOut = 0;
  #body: AnswerBody | null = null;
  #viewer: LiveViewer | null = null;
  #commonHeaders = new Headers();
  #view: Uint8Array | null = null;
  /** To be called once {@link #view} is sent: its bytes may be used again then. */
  #afterView: (() => void)[] = [];
  #isLive = false;
  /** Nothing follows what is there. */
  #isLast = false;
  #isGone = false;

  constructor(host: ExchangeHost, head: H2RequestHead, options: HttpConnOptions) {
    const { world, log, clientAddress } = options;
    this.#host = host;
    this.#options = options;
    this.#head = head;
    this.remoteIp = clientAddress?.(host.peerIp, head.headers) ?? host.peerIp;
    this.id = randomId(world, 8);
    this.log = log.withCid(this.id, host.peerKey);
    const tcp = { close: () => this.#break(), finish: () => this.#finish() };
    this.#life = new ClientLife({ tcp, host: this, clock: world, log: this.log, leavesByReset: true });
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** There is something that the client has no room for. */
  get isSending(): boolean {
    return this.#view !== null || (this.#body?.peek() ?? null) !== null || this.#queued.length > 0;
  }

  /** Answers the request. Never throws. */
  async handle(): Promise<void> {
    const { method, target, host, headers } = this.#head;
    const onGone = (call: () => void): Disposable => {
      this.#onGone.add(call);
      return { [Symbol.dispose]: () => void this.#onGone.delete(call) };
    };
    const scheme = this.#host.isEncrypted ? "https" as const : "http" as const;
    const request = { method, scheme, host, target, headers, minorVersion: 1 as const, isFramed: true, onGone };
    try {
      const answer = await this.#options.router.handle(request, this.remoteIp);
      if (answer instanceof LiveAnswer) this.#openViewer(answer);
      else await this.#respond(answer, method !== "HEAD");
    } catch (error) {
      this.#life.fail(error);
    }
  }

  /** Refuses a request that is not read. */
  refuse(status: number, message: string): void {
    this.#respond(refusal(status, message), true).catch((error) => this.#life.fail(error));
  }

  /** The bytes to send next, unchanged until {@link take}; null when there are none now. */
  peek(): Uint8Array | null {
    if (this.#body !== null) return this.#body.peek();
    this.#view ??= this.#queued.shift() ?? this.#viewer?.next() ?? null;
    if (this.#view === null) this.#life.onDrained();
    return this.#view;
  }

  /** So much of it was sent. @returns Whether that was all there will ever be. */
  take(bytes: number): boolean {
    this.#bytesOut += bytes;
    this.#body?.take(bytes);
    if (this.#view !== null) this.#view = bytes < this.#view.length ? this.#view.subarray(bytes) : null;
    if (this.#view === null) this.#onViewSent();
    return this.isOver;
  }

  /** Nothing more is to be sent, but for the word that it is over. */
  get isOver(): boolean {
    if (this.#body !== null) return this.#body.isOver && this.#body.peek() === null;
    return this.#isLast && this.#view === null && this.#queued.length === 0;
  }

  tick(nowMs: number): void {
    if (!this.#life.tick(nowMs)) return;
    try {
      this.#viewer?.tick(nowMs);
    } catch (error) {
      this.#life.fail(error);
    }
  }

  /** The client has left, or has everything. */
  end(reason: CloseReason): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#life.settle(reason, "");
    this.release();
    this.#body?.cancel();
    this.#view = null;
    this.#onViewSent();
    for (const call of [...this.#onGone]) call();
    const ended = this.#life.reason ?? reason;
    if (this.#isLive) this.#options.onLiveEnd?.(ended);
    if (this.#isLive || ended === "internalError") this.#life.logEnd();
  }

  head(status: number, headers: Headers): Uint8Array {
    for (const [name, value] of this.#commonHeaders) headers.set(name, value);
    this.#host.respond(status, this.#dated(headers), false);
    // It has its own frame, before everything else.
    return new Uint8Array(0);
  }

  send(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#queued.push(bytes);
  }

  wake(): void {
    this.#host.wake();
  }

  /** Frames have bytes of their own: only what is not in one yet is on its way. */
  afterWrite(fn: () => void): void {
    if (this.#view === null) fn();
    else this.#afterView.push(fn);
  }

  answer(response: Response, reason: CloseReason, detail: string): void {
    this.#life.settle(reason, detail);
    this.release();
    for (const [name, value] of this.#commonHeaders) response.headers.set(name, value);
    this.#respond(response, true).catch((error) => this.#life.fail(error));
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

  async #respond(given: WholeAnswer, withBody: boolean): Promise<void> {
    let answer = given;
    const { status, headers } = given;
    const hasNone = status === 204 || status === 304;
    if (given instanceof Response && !given.headers.has("content-length") && !hasNone) {
      // Without its length it is short.
      const bytes = new Uint8Array(await given.arrayBuffer());
      given.headers.set("content-length", String(bytes.length));
      answer = new Response(bytes, { status, headers: given.headers });
    }
    const isEmpty = !withBody || hasNone || headers.get("content-length") === "0";
    if (answer instanceof Response && (this.#isGone || isEmpty)) await answer.body?.cancel();
    if (this.#isGone) return;
    this.#host.respond(status, this.#dated(headers), isEmpty);
    if (isEmpty) return;
    this.#body = new AnswerBody(answer, () => this.#host.wake(), (error) => this.#life.fail(error));
    this.#host.wake();
  }

  #onViewSent(): void {
    for (const fn of this.#afterView.splice(0)) fn();
  }

  #dated<H extends FieldReader & Pick<MessageFields, "set">>(headers: H): H {
    headers.set("date", httpDate(this.#options.world.nowMs()));
    return headers;
  }

  #openViewer(answer: LiveAnswer): void {
    if (this.#isGone) return;
    this.#isLive = true;
    this.#commonHeaders = answer.headers;
    this.#viewer = answer.open(this);
    // What it did at once, as ending itself, it may have done before it was known here.
    if (this.#life.isOver) return this.release();
    this.#host.wake();
  }

  #finish(): void {
    this.#isLast = true;
    this.#host.wake();
  }

  #break(): void {
    // Clients take `Cancel` for a regular end.
    this.#host.reset(H2ErrorCode.InternalError);
  }
}
