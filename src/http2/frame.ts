import { H2Error, H2ErrorCode } from "./h2_error.ts";

/** Source: RFC 9113 §6. */
export const FrameType = {
  Data: 0,
  Headers: 1,
  Priority: 2,
  RstStream: 3,
  Settings: 4,
  PushPromise: 5,
  Ping: 6,
  GoAway: 7,
  WindowUpdate: 8,
  Continuation: 9,
} as const;

/** Flags of frames; `Ack` and `EndStream` are of different types. */
export const FrameFlag = { Ack: 1, EndStream: 1, EndHeaders: 4, Padded: 8, Priority: 0x20 } as const;

/** Payloads are no longer, in either direction: what every peer takes. */
export const MAX_PAYLOAD_BYTES = 16_384;
/** Length, type, flags, stream. */
export const FRAME_HEAD_BYTES = 9;

/** One frame. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  /** 0: the connection. */
  readonly streamId: number;
  /** Only lent. */
  readonly payload: Uint8Array;
}

/** Writes the head of a frame. */
export function writeFrameHead(target: Uint8Array, at: number, frame: Omit<Frame, "payload">, bytes: number): void {
  target[at] = bytes >>> 16;
  target[at + 1] = bytes >>> 8;
  target[at + 2] = bytes;
  target[at + 3] = frame.type;
  target[at + 4] = frame.flags;
  target[at + 5] = frame.streamId >>> 24;
  target[at + 6] = frame.streamId >>> 16;
  target[at + 7] = frame.streamId >>> 8;
  target[at + 8] = frame.streamId;
}

/** A whole frame. */
export function encodeFrame(type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEAD_BYTES + payload.length);
  writeFrameHead(bytes, 0, { type, flags, streamId }, payload.length);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return bytes;
}

/** Cuts a connection's bytes into frames; memory grows with what has come, up to one frame. */
export class FrameReader {
  #bytes = new Uint8Array(256);
  #used = 0;

  /**
   * @param onFrame Told of each whole frame, in order.
   * @throws {H2Error} `FrameSizeError`.
   */
  push(bytes: Uint8Array, onFrame: (frame: Frame) => void): void {
    let at = 0;
    while (at < bytes.length) {
      const wanted = this.#used < FRAME_HEAD_BYTES ? FRAME_HEAD_BYTES : FRAME_HEAD_BYTES + this.#payloadBytes();
      const count = Math.min(wanted - this.#used, bytes.length - at);
      this.#add(bytes.subarray(at, at + count));
      at += count;
      if (this.#used < FRAME_HEAD_BYTES) return;
      const size = FRAME_HEAD_BYTES + this.#payloadBytes();
      if (this.#used < size) continue;
      const [, , , type = 0, flags = 0] = this.#bytes;
      const streamId = new DataView(this.#bytes.buffer).getUint32(5) & 0x7fff_ffff;
      this.#used = 0;
      onFrame({ type, flags, streamId, payload: this.#bytes.subarray(FRAME_HEAD_BYTES, size) });
    }
  }

  #payloadBytes(): number {
    const bytes = (this.#bytes[0]! << 16) | (this.#bytes[1]! << 8) | this.#bytes[2]!;
    if (bytes > MAX_PAYLOAD_BYTES) throw new H2Error(H2ErrorCode.FrameSizeError, `a frame of ${bytes} bytes`);
    return bytes;
  }

  #add(bytes: Uint8Array): void {
    const used = this.#used + bytes.length;
    if (used > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(used, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used = used;
  }
}
