import { timestampDiff } from "../rtmp/timestamp.ts";
import type { LogBlock } from "./log_block.ts";
import type { StreamHeaders } from "./meta_cache.ts";
import { packetIndex, type PacketLog } from "./packet_log.ts";

/** The newest headers of a stream, for a player that starts where no GOP does. */
export type HeadersNow = () => StreamHeaders;

/**
 * Where one player stands in a packet log. It costs one view a flush, whatever the number of packets.
 */
export class PlayCursor {
  readonly #log: PacketLog;
  readonly #headersNow: HeadersNow;
  #block: LogBlock;
  #entry: number;
  /** Headers to be sent before the next packet; a function where they are known only then. */
  #owedHeaders: StreamHeaders | HeadersNow | null;
  /** Set after a jump that found no newer keyframe: nothing is sent before one comes. */
  #waitsForKeyframe = false;
  #dropped = 0;

  /** @param startAtGop Start at the newest keyframe (`gop_cache on`) or at the live end. */
  constructor(log: PacketLog, headersNow: HeadersNow, startAtGop: boolean) {
    this.#log = log;
    this.#headersNow = headersNow;
    const start = startAtGop && log.keyframe !== null ? log.keyframe : log.head;
    this.#block = start.block;
    this.#entry = start.entry;
    this.#owedHeaders = start === log.keyframe ? log.keyframe.headers : headersNow;
  }

  /** Packets passed over because the player was too slow, or was paused. */
  get droppedPackets(): number {
    return this.#dropped;
  }

  /**
   * The next bytes to send, whole packets all of them: first headers if some are owed, then up to the flushed end or the
   * end of a block; null when the player has everything.
   *
   * The view is shared: it must not be written to.
   */
  next(): Uint8Array | null {
    if (this.#waitsForKeyframe && !this.#resumeAtKeyframe()) return null;
    const limit = this.#advanceBlock();
    if (this.#entry >= limit) return null;
    if (this.#owedHeaders !== null) {
      const headers = typeof this.#owedHeaders === "function" ? this.#owedHeaders() : this.#owedHeaders;
      this.#owedHeaders = null;
      if (headers.packets.length > 0) return this.#log.encodeHeaders(headers, this.#block.timestampOf(this.#entry));
    }
    const view = this.#block.view(this.#entry, limit);
    this.#entry = limit;
    return view;
  }

  /** Stream time of the next packet, or of the last one when everything was sent; null before there was any. */
  get timestampMs(): number | null {
    const limit = this.#advanceBlock();
    if (this.#entry < limit) return this.#block.timestampOf(this.#entry);
    return this.#entry > 0 ? this.#block.timestampOf(this.#entry - 1) : null;
  }

  /** How much stream time lies between the next packet and the flushed end. */
  lagMs(): number {
    const limit = this.#advanceBlock();
    if (this.#entry >= limit) return 0;
    return Math.max(0, timestampDiff(this.#log.headTimestampMs, this.#block.timestampOf(this.#entry)));
  }

  /**
   * Leaves out what the player is behind by: it goes on at the newest keyframe, or waits for the next one if it is past
   * that already; a stream without keyframes goes on at its end. Headers are sent again.
   *
   * @returns Packets left out so far by this jump.
   */
  jumpToKeyframe(): number {
    const { keyframe, head } = this.#log;
    const from = this.#index();
    if (keyframe !== null && packetIndex(keyframe) <= from) this.#waitsForKeyframe = true;
    const target = keyframe !== null && !this.#waitsForKeyframe ? keyframe : head;
    const skipped = packetIndex(target) - from;
    this.#moveTo(target.block, target.entry, target === keyframe ? keyframe.headers : this.#headersNow);
    return skipped;
  }

  /** Goes on at the newest keyframe if it lies ahead, else from where it is: after a pause. */
  skipToNewerKeyframe(): void {
    const { keyframe } = this.#log;
    if (keyframe !== null && packetIndex(keyframe) > this.#index()) {
      this.#moveTo(keyframe.block, keyframe.entry, keyframe.headers);
    }
  }

  #resumeAtKeyframe(): boolean {
    const { keyframe } = this.#log;
    if (keyframe === null || packetIndex(keyframe) < this.#index()) {
      // Held at the flushed end, so that the blocks in between can be collected.
      const { block, entry } = this.#log.head;
      this.#moveTo(block, entry, this.#headersNow);
      return false;
    }
    this.#waitsForKeyframe = false;
    this.#moveTo(keyframe.block, keyframe.entry, keyframe.headers);
    return true;
  }

  #moveTo(block: LogBlock, entry: number, headers: StreamHeaders | HeadersNow): void {
    this.#dropped += Math.max(0, block.firstIndex + entry - this.#index());
    this.#block = block;
    this.#entry = entry;
    this.#owedHeaders = headers;
  }

  #index(): number {
    return this.#block.firstIndex + this.#entry;
  }

  /** Steps over exhausted blocks; returns the number of packets of the current block that may be sent. */
  #advanceBlock(): number {
    const head = this.#log.head;
    while (this.#block !== head.block && this.#entry >= this.#block.count && this.#block.next !== null) {
      this.#block = this.#block.next;
      this.#entry = 0;
    }
    return this.#block === head.block ? head.entry : this.#block.count;
  }
}
