import type { MediaPacket } from "./packet.ts";
import type { PlayCursor } from "./play_cursor.ts";
import type { ReadableWireFormat } from "./wire_format.ts";

/**
 * Where somebody stands in a packet log who wants packets instead of wire bytes: one that sends them on in a form of its
 * own. The packets are those that a player gets as bytes, in the same order.
 */
export class PacketCursor {
  readonly #cursor: PlayCursor;
  readonly #format: ReadableWireFormat;
  /** Headers that are still to be handed out, the next one last. */
  #headers: MediaPacket[] = [];

  /** @param format The one of the log. */
  constructor(cursor: PlayCursor, format: ReadableWireFormat) {
    this.#cursor = cursor;
    this.#format = format;
  }

  /**
   * The next packet: first headers if some are owed, then what comes, up to the flushed end; null when there is no more.
   *
   * Its payload may be a view of the log: it must not be written to.
   */
  next(): MediaPacket | null {
    const header = this.#headers.pop();
    if (header !== undefined) return header;
    const headers = this.#cursor.takeHeaders();
    if (headers.length === 0) {
      const bytes = this.#cursor.nextPacketBytes();
      return bytes === null ? null : this.#format.read(bytes);
    }
    this.#headers = headers.toReversed();
    return this.#headers.pop() ?? null;
  }

  /** It gives nothing more. */
  release(): void {
    this.#cursor.release();
  }

  /** See {@link PlayCursor.lagMs}. */
  lagMs(): number {
    return this.#cursor.lagMs();
  }

  /** See {@link PlayCursor.jumpToKeyframe}. */
  jumpToKeyframe(): number {
    return this.#cursor.jumpToKeyframe();
  }
}
