import { ProtocolError } from "../base/errors.ts";
import type { ByteBudget } from "./byte_budget.ts";
import { MessageType, type RtmpMessage } from "./message.ts";
import { timestampAdd } from "./timestamp.ts";

/** Bounds on what one peer may make the reader hold. */
export interface ChunkLimits {
  /** Chunk streams with a state of their own. */
  maxChunkStreams: number;
  /** Bytes of all messages that are not complete yet. */
  maxPartialBytes: number;
  /** Length of a command, data or control message. Media may use the 24 bits of the header. */
  maxCommandBytes: number;
}

export const defaultChunkLimits: ChunkLimits = {
  maxChunkStreams: 64,
  maxPartialBytes: 32 * 1024 * 1024,
  maxCommandBytes: 1024 * 1024,
};

/**
 * What each connection may hold of unfinished messages out of any budget: more than most keyframes have. Connections
 * that use up the budget so keep no ordinary publisher out.
 */
export const UNBUDGETED_BYTES = 256 * 1024;

/** Longest possible chunk header: 3 B basic, 11 B message header, 4 B extended timestamp. */
const MAX_HEADER_BYTES = 18;
const EXTENDED = 0xffffff;
/** Smallest piece a payload buffer grows by: a declared length alone allocates no more than this. */
const FIRST_PIECE_BYTES = 4096;
/** A type 3 chunk that starts a message right after a type 0 adds that timestamp again; beyond this it cannot be meant. */
const MAX_REPEATED_TIMESTAMP_MS = 5000;

/** Header fields remembered per chunk stream, and the message being collected on it. */
class ChunkStream {
  timestampMs = 0;
  /** What a type 3 chunk adds when it starts a message. */
  deltaMs = 0;
  deltaIsAbsolute = false;
  lengthBytes = 0;
  typeId = 0;
  msid = 0;
  /** Value of the extended timestamp field of the last type 0, 1 or 2 chunk; -1 when it had none. */
  extended = -1;
  payload: Uint8Array | null = null;
  received = 0;

  constructor(readonly csid: number) {}
}

/**
 * Puts RTMP messages together from chunks. Bytes may arrive split anywhere.
 *
 * Set Chunk Size and Abort act here and are not handed on, since they change how the very next byte is read; messages
 * with an empty payload are dropped, as SRS does. Payloads are new and belong to the receiver of the message, unless they
 * are lent: {@link lendsMedia}.
 *
 * Source: RTMP 1.0 §5.3. Leniencies, each named by the peer that needs it, stand at the place where they act.
 */
export class ChunkReader {
  readonly #onMessage: (message: RtmpMessage) => void;
  readonly #limits: ChunkLimits;
  readonly #budget: ByteBudget | null;
  /** Most bytes of unfinished messages from here on; from the limits at first. */
  maxPartialBytes: number;
  /**
   * Audio and video that came in one piece is handed on as a view of the bytes that were pushed, valid during the call: it
   * saves a copy, and memory that is garbage at once.
   */
  lendsMedia = false;
  readonly #streams = new Map<number, ChunkStream>();
  /** The beginning of a header whose end is still to come; most connections never need it. */
  #scratch: Uint8Array | null = null;
  #scratchLength = 0;
  #chunkSize = 128;
  /** Chunk stream whose payload comes next, with the bytes of this chunk still to come. */
  #current: ChunkStream | null = null;
  #chunkLeft = 0;
  #partialBytes = 0;
  #budgetedBytes = 0;

  /** @param budget Of what readers hold together; {@link close} gives back what this one has of it. */
  constructor(
    onMessage: (message: RtmpMessage) => void,
    limits: ChunkLimits = defaultChunkLimits,
    budget: ByteBudget | null = null,
  ) {
    this.#onMessage = onMessage;
    this.#limits = limits;
    this.#budget = budget;
    this.maxPartialBytes = limits.maxPartialBytes;
  }

  /** The peer's chunk size in force, bytes. */
  get chunkSize(): number {
    return this.#chunkSize;
  }

  /** Bytes held for messages that are not complete. */
  get partialBytes(): number {
    return this.#partialBytes;
  }

  /**
   * Reads the next bytes and calls back for each message that became complete.
   *
   * @throws {ProtocolError} The peer broke the chunk format or a limit; the reader is unusable afterwards.
   */
  push(bytes: Uint8Array): void {
    let pos = 0;
    while (pos < bytes.length) {
      if (this.#current !== null) {
        pos += this.#readPayload(this.#current, bytes, pos);
      } else if (this.#scratchLength > 0) {
        pos = this.#readSplitHeader(bytes, pos);
      } else {
        const length = this.#readHeader(bytes, pos, bytes.length);
        if (length === 0) {
          this.#scratch ??= new Uint8Array(MAX_HEADER_BYTES);
          this.#scratch.set(bytes.subarray(pos));
          this.#scratchLength = bytes.length - pos;
          return;
        }
        pos += length;
      }
    }
  }

  /** Drops what is unfinished. The reader is unusable afterwards. */
  close(): void {
    this.#streams.clear();
    this.#hold(0);
  }

  /** Reads a header whose beginning came with an earlier push. */
  #readSplitHeader(bytes: Uint8Array, pos: number): number {
    const scratch = this.#scratch ??= new Uint8Array(MAX_HEADER_BYTES);
    const had = this.#scratchLength;
    const added = Math.min(MAX_HEADER_BYTES - had, bytes.length - pos);
    scratch.set(bytes.subarray(pos, pos + added), had);
    const length = this.#readHeader(scratch, 0, had + added);
    if (length === 0) {
      this.#scratchLength = had + added;
      return pos + added;
    }
    this.#scratchLength = 0;
    if (length >= had) return pos + length - had;
    // Bytes put by as the head of an extended timestamp were none: they are payload, or even the next header.
    this.push(scratch.slice(length, had));
    return pos;
  }

  /** Reads one chunk header from `buf[pos, end)`. Returns its length, or 0 when it is not all there: nothing changed then. */
  #readHeader(buf: Uint8Array, pos: number, end: number): number {
    const start = pos;
    const first = buf[pos++]!;
    const fmt = first >> 6;
    let csid = first & 0x3f;
    if (csid === 0) {
      if (pos + 1 > end) return 0;
      csid = 64 + buf[pos++]!;
    } else if (csid === 1) {
      if (pos + 2 > end) return 0;
      csid = 64 + buf[pos]! + buf[pos + 1]! * 256;
      pos += 2;
    }
    const stream = this.#streams.get(csid) ?? this.#open(csid, fmt);
    const opensMessage = stream.payload === null || fmt === 0;

    if (fmt === 3) {
      const extended = extendedLength(stream.extended, buf, pos, end);
      if (extended < 0) return 0;
      // A peer that left it out once leaves it out always: later payload that looks like it is payload.
      if (extended === 0) stream.extended = -1;
      if (opensMessage) repeatDelta(stream);
      this.#begin(stream);
      return pos + extended - start;
    }

    const fieldBytes = fmt === 0 ? 11 : fmt === 1 ? 7 : 3;
    if (pos + fieldBytes > end) return 0;
    let time = readU24(buf, pos);
    const isExtended = time === EXTENDED;
    if (isExtended) {
      if (pos + fieldBytes + 4 > end) return 0;
      time = readU32(buf, pos + fieldBytes);
    }
    if (fmt < 2) {
      const lengthBytes = readU24(buf, pos + 3);
      if (!opensMessage && lengthBytes !== stream.lengthBytes) {
        throw new ProtocolError(
          "RtmpPacketSize",
          `chunk stream ${csid} changed the message length from ${stream.lengthBytes} to ${lengthBytes} in mid-message`,
        );
      }
      // GStreamer 1.22 rtmp2sink starts a message again with type 0 while one is unfinished: the unfinished one is dropped.
      if (opensMessage) this.#drop(stream);
      stream.lengthBytes = lengthBytes;
      stream.typeId = buf[pos + 6]!;
      this.#checkLength(stream);
    }
    if (fmt === 0) stream.msid = readU32LittleEndian(buf, pos + 7);
    stream.extended = isExtended ? time : -1;
    if (opensMessage) {
      stream.timestampMs = fmt === 0 ? time : timestampAdd(stream.timestampMs, time);
      stream.deltaMs = time;
      stream.deltaIsAbsolute = fmt === 0;
    }
    this.#begin(stream);
    return pos + fieldBytes + (isExtended ? 4 : 0) - start;
  }

  #open(csid: number, fmt: number): ChunkStream {
    // librtmp opens its ping with type 1, so that is let pass; 2 and 3 have nothing to build on.
    if (fmt > 1) {
      throw new ProtocolError(
        "RtmpChunkStart",
        `chunk stream ${csid} starts with a chunk of type ${fmt}, expected 0 or 1`,
      );
    }
    if (this.#streams.size >= this.#limits.maxChunkStreams) {
      throw new ProtocolError("RtmpChunkStart", `peer opens more than ${this.#limits.maxChunkStreams} chunk streams`);
    }
    const stream = new ChunkStream(csid);
    this.#streams.set(csid, stream);
    return stream;
  }

  /** The header of a chunk is read: its payload comes next. */
  #begin(stream: ChunkStream): void {
    if (stream.lengthBytes === 0) return;
    this.#current = stream;
    this.#chunkLeft = Math.min(this.#chunkSize, stream.lengthBytes - stream.received);
  }

  #checkLength({ typeId, lengthBytes, csid }: ChunkStream): void {
    const isMedia = typeId === MessageType.Audio || typeId === MessageType.Video || typeId === MessageType.Aggregate;
    if (!isMedia && lengthBytes > this.#limits.maxCommandBytes) {
      throw new ProtocolError(
        "RtmpPacketSize",
        `message of type ${typeId} on chunk stream ${csid} announces ${lengthBytes} bytes, the limit is ${this.#limits.maxCommandBytes}`,
      );
    }
  }

  /** Takes what `bytes` holds of the current chunk's payload; returns the bytes used. */
  #readPayload(stream: ChunkStream, bytes: Uint8Array, pos: number): number {
    if (this.lendsMedia && this.#isInOnePiece(stream, bytes.length - pos)) {
      this.#current = null;
      this.#complete(stream, bytes.subarray(pos, pos + stream.lengthBytes));
      return stream.lengthBytes;
    }
    const count = Math.min(this.#chunkLeft, bytes.length - pos);
    const received = stream.received + count;
    const payload = this.#reserve(stream, received);
    payload.set(bytes.subarray(pos, pos + count), stream.received);
    stream.received = received;
    this.#chunkLeft -= count;
    if (this.#chunkLeft === 0) {
      this.#current = null;
      if (received === stream.lengthBytes) this.#complete(stream, payload);
    }
    return count;
  }

  #isInOnePiece({ typeId, received, lengthBytes }: ChunkStream, bytes: number): boolean {
    const isMedia = typeId === MessageType.Audio || typeId === MessageType.Video;
    return isMedia && received === 0 && lengthBytes === this.#chunkLeft && lengthBytes <= bytes;
  }

  /** Grows with the bytes that arrive, never by the declared length: a peer that announces and never sends costs nothing. */
  #reserve(stream: ChunkStream, need: number): Uint8Array {
    const old = stream.payload;
    if (old !== null && old.length >= need) return old;
    const size = Math.min(stream.lengthBytes, Math.max(need, old === null ? FIRST_PIECE_BYTES : old.length * 2));
    const partialBytes = this.#partialBytes + size - (old?.length ?? 0);
    if (partialBytes > this.maxPartialBytes) {
      throw new ProtocolError(
        "RtmpPacketSize",
        `more than ${this.maxPartialBytes} bytes of unfinished messages on one connection`,
      );
    }
    this.#hold(partialBytes);
    const grown = new Uint8Array(size);
    if (old !== null) grown.set(old.subarray(0, stream.received));
    stream.payload = grown;
    return grown;
  }

  /** So many bytes of unfinished messages are held from here on. */
  #hold(partialBytes: number): void {
    this.#partialBytes = partialBytes;
    if (this.#budget === null) return;
    const budgetedBytes = Math.max(0, partialBytes - UNBUDGETED_BYTES);
    const more = budgetedBytes - this.#budgetedBytes;
    if (more === 0) return;
    if (more < 0) {
      this.#budget.giveBack(-more);
    } else if (!this.#budget.take(more)) {
      throw new ProtocolError(
        "RtmpPacketSize",
        `the unfinished messages of all connections take more than ${this.#budget.maxBytes} bytes`,
      );
    }
    this.#budgetedBytes = budgetedBytes;
  }

  #complete(stream: ChunkStream, payload: Uint8Array): void {
    this.#drop(stream);
    if (stream.typeId === MessageType.SetChunkSize) this.#setChunkSize(payload);
    else if (stream.typeId === MessageType.Abort) this.#abort(payload);
    else {
      const { csid, typeId, msid, timestampMs } = stream;
      this.#onMessage({ csid, typeId, msid, timestampMs, payload });
    }
  }

  #drop(stream: ChunkStream): void {
    if (stream.payload !== null) this.#hold(this.#partialBytes - stream.payload.length);
    stream.payload = null;
    stream.received = 0;
  }

  /** Any size is taken: peers announce up to 2^31-1 (Baidu CDN, vdk) and nothing is allocated by it. */
  #setChunkSize(payload: Uint8Array): void {
    const size = payload.length < 4 ? 0 : readU32(payload, 0);
    if (size < 1 || size > 0x7fffffff) {
      throw new ProtocolError("RtmpChunkSize", `peer sets chunk size ${size}, must be 1 to 2147483647`);
    }
    this.#chunkSize = size;
  }

  #abort(payload: Uint8Array): void {
    const stream = payload.length < 4 ? undefined : this.#streams.get(readU32(payload, 0));
    if (stream !== undefined) this.#drop(stream);
  }
}

/**
 * Length of the extended timestamp on a type 3 chunk: 4 or 0, or -1 when more bytes are needed to tell.
 *
 * The spec repeats the field on every type 3 chunk (ffmpeg, FMLE, SRS do); old librtmp and OBS before 30.1 leave it out.
 * As in SRS, the next four bytes are taken for it if they equal the value last sent.
 */
function extendedLength(value: number, buf: Uint8Array, pos: number, end: number): number {
  if (value < 0) return 0;
  for (let i = 0; i < 4; i++) {
    if (pos + i >= end) return -1;
    if (buf[pos + i] !== ((value >>> (24 - 8 * i)) & 0xff)) return 0;
  }
  return 4;
}

/** A type 3 chunk opens a message: the last delta is added again (RTMP 1.0 §5.3.1.2.4). */
function repeatDelta(stream: ChunkStream): void {
  // After a type 0 chunk the spec, SRS and ffmpeg take its timestamp for the delta; nginx-rtmp and gortmplib take 0.
  const delta = stream.deltaIsAbsolute && stream.deltaMs > MAX_REPEATED_TIMESTAMP_MS ? 0 : stream.deltaMs;
  stream.timestampMs = timestampAdd(stream.timestampMs, delta);
}

function readU24(buf: Uint8Array, pos: number): number {
  return (buf[pos]! << 16) | (buf[pos + 1]! << 8) | buf[pos + 2]!;
}

function readU32(buf: Uint8Array, pos: number): number {
  return ((buf[pos]! << 24) | (buf[pos + 1]! << 16) | (buf[pos + 2]! << 8) | buf[pos + 3]!) >>> 0;
}

function readU32LittleEndian(buf: Uint8Array, pos: number): number {
  return ((buf[pos + 3]! << 24) | (buf[pos + 2]! << 16) | (buf[pos + 1]! << 8) | buf[pos]!) >>> 0;
}
