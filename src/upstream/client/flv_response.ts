import { ByteQueue } from "../../base/byte_queue.ts";
import { UpstreamError } from "../../base/errors.ts";
import { FlvDemuxer } from "../../flv/demuxer.ts";
import type { FlvTag } from "../../flv/tag.ts";
import { ChunkedBody } from "../../http1/chunked_body.ts";
import { parseResponseHead, type ResponseHead } from "../../http1/response_head.ts";

/** Who reads an answer hears of it here. */
export interface FlvResponseSink {
  /**
   * A head has come: a preliminary one (1xx), to be followed by another, or the one of the answer.
   *
   * @returns Whether the body is wanted, as an FLV. Otherwise nothing more is called.
   */
  onHead(head: ResponseHead): boolean;
  onTag(tag: FlvTag): void;
  /** The answer is complete: the stream has ended, and was not cut. */
  onComplete(): void;
}

const NOTHING = new Uint8Array(0);
const PROTOCOL = "HTTP/1.";
const MAX_HEAD_BYTES = 16 * 1024;
/** More preliminary heads than this make no sense. */
const MAX_PRELIMINARY = 10;

/** Reads the answer to a request for a live FLV, in pieces of any size. */
export class FlvResponse {
  readonly #sink: FlvResponseSink;
  readonly #head = new ByteQueue(MAX_HEAD_BYTES + 4);
  readonly #chunks = new ChunkedBody();
  readonly #demuxer = new FlvDemuxer();
  #preliminary = 0;
  #body: ResponseHead["body"] | null = null;
  #bodyBytes = 0;
  #isOver = false;

  constructor(sink: FlvResponseSink) {
    this.#sink = sink;
  }

  /**
   * Takes bytes of the connection.
   *
   * @throws {SrsError} `HttpResponseData` or `FlvDecode` at the first broken place.
   */
  push(bytes: Uint8Array): void {
    let rest = bytes;
    while (this.#body === null && !this.#isOver) {
      const used = this.#takeHead(rest);
      if (used < 0) return;
      rest = rest.subarray(used);
    }
    if (this.#isOver) return;
    if (typeof this.#body === "number") return this.#onMeasured(rest, this.#body);
    if (this.#body === "chunks") {
      this.#chunks.push(rest, (view) => this.#onBody(view));
      if (this.#chunks.isOver) this.#complete();
    } else this.#onBody(rest);
  }

  /**
   * The server has ended the connection.
   *
   * @throws {UpstreamError} `StConnect` unless that is the end of the answer.
   */
  end(): void {
    if (this.#isOver) return;
    if (this.#body === "untilClose") return this.#complete();
    throw new UpstreamError("StConnect", "the server closed the connection");
  }

  /** @returns How much of `bytes` belongs to a head that is complete now; negative while it is not. */
  #takeHead(bytes: Uint8Array): number {
    const before = this.#head.length;
    this.#head.push(bytes.subarray(0, MAX_HEAD_BYTES + 4 - before));
    const end = headEnd(this.#head.peek(this.#head.length)!, Math.max(0, before - 3));
    if (end < 0) {
      if (!isBegin(this.#head.peek(Math.min(this.#head.length, PROTOCOL.length))!)) {
        throw broken("not an HTTP/1 response");
      }
      if (this.#head.length < MAX_HEAD_BYTES) return -1;
      throw broken(`headers longer than ${MAX_HEAD_BYTES} bytes`);
    }
    const head = parseResponseHead(this.#head.take(end)!);
    this.#head.takeAll();
    if (typeof head === "string") throw broken(head);
    this.#onHead(head);
    return end + 4 - before;
  }

  #onHead(head: ResponseHead): void {
    const isPreliminary = head.status < 200;
    if (isPreliminary && ++this.#preliminary > MAX_PRELIMINARY) {
      throw broken(`more than ${MAX_PRELIMINARY} interim (1xx) responses`);
    }
    if (!this.#sink.onHead(head)) this.#isOver = true;
    else if (!isPreliminary) this.#body = head.body;
  }

  #onMeasured(bytes: Uint8Array, lengthBytes: number): void {
    const view = bytes.subarray(0, lengthBytes - this.#bodyBytes);
    this.#bodyBytes += view.length;
    this.#onBody(view);
    if (this.#bodyBytes >= lengthBytes) this.#complete();
  }

  #onBody(view: Uint8Array): void {
    for (const tag of this.#demuxer.push(view)) this.#sink.onTag(tag);
    // A fault after whole tags is thrown by the next call.
    this.#demuxer.push(NOTHING);
  }

  #complete(): void {
    this.#isOver = true;
    this.#sink.onComplete();
  }
}

/** Something that is not HTTP is noticed before it ends. */
function isBegin(bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === PROTOCOL.charCodeAt(i));
}

function broken(what: string): UpstreamError {
  return new UpstreamError("HttpResponseData", `invalid response: ${what}`);
}

/** Where the empty line after a head begins; negative if it has not arrived. */
function headEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 4 <= bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}
