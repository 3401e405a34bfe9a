import type { RtmpMessage } from "./message.ts";
import { timestampDiff } from "./timestamp.ts";

const EXTENDED = 0xffffff;
const MAX_PAYLOAD_BYTES = 0xffffff;

/**
 * Length of a message as {@link writeMessage} encodes it: a type 0 chunk, then type 3 chunks.
 *
 * @param csid 2..63 (one byte), 64..319 (two), 320..65599 (three).
 */
export function messageWireBytes(csid: number, timestampMs: number, payloadBytes: number, chunkSize: number): number {
  const basic = basicHeaderBytes(csid);
  const extended = timestampMs >= EXTENDED ? 4 : 0;
  const continuations = payloadBytes === 0 ? 0 : Math.ceil(payloadBytes / chunkSize) - 1;
  return basic + 11 + extended + payloadBytes + continuations * (basic + extended);
}

/**
 * Encodes a message into `target` at `offset`, in bytes that do not depend on any earlier message: a type 0 chunk, then
 * type 3 chunks that repeat the extended timestamp.
 *
 * The caller reserves {@link messageWireBytes}. Source: RTMP 1.0 §5.3.1; the repetition is what SRS and ffmpeg send.
 *
 * @returns The offset after the message.
 * @throws {RangeError} If the payload is 16 MiB or larger.
 */
export function writeMessage(target: Uint8Array, offset: number, message: RtmpMessage, chunkSize: number): number {
  const { csid, timestampMs, payload } = message;
  const field = Math.min(timestampMs, EXTENDED);
  let at = writeBasicHeader(target, offset, 0, csid);
  at = writeU24(target, at, field);
  at = writeLengthAndType(target, at, message);
  at = writeMsid(target, at, message.msid);
  if (field === EXTENDED) at = writeU32(target, at, timestampMs);
  return writePayload(target, at, csid, payload, chunkSize, field === EXTENDED ? timestampMs : -1);
}

/** A message as new bytes; see {@link writeMessage}. */
export function encodeMessage(message: RtmpMessage, chunkSize: number): Uint8Array<ArrayBuffer> {
  const { csid, timestampMs, payload } = message;
  const out = new Uint8Array(messageWireBytes(csid, timestampMs, payload.length, chunkSize));
  writeMessage(out, 0, message, chunkSize);
  return out;
}

/** What the last message on a chunk stream left behind for the next header to build on. */
interface SentHeader {
  timestampMs: number;
  deltaMs: number;
  lengthBytes: number;
  typeId: number;
  msid: number;
  /** The last header was type 0: peers disagree on what type 3 adds after it, so none is sent. */
  wasFull: boolean;
}

/**
 * Encodes the messages of one connection with the shortest header that fits (types 0 to 3).
 *
 * The output depends on all earlier messages of the same writer; for bytes to be shared use {@link writeMessage}.
 */
export class ChunkWriter {
  #chunkSize: number;
  readonly #sent = new Map<number, SentHeader>();

  constructor(chunkSize = 128) {
    this.#chunkSize = chunkSize;
  }

  get chunkSize(): number {
    return this.#chunkSize;
  }

  /** Takes effect with the next message: call it right after the Set Chunk Size message was encoded. */
  set chunkSize(bytes: number) {
    this.#chunkSize = bytes;
  }

  /**
   * @returns New bytes.
   * @throws {RangeError} If the payload is 16 MiB or larger.
   */
  encode(message: RtmpMessage): Uint8Array<ArrayBuffer> {
    const { csid, timestampMs, payload, typeId, msid } = message;
    const last = this.#sent.get(csid);
    const deltaMs = last === undefined ? timestampMs : timestampDiff(timestampMs, last.timestampMs);
    // A type 1 to 3 header cannot go back in time, nor change the message stream.
    const fmt = last === undefined || last.msid !== msid || deltaMs < 0 ? 0 : chooseDeltaFmt(last, deltaMs, message);
    this.#sent.set(csid, { timestampMs, deltaMs, lengthBytes: payload.length, typeId, msid, wasFull: fmt === 0 });

    const time = fmt === 0 ? timestampMs : deltaMs;
    const field = Math.min(time, EXTENDED);
    const out = new Uint8Array(messageWireBytes(csid, time, payload.length, this.#chunkSize));
    let at = writeBasicHeader(out, 0, fmt, csid);
    if (fmt < 3) at = writeU24(out, at, field);
    if (fmt < 2) at = writeLengthAndType(out, at, message);
    if (fmt === 0) at = writeMsid(out, at, msid);
    if (field === EXTENDED) at = writeU32(out, at, time);
    at = writePayload(out, at, csid, payload, this.#chunkSize, field === EXTENDED ? time : -1);
    return out.subarray(0, at);
  }
}

function chooseDeltaFmt(last: SentHeader, deltaMs: number, { payload, typeId }: RtmpMessage): 1 | 2 | 3 {
  if (payload.length !== last.lengthBytes || typeId !== last.typeId) return 1;
  return last.wasFull || deltaMs !== last.deltaMs ? 2 : 3;
}

function basicHeaderBytes(csid: number): number {
  return csid < 64 ? 1 : csid < 320 ? 2 : 3;
}

function writeBasicHeader(target: Uint8Array, at: number, fmt: number, csid: number): number {
  if (csid < 64) {
    target[at] = (fmt << 6) | csid;
    return at + 1;
  }
  target[at] = (fmt << 6) | (csid < 320 ? 0 : 1);
  target[at + 1] = csid - 64;
  if (csid < 320) return at + 2;
  target[at + 2] = (csid - 64) >> 8;
  return at + 3;
}

function writeLengthAndType(target: Uint8Array, at: number, { payload, typeId }: RtmpMessage): number {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw new RangeError(`Cannot encode a message of ${payload.length} bytes: the length field has 24 bits`);
  }
  const next = writeU24(target, at, payload.length);
  target[next] = typeId;
  return next + 1;
}

function writeMsid(target: Uint8Array, at: number, msid: number): number {
  target[at] = msid;
  target[at + 1] = msid >>> 8;
  target[at + 2] = msid >>> 16;
  target[at + 3] = msid >>> 24;
  return at + 4;
}

function writeU24(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 16;
  target[at + 1] = value >>> 8;
  target[at + 2] = value;
  return at + 3;
}

function writeU32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  return writeU24(target, at + 1, value);
}

function writePayload(
  target: Uint8Array,
  at: number,
  csid: number,
  payload: Uint8Array,
  chunkSize: number,
  extended: number,
): number {
  if (payload.length <= chunkSize) {
    target.set(payload, at);
    return at + payload.length;
  }
  for (let from = 0; from < payload.length; from += chunkSize) {
    if (from > 0) {
      at = writeBasicHeader(target, at, 3, csid);
      if (extended >= 0) at = writeU32(target, at, extended);
    }
    const piece = payload.subarray(from, from + chunkSize);
    target.set(piece, at);
    at += piece.length;
  }
  return at;
}
