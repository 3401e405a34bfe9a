import { concatBytes, encodeUtf8 } from "../base/bytes.ts";
import { MAX_FIELDS } from "../http1/fields.ts";
import { FieldDecoder } from "./field_decoder.ts";
import { encodeFields } from "./field_encoder.ts";
import {
  encodeFrame,
  type Frame,
  FRAME_HEAD_BYTES,
  FrameFlag,
  FrameReader,
  FrameType,
  MAX_PAYLOAD_BYTES,
  writeFrameHead,
} from "./frame.ts";
import { FrameBudget, FrameCost } from "./frame_budget.ts";
import { H2Error, H2ErrorCode } from "./h2_error.ts";
import { type H2RequestHead, readRequestFields } from "./request_fields.ts";
import { applySettings, encodeOwnSettings, MAX_LIST_BYTES, MAX_STREAMS, type PeerSettings } from "./settings.ts";

const PREFACE = encodeUtf8("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Blocks of headers are no longer, however many frames they come in. */
const MAX_BLOCK_BYTES = 32 * 1024;
const MAX_BLOCK_FRAMES = 16;
const WINDOW_BYTES = 65_535;
const MAX_WINDOW_BYTES = 0x7fff_ffff;
/** Answers to what the peer sends wait for it in memory; a peer that does not read them has to go. */
const MAX_OUTPUT_BYTES = 256 * 1024;

/** Who hears of requests. */
export interface H2SessionSink {
  /**
   * A request has come; bodies are not read. It is answered by {@link H2Session.respond}, at once or later.
   *
   * @param head Null for one with more headers than are read.
   * @returns Whether it is taken; else the client may ask again.
   */
  onRequest(streamId: number, head: H2RequestHead | null): boolean;
  /** The client does not want the answer any more. */
  onReset(streamId: number): void;
  /** There may be room for more {@link H2Session.writeData}. */
  onWindow(): void;
}

interface H2Stream {
  window: number;
  /** Bytes of a body that the client may still send. */
  bodyWindow: number;
  /** The client has said all. */
  isComplete: boolean;
}

/** The block of headers under way. */
interface HeaderBlock {
  readonly streamId: number;
  readonly isComplete: boolean;
  readonly parts: Uint8Array[];
  bytes: number;
}

/**
 * The server's side of one connection that speaks HTTP/2, without its socket: requests out of bytes, frames out of answers.
 * Request bodies are dropped; nothing is pushed, and priorities are not heeded.
 *
 * What a peer can make this side do or keep is bounded: streams, tables, blocks of headers, answers that it does not read,
 * and frames that bring no request on ({@link FrameBudget}).
 *
 * Source: RFC 9113.
 */
export class H2Session {
  readonly #sink: H2SessionSink;
  readonly #frames = new FrameReader();
  readonly #decoder = new FieldDecoder();
  readonly #streams = new Map<number, H2Stream>();
  readonly #budget = new FrameBudget();
  readonly #peer: PeerSettings = { initialWindow: WINDOW_BYTES, dropsTable: false };
  #preface = 0;
  #hasSettings = false;
  #lastStreamId = 0;
  #block: HeaderBlock | null = null;
  #window = WINDOW_BYTES;
  #ownWindow = WINDOW_BYTES;
  #output: Uint8Array[] = [encodeOwnSettings()];
  #outputBytes = 0;
  /** What has to come behind the data that was written. */
  #late: Uint8Array[] = [];
  #isGoingAway = false;

  constructor(sink: H2SessionSink) {
    this.#sink = sink;
  }

  /** Streams whose answers have not ended. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /**
   * Reads what the peer has sent.
   *
   * @throws {H2Error} The connection has to end; the peer is told why by what {@link takeOutput} gives.
   */
  receive(bytes: Uint8Array): void {
    try {
      const begin = this.#readPreface(bytes);
      this.#frames.push(bytes.subarray(begin), (frame) => this.#onFrame(frame));
      if (this.#outputBytes > MAX_OUTPUT_BYTES) throw calm("answers are not read");
    } catch (error) {
      if (error instanceof H2Error) this.goAway(error.code);
      throw error;
    }
  }

  /** What is to be sent before the data that was written since the last call; null for nothing. */
  takeOutput(): Uint8Array | null {
    const bytes = this.#output.length === 0 ? null : concatBytes(...this.#output);
    this.#output = this.#late;
    this.#late = [];
    this.#outputBytes = 0;
    return bytes;
  }

  /** Time has gone on. */
  tick(): void {
    this.#budget.refill();
  }

  /**
   * Begins an answer, or says something beforehand (1xx).
   *
   * @param isComplete Nothing follows.
   */
  respond(streamId: number, status: number, headers: Iterable<[string, string]>, isComplete: boolean): void {
    if (!this.#streams.has(streamId)) return;
    const block = encodeFields(status, headers, this.#peer.dropsTable);
    this.#peer.dropsTable = false;
    for (let at = 0; at === 0 || at < block.length; at += MAX_PAYLOAD_BYTES) {
      const isLast = at + MAX_PAYLOAD_BYTES >= block.length;
      const flags = (isLast ? FrameFlag.EndHeaders : 0) | (at === 0 && isComplete ? FrameFlag.EndStream : 0);
      const type = at === 0 ? FrameType.Headers : FrameType.Continuation;
      this.#send(encodeFrame(type, flags, streamId, block.subarray(at, at + MAX_PAYLOAD_BYTES)));
    }
    if (isComplete && this.#finish(streamId)) this.#sendReset(streamId, H2ErrorCode.NoError);
  }

  /** How many bytes of data a stream may send now. */
  room(streamId: number): number {
    return Math.max(0, Math.min(this.#window, this.#streams.get(streamId)?.window ?? 0));
  }

  /**
   * Writes a frame of data into a buffer.
   *
   * @param part No longer than {@link room} and `MAX_PAYLOAD_BYTES`.
   * @param isLast Nothing follows: the stream is over.
   * @returns Bytes written.
   */
  writeData(target: Uint8Array, at: number, streamId: number, part: Uint8Array, isLast: boolean): number {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return 0;
    const flags = isLast ? FrameFlag.EndStream : 0;
    writeFrameHead(target, at, { type: FrameType.Data, flags, streamId }, part.length);
    target.set(part, at + FRAME_HEAD_BYTES);
    stream.window -= part.length;
    this.#window -= part.length;
    this.#budget.earn(part.length);
    if (isLast && this.#finish(streamId)) this.#late.push(encodeReset(streamId, H2ErrorCode.NoError));
    return FRAME_HEAD_BYTES + part.length;
  }

  /** Breaks an answer off. @param code One of `H2ErrorCode`. */
  reset(streamId: number, code: number): void {
    if (this.#streams.delete(streamId)) this.#sendReset(streamId, code);
  }

  /** Says that no more requests are taken. @param code One of `H2ErrorCode`. */
  goAway(code: number): void {
    if (this.#isGoingAway) return;
    this.#isGoingAway = true;
    const payload = new Uint8Array(8);
    const view = new DataView(payload.buffer);
    view.setUint32(0, this.#lastStreamId);
    view.setUint32(4, code);
    this.#send(encodeFrame(FrameType.GoAway, 0, 0, payload));
  }

  #send(frame: Uint8Array): void {
    this.#output.push(frame);
    this.#outputBytes += frame.length;
  }

  #sendReset(streamId: number, code: number): void {
    this.#send(encodeReset(streamId, code));
  }

  /** The answer is complete. @returns Whether the client has to be told that the rest of its request is not wanted. */
  #finish(streamId: number): boolean {
    const stream = this.#streams.get(streamId);
    this.#streams.delete(streamId);
    return stream?.isComplete === false;
  }

  #readPreface(bytes: Uint8Array): number {
    let at = 0;
    for (; this.#preface < PREFACE.length && at < bytes.length; at++) {
      if (bytes[at] !== PREFACE[this.#preface++]) throw protocolError("not the preface of HTTP/2");
    }
    return at;
  }

  #onFrame(frame: Frame): void {
    const { type, streamId } = frame;
    if (!this.#hasSettings && (type !== FrameType.Settings || (frame.flags & FrameFlag.Ack) !== 0)) {
      throw protocolError("no settings after the preface");
    }
    if (this.#block !== null && (type !== FrameType.Continuation || streamId !== this.#block.streamId)) {
      throw protocolError("a frame in the middle of headers");
    }
    switch (type) {
      case FrameType.Data:
        return this.#onData(frame);
      case FrameType.Headers:
        return this.#onHeaders(frame);
      case FrameType.Continuation:
        return this.#onContinuation(frame);
      case FrameType.RstStream:
        return this.#onReset(frame);
      case FrameType.Settings:
        return this.#onSettings(frame);
      case FrameType.Ping:
        return this.#onPing(frame);
      case FrameType.WindowUpdate:
        return this.#onWindowUpdate(frame);
      case FrameType.PushPromise:
        throw protocolError("a client cannot push");
      case FrameType.GoAway:
        if (streamId !== 0) throw protocolError("GOAWAY of a stream");
        return;
      case FrameType.Priority:
        if (streamId === 0) throw protocolError("a priority of no stream");
        break;
    }
    this.#budget.spend(FrameCost.Idle);
  }

  #onHeaders({ flags, streamId, payload }: Frame): void {
    let body = unpad(flags, payload);
    if ((flags & FrameFlag.Priority) !== 0) {
      if (body.length < 5) throw new H2Error(H2ErrorCode.FrameSizeError, "headers that are too short");
      body = body.subarray(5);
    }
    if (streamId === 0 || streamId % 2 === 0) throw protocolError("headers of no request");
    this.#block = { streamId, isComplete: (flags & FrameFlag.EndStream) !== 0, parts: [], bytes: 0 };
    this.#addToBlock(this.#block, body, flags);
  }

  #onContinuation({ flags, payload }: Frame): void {
    if (this.#block === null) throw protocolError("headers go on that have not begun");
    this.#addToBlock(this.#block, payload, flags);
  }

  #addToBlock(block: HeaderBlock, part: Uint8Array, flags: number): void {
    block.bytes += part.length;
    block.parts.push(part.slice());
    if (block.bytes > MAX_BLOCK_BYTES || block.parts.length > MAX_BLOCK_FRAMES) throw calm("headers without end");
    if ((flags & FrameFlag.EndHeaders) === 0) return;
    this.#block = null;
    const { fields, isTooLong } = this.#decoder.decode(concatBytes(...block.parts), MAX_LIST_BYTES);
    const known = this.#streams.get(block.streamId);
    if (known !== undefined) {
      // Trailers.
      if (!block.isComplete || known.isComplete) throw protocolError("headers of a request that has its own");
      known.isComplete = true;
      return;
    }
    if (block.streamId <= this.#lastStreamId) return this.#budget.spend(FrameCost.Refused);
    this.#lastStreamId = block.streamId;
    const isTooMuch = isTooLong || fields.length > MAX_FIELDS;
    const head = isTooMuch ? null : readRequestFields(fields);
    if (head === null && !isTooMuch) {
      this.#budget.spend(FrameCost.Refused);
      return this.#sendReset(block.streamId, H2ErrorCode.ProtocolError);
    }
    this.#open(block, head);
  }

  #open({ streamId, isComplete }: HeaderBlock, head: H2RequestHead | null): void {
    if (this.#isGoingAway) return;
    if (this.#streams.size < MAX_STREAMS) {
      this.#streams.set(streamId, { window: this.#peer.initialWindow, bodyWindow: WINDOW_BYTES, isComplete });
      if (this.#sink.onRequest(streamId, head)) return;
      this.#streams.delete(streamId);
    }
    this.#budget.spend(FrameCost.Refused);
    this.#sendReset(streamId, H2ErrorCode.RefusedStream);
  }

  #onData({ flags, streamId, payload }: Frame): void {
    if (streamId === 0 || streamId > this.#lastStreamId) throw protocolError("data of no request");
    unpad(flags, payload);
    const stream = this.#streams.get(streamId);
    this.#ownWindow -= payload.length;
    if (stream !== undefined) stream.bodyWindow -= payload.length;
    if (this.#ownWindow < 0 || (stream?.bodyWindow ?? 0) < 0) {
      throw new H2Error(H2ErrorCode.FlowControlError, "more data than there is room for");
    }
    if (this.#ownWindow < WINDOW_BYTES / 2) {
      this.#send(encodeFrame(FrameType.WindowUpdate, 0, 0, uint32(WINDOW_BYTES - this.#ownWindow)));
      this.#ownWindow = WINDOW_BYTES;
    }
    if ((flags & FrameFlag.EndStream) !== 0 && stream !== undefined) stream.isComplete = true;
    this.#budget.spend(FrameCost.Idle);
  }

  #onReset({ streamId, payload }: Frame): void {
    if (payload.length !== 4) throw new H2Error(H2ErrorCode.FrameSizeError, "RST_STREAM of a wrong length");
    if (streamId === 0 || streamId > this.#lastStreamId) throw protocolError("no such stream");
    if (!this.#streams.delete(streamId)) return this.#budget.spend(FrameCost.Idle);
    this.#sink.onReset(streamId);
    this.#budget.spend(FrameCost.Reset);
  }

  #onSettings({ flags, streamId, payload }: Frame): void {
    if (streamId !== 0) throw protocolError("settings of a stream");
    this.#hasSettings = true;
    this.#budget.spend(FrameCost.Idle);
    if ((flags & FrameFlag.Ack) !== 0) {
      if (payload.length > 0) throw new H2Error(H2ErrorCode.FrameSizeError, "an acknowledgement with content");
      return;
    }
    const before = this.#peer.initialWindow;
    applySettings(this.#peer, payload);
    const addedBytes = this.#peer.initialWindow - before;
    for (const stream of this.#streams.values()) stream.window = addWindow(stream.window, addedBytes);
    this.#send(encodeFrame(FrameType.Settings, FrameFlag.Ack, 0, new Uint8Array(0)));
    if (addedBytes > 0) this.#sink.onWindow();
  }

  #onPing({ flags, streamId, payload }: Frame): void {
    if (payload.length !== 8) throw new H2Error(H2ErrorCode.FrameSizeError, "PING of a wrong length");
    if (streamId !== 0) throw protocolError("PING of a stream");
    this.#budget.spend(FrameCost.Idle);
    if ((flags & FrameFlag.Ack) === 0) this.#send(encodeFrame(FrameType.Ping, FrameFlag.Ack, 0, payload));
  }

  #onWindowUpdate({ streamId, payload }: Frame): void {
    if (payload.length !== 4) throw new H2Error(H2ErrorCode.FrameSizeError, "WINDOW_UPDATE of a wrong length");
    if (streamId > this.#lastStreamId) throw protocolError("no such stream");
    this.#budget.spend(FrameCost.Idle);
    const bytes = new DataView(payload.buffer, payload.byteOffset).getUint32(0) & MAX_WINDOW_BYTES;
    if (bytes === 0) throw protocolError("a window that does not grow");
    const stream = this.#streams.get(streamId);
    if (streamId === 0) this.#window = addWindow(this.#window, bytes);
    else if (stream !== undefined) stream.window = addWindow(stream.window, bytes);
    this.#sink.onWindow();
  }
}

function encodeReset(streamId: number, code: number): Uint8Array {
  return encodeFrame(FrameType.RstStream, 0, streamId, uint32(code));
}

function unpad(flags: number, payload: Uint8Array): Uint8Array {
  if ((flags & FrameFlag.Padded) === 0) return payload;
  const [padBytes] = payload;
  if (padBytes === undefined || padBytes >= payload.length) throw protocolError("more padding than there is frame");
  return payload.subarray(1, payload.length - padBytes);
}

function addWindow(window: number, bytes: number): number {
  const sum = window + bytes;
  if (sum > MAX_WINDOW_BYTES) throw new H2Error(H2ErrorCode.FlowControlError, "a window that is too large");
  return sum;
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

function protocolError(what: string): H2Error {
  return new H2Error(H2ErrorCode.ProtocolError, what);
}

function calm(what: string): H2Error {
  return new H2Error(H2ErrorCode.EnhanceYourCalm, what);
}
