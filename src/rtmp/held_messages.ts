import { ProtocolError } from "../base/errors.ts";

/** From here on the peer should not be read any further. */
const CONGESTED_BYTES = 1024 * 1024;
/** Beyond this the owner did not stop reading in time, or one aggregate came apart into far too many messages. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;
/** What a held message costs besides its payload. */
const OVERHEAD_BYTES = 256;

/** Messages that wait, in order, until a request that came before them is answered. */
export class HeldMessages {
  #waiting: { run: () => void; bytes: number }[] = [];
  #bytes = 0;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** The owner should not read on. */
  get isCongested(): boolean {
    return this.#bytes > CONGESTED_BYTES;
  }

  /**
   * Keeps a message.
   *
   * @param run Handles it.
   * @throws {ProtocolError} If too much waits already.
   */
  hold(payloadBytes: number, run: () => void): void {
    const bytes = payloadBytes + OVERHEAD_BYTES;
    if (this.#bytes + bytes > MAX_HELD_BYTES) {
      throw new ProtocolError("RtmpMsgInvalidSize", `client sent ${this.#bytes} bytes before its request was answered`);
    }
    this.#waiting.push({ run, bytes });
    this.#bytes += bytes;
  }

  /** Handles what waits, as long as `mayGoOn`. */
  drain(mayGoOn: () => boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    let next = 0;
    for (; next < waiting.length && mayGoOn(); next++) {
      this.#bytes -= waiting[next]!.bytes;
      waiting[next]!.run();
    }
    this.#waiting = waiting.slice(next);
  }

  /** Drops what waits. */
  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
