/**
 * What the first thread and a worker tell each other about the worker's sockets. `id` names a listener, a socket, a tail
 * or a piece of shared memory; `x`, `y` and `z` depend on the record.
 */
export const ThreadRecord = {
  /** To the worker: open port `id`; the payload is a `ThreadAddress` in JSON. */
  Listen: 1,
  /** Close port `id`; answered by {@link ThreadRecord.Unlistened}. */
  Unlisten: 2,
  /** Read up to `x` bytes of socket `id`; answered by {@link ThreadRecord.Data} or an end. */
  Read: 3,
  /** Write the payload to socket `id`. */
  WriteBytes: 4,
  /** Write `z` bytes of shared memory `x`, starting at offset `y`, to socket `id`. */
  WriteShared: 5,
  /** End the sending half of socket `id`. */
  CloseWrite: 6,
  /** Close socket `id` and forget it. */
  Close: 7,
  /** Let go of shared memory `id`. */
  Forget: 8,
  /** Answer with {@link ThreadRecord.Pong} and the progress of all followers. */
  Ping: 9,
  /** `TCP_NODELAY` of socket `id`: on (`x` is 1) or off (0). */
  NoDelay: 10,
  /** Tail `id` continues with `z` bytes of shared memory `x`, starting at offset `y`. */
  TailPiece: 11,
  /** Nobody follows tail `id` any longer. */
  TailEnd: 12,
  /** Send tail `x` to socket `id`, starting with the tail's next piece. */
  Follow: 13,
  /** Stop that after the piece being sent; answered by {@link ThreadRecord.Unfollowed}. */
  Unfollow: 14,
  /** Port `id` shows another certificate; the payload is `TlsKeys` in JSON. */
  Renew: 15,
  /** Socket `id` wakes its thread once `x` bytes have come. */
  Gather: 16,
  /** From the worker: port `id` is closed in this thread. */
  Unlistened: 19,
  /** Port `x` accepted socket `id`; the payload is its `AcceptedSocket` in JSON. */
  Accepted: 20,
  /** Port `id` could not be opened; the payload is the error. */
  ListenFailed: 21,
  /** Port `id` failed to accept `x` connections since the last such record; the payload is the last error. */
  AcceptFailed: 22,
  /** The payload was read from socket `id`. */
  Data: 23,
  /** The peer of socket `id` has ended its sending. */
  End: 24,
  /** Reading from socket `id` failed; the payload is the error. */
  ReadFailed: 25,
  /** Socket `id` took `x` bytes. */
  Written: 26,
  /** Writing to socket `id` failed, for a write or for a follower; the payload is the error. */
  WriteFailed: 27,
  Pong: 28,
  /** Socket `id` was sent all pieces before number `x`, `y` bytes since the last report; `z` is 1 if more are waiting. */
  Progress: 29,
  /** The same, and the socket no longer follows. */
  Unfollowed: 30,
  /** A client of port `id` did not get through TLS; the payload is its IP address and, on the next line, the reason. */
  HandshakeFailed: 31,
  /** Nothing looks at memory `id` any more, of which the worker was to let go. */
  Forgotten: 32,
} as const;

/** Four numbers, or three and bytes. */
export interface RecordFields {
  readonly kind: number;
  readonly id: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
  /** A view, valid while the record is visited. */
  readonly payload: Uint8Array;
}

const HEADER_WORDS = 6;
const WORD_BYTES = 4;
const nothing = new Uint8Array(0);

/** Collects records to be sent as one message: kind, id, x, y, z, length of the payload, payload. */
export class RecordBatch {
  #words = new Int32Array(1024);
  #usedWords = 0;

  add(kind: number, id: number, x = 0, y = 0, z = 0): void {
    this.#append(kind, id, x, y, z, nothing);
  }

  /** @param payload Copied. */
  addBytes(kind: number, id: number, payload: Uint8Array, x = 0): void {
    this.#append(kind, id, x, 0, 0, payload);
  }

  /** The records added so far as one message; the batch is empty afterwards. */
  take(): ArrayBuffer {
    const bytes = this.#words.buffer.slice(0, this.#usedWords * WORD_BYTES);
    this.#usedWords = 0;
    return bytes;
  }

  #append(kind: number, id: number, x: number, y: number, z: number, payload: Uint8Array): void {
    const at = this.#usedWords;
    const end = at + HEADER_WORDS + Math.ceil(payload.length / WORD_BYTES);
    if (end > this.#words.length) this.#grow(end);
    const words = this.#words;
    words[at] = kind;
    words[at + 1] = id;
    words[at + 2] = x;
    words[at + 3] = y;
    words[at + 4] = z;
    words[at + 5] = payload.length;
    if (payload.length > 0) new Uint8Array(words.buffer).set(payload, (at + HEADER_WORDS) * WORD_BYTES);
    this.#usedWords = end;
  }

  #grow(neededWords: number): void {
    const words = new Int32Array(Math.max(neededWords, this.#words.length * 2));
    words.set(this.#words.subarray(0, this.#usedWords));
    this.#words = words;
  }
}

/** Visits each record of a message made by {@link RecordBatch.take}. */
export function forEachRecord(message: ArrayBuffer, visit: (record: RecordFields) => void): void {
  const words = new Int32Array(message);
  for (let at = 0; at < words.length;) {
    const length = words[at + 5]!;
    const payloadAt = at + HEADER_WORDS;
    visit({
      kind: words[at]!,
      id: words[at + 1]!,
      x: words[at + 2]!,
      y: words[at + 3]!,
      z: words[at + 4]!,
      payload: length === 0 ? nothing : new Uint8Array(message, payloadAt * WORD_BYTES, length),
    });
    at = payloadAt + Math.ceil(length / WORD_BYTES);
  }
}
