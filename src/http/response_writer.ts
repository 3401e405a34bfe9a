import { concatBytes } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { TcpConn } from "../net/tcp_conn.ts";
import { encodeResponseHead } from "../http1/response_head_writer.ts";
import { byteLength, ViewResponse } from "./view_response.ts";

const MOST_JOINED_BYTES = 16 * 1024;
const MOST_AT_ONCE_BYTES = 512 * 1024;

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
    headers.set("date", new Date(this.#clock.nowMs()).toUTCString());
    return encodeResponseHead(status, headers);
  }

  /** Sends a response; a body that comes without its length is short, and gathered first. */
  async write(response: Response, withBody: boolean): Promise<void> {
    const { status, headers, body } = response;
    if (response instanceof ViewResponse) return await this.#sendViews(this.head(status, headers), response, withBody);
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

  async #sendViews(head: Uint8Array, { views }: ViewResponse, withBody: boolean): Promise<void> {
    if (!withBody) return await this.#send(head);
    // A copy of a little costs less than another call.
    if (byteLength(views) <= MOST_JOINED_BYTES) return await this.#send(concatBytes(head, ...views));
    await this.#send(head);
    for (const view of views) await this.#send(view);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#isWriting = true;
    try {
      // What the socket takes at once costs no promise; others get their turn behind what is much.
      let at = this.#tcp.writeNow(bytes.length <= MOST_AT_ONCE_BYTES ? bytes : bytes.subarray(0, MOST_AT_ONCE_BYTES));
      this.#bytesOut += at;
      while (at < bytes.length) {
        const count = await this.#tcp.write(bytes.subarray(at));
        this.#bytesOut += count;
        at += count;
      }
    } finally {
      this.#isWriting = false;
    }
  }
}
