import { concatBytes, encodeUtf8 } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { TcpConn } from "../net/tcp_conn.ts";
import { encodeResponseHead, responseHeadText } from "../http1/response_head_writer.ts";
import { httpDate } from "./http_date.ts";
import { ViewAnswer } from "./view_answer.ts";

const MOST_JOINED_BYTES = 16 * 1024;
const MOST_AT_ONCE_BYTES = 512 * 1024;
/** No head of ours is longer; one that were would be written on its own. */
const MOST_HEAD_CHARS = 4096;
/** A character is at most three bytes in UTF-8. */
const joined = new Uint8Array(3 * MOST_HEAD_CHARS + MOST_JOINED_BYTES);
const encoder = new TextEncoder();

/** Writes the answers of one connection that come to an end. */
export class ResponseWriter {
  readonly #tcp: TcpConn;
  readonly #clock: Clock;
  #bytesOut = 0;
  #isWriting = false;

  constructor(tcp: TcpConn, clock: Clock) {
    this.#tcp = tcp;
    this.#clock = clock;
  }

  /** Bytes the socket has taken. */
  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** A write is under way. */
  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** Encodes status line and headers, with the date. */
  head(status: number, headers: Headers): Uint8Array {
    headers.set("date", httpDate(this.#clock.nowMs()));
    return encodeResponseHead(status, headers);
  }

  /**
   * Sends a response; a body that comes without its length is short, and gathered first.
   *
   * @returns Null where the socket has taken everything already.
   */
  write(answer: Response | ViewAnswer, withBody: boolean): Promise<void> | null {
    return answer instanceof ViewAnswer ? this.#writeViews(answer, withBody) : this.#writeResponse(answer, withBody);
  }

  async #writeResponse(response: Response, withBody: boolean): Promise<void> {
    const { status, headers, body } = response;
    if (headers.has("content-length")) {
      await this.#send(this.head(status, headers));
      if (!withBody) await body?.cancel();
      else for await (const piece of body ?? []) await this.#send(piece);
      return;
    }
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (status !== 204 && status !== 304) headers.set("content-length", String(bytes.length));
    await this.#send(concatBytes(this.head(status, headers), withBody ? bytes : new Uint8Array(0)));
  }

  #writeViews({ status, headers, views, byteLength }: ViewAnswer, withBody: boolean): Promise<void> | null {
    headers.set("date", httpDate(this.#clock.nowMs()));
    const head = responseHeadText(status, headers);
    const bodyBytes = withBody ? byteLength : 0;
    if (head.length > MOST_HEAD_CHARS) return this.#sendAll([encodeUtf8(head), ...withBody ? views : []]);
    let length = encoder.encodeInto(head, joined).written;
    // A copy of a little costs less than another call.
    const isJoined = bodyBytes > 0 && bodyBytes <= MOST_JOINED_BYTES;
    if (isJoined) { for (const view of views) joined.set(view, (length += view.length) - view.length); }
    const isMore = bodyBytes > 0 && !isJoined;
    const taken = this.#sendNow(joined.subarray(0, length), isMore);
    const bodyViews = isMore ? views : [];
    if (taken < length) return this.#sendLater(this.#sendRest(joined.slice(taken, length), 0), bodyViews);
    return this.#sendAll(bodyViews);
  }

  /** In order; what the socket takes at once costs no promise. */
  #sendAll(pieces: readonly Uint8Array[]): Promise<void> | null {
    for (let i = 0; i < pieces.length; i++) {
      const sending = this.#send(pieces[i]!, i + 1 < pieces.length);
      if (sending !== null) return this.#sendLater(sending, pieces.slice(i + 1));
    }
    return null;
  }

  async #sendLater(first: Promise<void>, rest: readonly Uint8Array[]): Promise<void> {
    await first;
    for (const piece of rest) await this.#send(piece);
  }

  #send(bytes: Uint8Array, isMore = false): Promise<void> | null {
    // Others get their turn behind what is much.
    const isMuch = bytes.length > MOST_AT_ONCE_BYTES;
    const taken = isMuch ? this.#sendNow(bytes.subarray(0, MOST_AT_ONCE_BYTES)) : this.#sendNow(bytes, isMore);
    return taken < bytes.length ? this.#sendRest(bytes, taken) : null;
  }

  #sendNow(bytes: Uint8Array, isMore = false): number {
    const taken = this.#tcp.writeNow(bytes, isMore);
    this.#bytesOut += taken;
    return taken;
  }

  async #sendRest(bytes: Uint8Array, taken: number): Promise<void> {
    this.#isWriting = true;
    try {
      for (let at = taken; at < bytes.length;) {
        const count = await this.#tcp.write(bytes.subarray(at));
        this.#bytesOut += count;
        at += count;
      }
    } finally {
      this.#isWriting = false;
    }
  }
}
