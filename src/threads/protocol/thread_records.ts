/** What one thread tells another about the sockets that the other has no hold of. */
export const ThreadRecord = {
  /** To the worker: listen; the payload is the address. */
  Listen: 1,
  Unlisten: 2,
  /** Read up to `x` bytes of socket `id`; answered by {@link ThreadRecord.Data} or an end. */
  Read: 3,
  /** Write the payload. */
  WriteBytes: 4,
  /** Write `z` bytes of shared memory `x` from offset `y` on. */
  WriteShared: 5,
  CloseWrite: 6,
  Close: 7,
  /** Let go of shared memory `id`. */
  Forget: 8,
  /** Asks for a sign of life. */
  Ping: 9,
  /** Small segments of socket `id` leave at once (`x` is 1), or wait (0). */
  NoDelay: 10,
  /** LiveTail `id` goes on with `z` bytes of shared memory `x` from offset `y` on. */
  TailPiece: 11,
  /** Nobody follows tail `id` any more. */
  TailEnd: 12,
  /** Socket `id` is sent tail `x` from its next piece on. */
  Follow: 13,
  /** No longer, behind the piece that is being sent. */
  Unfollow: 14,
  /** Listener `id` shows another certificate; the payload is that and its key. */
  Renew: 15,
  /** From the worker: listener `id` is closed, its port is free. */
  Unlistened: 19,
  /** Socket `id` was accepted by listener `x`; the payload is its addresses. */
  Accepted: 20,
  /** Listener `id` does not work; the payload says why. */
  ListenFailed: 21,
  /** Listener `id` could not accept `x` connections since the last such record; the payload says why. */
  AcceptFailed: 22,
  /** The payload was read. */
  Data: 23,
  /** The peer ended its sending. */
  End: 24,
  ReadFailed: 25,
  /** `x` bytes were taken. */
  Written: 26,
  WriteFailed: 27,
  Pong: 28,
  /** Socket `id` was sent all before piece `x`, `y` bytes since the last such record; `z` is 1 if there are more. */
  Progress: 29,
  /** The same, and it no longer follows. */
  Unfollowed: 30,
  /** Listener `id` came to no TLS handshake; the payload is the client's address and, in the next line, why. */
  HandshakeFailed: 31,
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

/** Records one behind the other, to be sent as one message: kind, id, x, y, z, length of the payload, payload. */
export class RecordBatch {
  #words = new Int32Array(1024);
  #usedWords = 0;

  /** Nothing was added since the last {@link take}. */
  get isEmpty(): boolean {
    return this.#usedWords === 0;
  }

  add(kind: number, id: number, x = 0, y = 0, z = 0): void {
    this.#append(kind, id, x, y, z, nothing);
  }

  /** @param payload Copied. */
  addBytes(kind: number, id: number, payload: Uint8Array, x = 0): void {
    this.#append(kind, id, x, 0, 0, payload);
  }

  /** What was added, of no use to this batch any more. */
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
