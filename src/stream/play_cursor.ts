import { timestampDiff } from "../rtmp/timestamp.ts";
import type { LogTail } from "./log_tail.ts";
import type { LogBlock, LogPosition } from "./log_block.ts";
import type { StreamHeaders } from "./meta_cache.ts";
import type { MediaPacket } from "./packet.ts";
import { byteIndex, packetIndex, type PacketLog, type StartPoint } from "./packet_log.ts";

/** The newest headers of a stream, for a player that starts where no GOP does. */
export type HeadersNow = () => StreamHeaders;

const nothing: readonly MediaPacket[] = [];

/**
 * Where one player stands in a packet log. It costs one view a flush, whatever the number of packets.
 *
 * What {@link next} gave must not be used any more once it is called again, or the cursor was {@link release}d: the
 * memory is used for something else then. Whoever cannot tell never calls either, and the memory is never used again.
 */
export class PlayCursor {
  readonly #log: PacketLog;
  readonly #headersNow: HeadersNow;
  #block: LogBlock;
  #entry: number;
  /** The block of which the last view was, or a later one that it stands in; null once it is released. */
  #held: LogBlock | null;
  /** Headers to be sent before the next packet. */
  #owed = nothing;
  /**
   * Set where no GOP starts, unless in a run under way: of the headers known at that time those are sent that are in force
   * when the next run begins.
   */
  #owesInForceOnly = false;
  /** The run that they belong to; null for any. */
  #owedOfRun: number | null = null;
  /** Set after a jump that found no newer keyframe: nothing is sent before one comes. */
  #waitsForKeyframe = false;
  #waitsSinceRun = 0;
  /** Set where a publisher had left: if the next one goes on with its GOP, that is where to start. The run to come by then. */
  #startsWithRun: number | null = null;
  #dropped = 0;

  /** @param startAtGop Start at the newest keyframe (`gop_cache on`) or at the live end. */
  constructor(log: PacketLog, headersNow: HeadersNow, startAtGop: boolean) {
    this.#log = log;
    log.isRead = true;
    this.#headersNow = headersNow;
    const start = startAtGop && log.keyframe !== null ? log.keyframe : log.head;
    this.#block = start.block;
    this.#entry = start.entry;
    this.#held = start.block;
    log.enter(start.block);
    this.#oweHeaders(start);
    if (startAtGop && log.keyframe === null && log.endedKeyframe !== null) this.#startsWithRun = log.run;
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
   *
   * @param maxPackets Not more packets than these, headers apart.
   */
  next(maxPackets = Infinity): Uint8Array | null {
    if (this.#held === null) return null;
    const end = this.#limit();
    this.#hold(this.#held);
    const limit = Math.min(end, this.#entry + maxPackets);
    if (this.#entry >= limit) return null;
    if (this.#owed.length > 0) {
      const headers = this.#takeOwed();
      if (headers.length > 0) return this.#log.encode(headers);
    }
    const view = this.#block.view(this.#entry, limit);
    this.#entry = limit;
    return view;
  }

  /** Nothing that it gave is used any more, and it gives nothing more. */
  release(): void {
    if (this.#held !== null) this.#log.leave(this.#held);
    this.#held = null;
  }

  /** Headers that are owed before the next packet, once there is one; see {@link next}. */
  takeHeaders(): readonly MediaPacket[] {
    const limit = this.#limit();
    return this.#owed.length > 0 && this.#entry < limit ? this.#takeOwed() : nothing;
  }

  /** Wire bytes of the next packet alone, headers apart, which may be kept; null when the player has everything. */
  nextPacketBytes(): Uint8Array | null {
    if (this.#held === null) return null;
    const limit = this.#limit();
    this.#hold(this.#held);
    if (this.#entry >= limit) return null;
    this.#block.isKept = true;
    return this.#block.packetBytes(this.#entry++);
  }

  /** The log's live end, as {@link moveTo} knows it. */
  get tail(): LogTail {
    return this.#log.tail;
  }

  /** What comes next needs nothing before it: the bytes of the log are all that is to be sent. */
  get owesNothing(): boolean {
    return this.#owed.length === 0 && !this.#waitsForKeyframe;
  }

  /** It may be left to the tail. */
  get isLive(): boolean {
    const mayStartBehind = this.#startsWithRun === this.#log.run && this.#log.endedKeyframe !== null;
    return this.owesNothing && !mayStartBehind && this.#log.tail.isLiveAt(this.#block, this.#entry);
  }

  /** The tail has sent everything before this place. */
  moveTo(place: LogPosition): void {
    // It has jumped on meanwhile.
    if (!this.owesNothing && packetIndex(place) < this.#index()) return;
    this.#block = place.block;
    this.#entry = place.entry;
    this.#owed = nothing;
    this.#waitsForKeyframe = false;
  }

  /** Stream time of the next packet, or of the last one when everything was sent; null before the first. */
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

  /** Wire bytes between the next packet and the flushed end: what this cursor may keep in memory. */
  lagBytes(): number {
    return byteIndex(this.#log.head) - byteIndex({ block: this.#block, entry: this.#entry });
  }

  /**
   * Leaves out what the player is behind by: it goes on at the newest keyframe, or waits for the next one if it is past
   * that already; a stream without keyframes goes on at its end. Headers are sent again.
   *
   * @returns Packets left out so far by this jump.
   */
  jumpToKeyframe(): number {
    const { keyframe, head, run } = this.#log;
    const from = this.#index();
    const isAhead = keyframe !== null && packetIndex(keyframe) > from;
    if (keyframe !== null && !isAhead) {
      this.#waitsForKeyframe = true;
      this.#waitsSinceRun = run;
    }
    this.#jumpTo(isAhead ? keyframe : head);
    return this.#index() - from;
  }

  /** Goes on at the newest keyframe if it lies ahead, else from where it is: after a pause. */
  skipToNewerKeyframe(): void {
    const { keyframe } = this.#log;
    if (keyframe !== null && packetIndex(keyframe) > this.#index()) this.#jumpTo(keyframe);
  }

  #resumeAtKeyframe(): boolean {
    const { keyframe, head, run } = this.#log;
    const isThere = keyframe !== null && packetIndex(keyframe) >= this.#index();
    // Held at the flushed end, so that the blocks in between can be collected.
    this.#jumpTo(isThere ? keyframe : head);
    // Another publisher may have no video at all.
    this.#waitsForKeyframe = !isThere && run === this.#waitsSinceRun;
    return !this.#waitsForKeyframe;
  }

  #jumpTo(place: LogPosition | StartPoint): void {
    this.#dropped += Math.max(0, packetIndex(place) - this.#index());
    this.#startAt(place);
  }

  #startAt(place: LogPosition | StartPoint): void {
    this.#block = place.block;
    this.#entry = place.entry;
    this.#oweHeaders(place);
  }

  #oweHeaders(place: LogPosition | StartPoint): void {
    const { packets, isInUse } = "headers" in place ? place.headers : this.#headersNow();
    this.#owed = packets;
    this.#owesInForceOnly = !("headers" in place) && !isInUse;
    this.#owedOfRun = "headers" in place ? null : this.#log.run;
  }

  /**
   * Moves out the headers that are owed, with the time of the packet that they stand before. Those that changed since the
   * cursor came here stand in the log, behind it: sent early, they would come twice. Frames before those need the ones that
   * they replaced, unless another publisher sent them.
   */
  #takeOwed(): readonly MediaPacket[] {
    const owed = this.#owed;
    this.#owed = nothing;
    const isOtherRun = this.#owedOfRun !== null && this.#owedOfRun !== this.#log.run;
    const { packets: inForce } = this.#log.firstHeaders ?? this.#headersNow();
    const headers = this.#owesInForceOnly || isOtherRun ? inForce.filter((packet) => owed.includes(packet)) : owed;
    const timestampMs = this.#block.timestampOf(this.#entry);
    return headers.map((packet) => packet.kind === "script" ? packet : { ...packet, timestampMs });
  }

  /** As {@link #advanceBlock}, after a move to where sending may go on; the place itself while it may not. */
  #limit(): number {
    if (this.#startsWithRun !== null) this.#startWithGop(this.#startsWithRun);
    return this.#waitsForKeyframe && !this.#resumeAtKeyframe() ? this.#entry : this.#advanceBlock();
  }

  /**
   * The next publisher goes on with the GOP of the one before: so does this player, from the beginning; or from that of the
   * next GOP, where this one has come to its end by now.
   */
  #startWithGop(run: number): void {
    const { keyframe } = this.#log;
    if (this.#log.run >= run) return;
    this.#startsWithRun = null;
    if (keyframe !== null) this.#startAt(keyframe);
  }

  /** From where it stands it goes on; what was held before is not needed any more. */
  #hold(held: LogBlock): void {
    if (held === this.#block) return;
    this.#log.enter(this.#block);
    this.#log.leave(held);
    this.#held = this.#block;
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
