import type { LiveSource } from "../../stream/live_source.ts";
import { isFrame, type MediaPacket } from "../../stream/packet.ts";

/** A server that does not come to the frames of the one before takes over all the same then: it may have other ones. */
const LIMIT_MS = 2000;
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * What a server sends that is to take over a source from another one, which still feeds it: kept until it reaches as far,
 * so that no frame is missing at the change, whoever of the two is ahead.
 */
export class Overlap {
  readonly #source: LiveSource;
  #packets: MediaPacket[] = [];
  #bytes = 0;
  #sinceMs = 0;

  constructor(source: LiveSource) {
    this.#source = source;
  }

  /** A frame, or what came behind one. */
  add(packet: MediaPacket, nowMs: number): void {
    if (this.#packets.length === 0) this.#sinceMs = nowMs;
    this.#packets.push(packet);
    this.#bytes += packet.payload.length;
  }

  /** What is to be published now that the server may take over, from a frame on that the source has; null before. */
  take(nowMs: number): MediaPacket[] | null {
    if (this.#packets.length === 0) return null;
    const frames = this.#packets.filter(isFrame);
    const from = this.#source.isActive ? this.#source.findContinuation(frames) : -1;
    const mayWait = this.#source.isActive && nowMs - this.#sinceMs < LIMIT_MS && this.#bytes < MAX_BYTES;
    if (from < 0 && mayWait) return null;
    return this.#packets.slice(from < 0 ? 0 : this.#packets.indexOf(frames[from]!));
  }
}
