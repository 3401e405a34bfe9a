import { STAMP_END } from "./frame_stamp.ts";

/** What {@link ChunkSkimmer} tells of one message, once its last byte has gone by. One object, reused. */
export interface SkimmedMessage {
  typeId: number;
  msid: number;
  timestampMs: number;
  length: number;
  /** The first payload bytes, zero where there are fewer: enough to tell a keyframe and to read its stamp. */
  head: Uint8Array;
  /** The whole payload of control and command messages, empty for media. Valid during the call. */
  body: Uint8Array;
}

class ChunkStream {
  message: SkimmedMessage = {
    typeId: 0,
    msid: 0,
    timestampMs: 0,
    length: 0,
    head: new Uint8Array(STAMP_END),
    body: EMPTY,
  };
  deltaMs = 0;
  extended = false;
  /** Payload bytes still to come. */
  left = 0;
}

const EMPTY = new Uint8Array(0);
const MAX_BODY_BYTES = 65536;
/** Header bytes after the basic header, by fmt. */
const HEADER_BYTES = [11, 7, 3, 0];
const MAX_HEADER_BYTES = 3 + 11 + 4;

/**
 * Follows the chunks of any RTMP server at the least cost: headers are parsed, media payloads are stepped over.
 *
 * The load's own reader: it shares no code with the server under test. Source: RTMP 1.0 §5.3.1.
 */
export class ChunkSkimmer {
  chunkSize = 128;
  readonly #onMessage: (message: SkimmedMessage) => void;
  readonly #streams = new Map<number, ChunkStream>();
  readonly #stash = new Uint8Array(MAX_HEADER_BYTES);
  #stashed = 0;
  #current = new ChunkStream();
  #payloadLeft = 0;

  constructor(onMessage: (message: SkimmedMessage) => void) {
    this.#onMessage = onMessage;
  }

  push(view: Uint8Array): void {
    let at = 0;
    while (at < view.length) {
      if (this.#payloadLeft > 0) {
        at += this.#payload(view, at);
      } else if (this.#stashed > 0) {
        // A header cut by the end of the last view: rare, so byte by byte.
        this.#stash[this.#stashed++] = view[at++] ?? 0;
        if (this.#header(this.#stash, 0, this.#stashed) > 0) this.#stashed = 0;
      } else {
        const length = this.#header(view, at, view.length);
        if (length === 0) {
          this.#stash.set(view.subarray(at));
          this.#stashed = view.length - at;
          return;
        }
        at += length;
      }
    }
  }

  #payload(view: Uint8Array, at: number): number {
    const stream = this.#current;
    const { message } = stream;
    const count = Math.min(this.#payloadLeft, view.length - at);
    const done = message.length - stream.left;
    for (let i = done; i < STAMP_END && i < done + count; i++) message.head[i] = view[at + i - done]!;
    if (message.body.length > 0) message.body.set(view.subarray(at, at + count), done);
    stream.left -= count;
    this.#payloadLeft -= count;
    if (stream.left === 0) this.#finish(message);
    return count;
  }

  #finish(message: SkimmedMessage): void {
    if (message.typeId === 1) this.chunkSize = readLoadU32(message.body) & 0x7fffffff;
    this.#onMessage(message);
  }

  /** Takes one chunk header; 0 when it is not complete. */
  #header(bytes: Uint8Array, start: number, end: number): number {
    const first = bytes[start] ?? 0;
    const fmt = first >> 6;
    let csid = first & 63;
    let at = start + (csid === 0 ? 2 : csid === 1 ? 3 : 1);
    if (at > end) return 0;
    if (csid < 2) csid = 64 + (bytes[start + 1] ?? 0) + (csid === 1 ? (bytes[start + 2] ?? 0) << 8 : 0);
    const fields = at;
    at += HEADER_BYTES[fmt] ?? 0;
    if (at > end) return 0;
    let stream = this.#streams.get(csid);
    if (stream === undefined) this.#streams.set(csid, stream = new ChunkStream());
    let timestamp = fmt < 3 ? readU24(bytes, fields) : 0;
    const extended = fmt < 3 ? timestamp === 0xffffff : stream.extended;
    if (extended) {
      if (at + 4 > end) return 0;
      timestamp = readLoadU32(bytes, at);
      at += 4;
    }
    stream.extended = extended;
    // A type 3 chunk goes on with its message, unless that is complete; types 0 to 2 always begin one.
    if (fmt < 3 || stream.left === 0) this.#begin(stream, fmt, timestamp, bytes, fields);
    this.#current = stream;
    this.#payloadLeft = Math.min(this.chunkSize, stream.left);
    if (stream.left === 0) this.#finish(stream.message);
    return at - start;
  }

  #begin(stream: ChunkStream, fmt: number, timestamp: number, bytes: Uint8Array, at: number): void {
    const { message } = stream;
    if (fmt < 2) {
      message.length = readU24(bytes, at + 3);
      message.typeId = bytes[at + 6] ?? 0;
    }
    if (fmt === 0) {
      message.msid = (bytes[at + 7] ?? 0) | ((bytes[at + 8] ?? 0) << 8) | ((bytes[at + 9] ?? 0) << 16);
      message.timestampMs = timestamp;
      stream.deltaMs = 0;
    } else {
      if (fmt < 3) stream.deltaMs = timestamp;
      message.timestampMs = (message.timestampMs + stream.deltaMs) >>> 0;
    }
    message.head.fill(0);
    stream.left = message.length;
    const isMedia = message.typeId === 8 || message.typeId === 9 || message.typeId === 18;
    message.body = isMedia || message.length > MAX_BODY_BYTES ? EMPTY : new Uint8Array(message.length);
  }
}

export function readLoadU32(bytes: Uint8Array, at = 0): number {
  return (((bytes[at] ?? 0) << 24) | readU24(bytes, at + 1)) >>> 0;
}

function readU24(bytes: Uint8Array, at = 0): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
}
