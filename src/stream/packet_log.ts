import { BlockPool } from "./block_pool.ts";
import { LogBlock, type LogPosition } from "./log_block.ts";
import { LogTail } from "./log_tail.ts";
import type { MediaPacket } from "./packet.ts";
import type { StreamHeaders } from "./meta_cache.ts";
import type { WireFormat } from "./wire_format.ts";

/** Bytes of a block of a slow stream, or of one that nobody plays: what it takes is what it costs. */
const LEAST_BLOCK_BYTES = 32 * 1024;
/** Bytes of a block, unless one packet alone needs more. */
const MOST_BLOCK_BYTES = 2 * 1024 * 1024;
/**
 * How many of the largest flushes a block is for: what is left over at its end is lost, and so is what lies before the
 * keyframe in the block where the newest GOP begins.
 */
const BLOCK_FLUSHES = 2;
/** The largest flush, that with the keyframe, counts for about a GOP. */
const USUAL_DECAY = 0.97;

/** A place where a player may start, with the headers its decoder needs there. */
export interface StartPoint extends LogPosition {
  headers: StreamHeaders;
}

/**
 * A stream's packets, encoded once, in the order of arrival. Players are cursors into it; it is also the GOP cache.
 *
 * What was appended can be seen by cursors after the next {@link flush}: all players then get the same run of bytes.
 *
 * A block that is older than the newest GOP is used again once no cursor needs it, nor anything behind which a cursor
 * still has to read. Otherwise it is left to the garbage collector, and with it all that comes until that cursor has
 * caught up: a log does not wait for anybody.
 */
export class PacketLog {
  readonly #format: WireFormat;
  readonly #pool: BlockPool;
  /** Empty at first: a stream that players only wait for costs no block. */
  #tail = new LogBlock(null, new Uint8Array(0));
  /** The first block that may still be needed. */
  #oldest = this.#tail;
  /** The first block that was still needed when all cursors were told of the flush. */
  #toldOf = this.#tail;
  /** Cursors in blocks that were left to the garbage collector. */
  #behind = 0;
  /**
   * There are cursors: a flush is one write for each, if it fits into a block. The first one sets it, and who knows that
   * none will move any more resets it.
   */
  isRead = false;
  #head: LogPosition = { block: this.#tail, entry: 0 };
  #keyframe: StartPoint | null = null;
  #pendingKeyframe: StartPoint | null = null;
  /** Where the newest GOP of the publisher began that has left, until another one begins. */
  #endedKeyframe: StartPoint | null = null;
  #unflushedBytes = 0;
  /** Bytes of a typical flush: a block that cannot hold one more is left early, so that a flush is one write. */
  #usualFlushBytes = 0;
  #sealed = false;
  #run = 0;
  /** Of the last run that has begun. */
  #firstHeaders: { readonly run: number; readonly headers: StreamHeaders } | null = null;
  /** For players that another thread sends to. */
  readonly tail = new LogTail(() => this.#head);

  constructor(format: WireFormat, pool = new BlockPool()) {
    this.#format = format;
    this.#pool = pool;
  }

  /** A cursor may look at the bytes of a block, until it {@link leave}s. */
  enter(block: LogBlock): void {
    if (block.isLeft) this.#behind++;
    else block.readers++;
  }

  /** A cursor is done with a block, and with all before it. */
  leave(block: LogBlock): void {
    if (block.isLeft) this.#behind--;
    else block.readers--;
  }

  /** The flushed end: where cursors stop. */
  get head(): LogPosition {
    return this.#head;
  }

  /** The newest place a player may start at; null when there is none. */
  get keyframe(): StartPoint | null {
    return this.#keyframe;
  }

  /** Where the newest GOP of the publisher begins that has left; null when there is none. */
  get endedKeyframe(): StartPoint | null {
    return this.#endedKeyframe;
  }

  /** Counts the publishers that have left; one less when the next one goes on where the one before left off. */
  get run(): number {
    return this.#run;
  }

  /** What was in force at the first frame of the publisher that is there; null before that, or where it was not seen. */
  get firstHeaders(): StreamHeaders | null {
    return this.#firstHeaders?.run === this.#run ? this.#firstHeaders.headers : null;
  }

  /** True if something waits to be flushed. */
  get hasUnflushed(): boolean {
    return this.#unflushedBytes > 0;
  }

  /** Packets appended so far. */
  get packetCount(): number {
    return this.#tail.firstIndex + this.#tail.count;
  }

  /** True if a place to start at waits to be flushed. */
  get hasUnflushedKeyframe(): boolean {
    return this.#pendingKeyframe !== null;
  }

  /** Timestamp of the last flushed packet. */
  get headTimestampMs(): number {
    const { block, entry } = this.#head;
    return entry > 0 ? block.timestampOf(entry - 1) : 0;
  }

  /**
   * Encodes a packet of any kind, unless the format leaves it out; its payload may be reused by the caller afterwards.
   *
   * @param atMs Place in stream time, for packets that bear another time on the wire.
   */
  append(packet: MediaPacket, atMs = packet.timestampMs): void {
    const wireBytes = this.#format.wireBytes(packet);
    if (wireBytes === 0) return;
    const block = this.#blockFor(wireBytes);
    const end = this.#format.write(block.bytes, block.usedBytes, packet);
    block.commit(end, atMs);
    this.#unflushedBytes += wireBytes;
  }

  /** Marks the next packet as a place to start at. */
  startGop(headers: StreamHeaders): void {
    this.#pendingKeyframe = { block: this.#tail, entry: this.#tail.count, headers };
    this.#endedKeyframe = null;
  }

  /** Forgets where players may start. */
  clearGop(): void {
    this.#keyframe = this.#pendingKeyframe = null;
  }

  /** The next packet is the first frame of a publisher. */
  beginRun(headers: StreamHeaders): void {
    this.#firstHeaders = { run: this.#run, headers };
  }

  /** The publisher has left: what the next one sends is another stream. */
  endRun(): void {
    this.#endedKeyframe = this.#keyframe ?? this.#endedKeyframe;
    this.clearGop();
    this.#run++;
  }

  /** The next publisher goes on where the one before left off. */
  resumeRun(): void {
    this.#keyframe = this.#endedKeyframe;
    this.#run--;
  }

  /**
   * Lets cursors see everything appended so far.
   *
   * @param wakesAll All are told. By the next time all but the slow have moved on; what these still need then is left to
   * the collector.
   */
  flush(wakesAll = true): void {
    if (wakesAll) this.#releaseBlocks(this.#toldOf, true);
    if (this.hasUnflushed) this.#show();
    // Nobody needs what is older than the newest place to start at.
    const needed = (this.#keyframe ?? this.#endedKeyframe ?? this.#head).block;
    this.#releaseBlocks(needed, false);
    if (wakesAll) this.#toldOf = needed;
  }

  #show(): void {
    this.#usualFlushBytes = Math.max(this.#unflushedBytes, this.#usualFlushBytes * USUAL_DECAY);
    this.#unflushedBytes = 0;
    this.#head = { block: this.#tail, entry: this.#tail.count };
    if (this.#pendingKeyframe !== null) {
      this.#keyframe = this.#pendingKeyframe;
      this.#pendingKeyframe = null;
    }
    this.#sealed = this.isRead && !this.#tail.hasRoom(this.#usualFlushBytes);
  }

  /** @param leavesRead Lets go of what cursors still need, too. */
  #releaseBlocks(end: LogBlock, leavesRead: boolean): void {
    for (let block = this.#oldest; block !== end; block = block.next!) {
      const isFree = this.#behind === 0 && block.readers === 0 && !this.tail.isFollowed;
      if (!isFree && !leavesRead) return;
      if (isFree && !block.isKept) this.#pool.giveBack(block.bytes);
      this.#behind += block.readers;
      block.isLeft = true;
      this.#oldest = block.next!;
      if (block === this.#toldOf) this.#toldOf = this.#oldest;
    }
  }

  /** Visits each flushed packet of the newest GOP: its wire bytes, and its place in stream time. */
  forEachOfGop(visit: (bytes: Uint8Array, atMs: number) => void): void {
    this.#forEachFrom(this.#keyframe, visit);
  }

  /** As {@link forEachOfGop}, of the publisher that has left, and all that came after it. */
  forEachOfEndedGop(visit: (bytes: Uint8Array, atMs: number) => void): void {
    this.#forEachFrom(this.#endedKeyframe, visit);
  }

  #forEachFrom(start: LogPosition | null, visit: (bytes: Uint8Array, atMs: number) => void): void {
    if (start === null) return;
    let { block, entry }: LogPosition = start;
    for (;; block = block.next, entry = 0) {
      // Who visits may keep what it sees.
      block.isKept = true;
      const isLast = block === this.#head.block;
      const end = isLast ? this.#head.entry : block.count;
      for (; entry < end; entry++) {
        visit(block.packetBytes(entry), block.timestampOf(entry));
      }
      if (isLast || block.next === null) return;
    }
  }

  /** Encodes packets as {@link append} does, apart from the log. */
  encode(packets: readonly MediaPacket[]): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(packets.reduce((sum, packet) => sum + this.#format.wireBytes(packet), 0));
    let at = 0;
    for (const packet of packets) at = this.#format.write(out, at, packet);
    return out;
  }

  #blockFor(wireBytes: number): LogBlock {
    const tail = this.#tail;
    if (!this.#sealed && tail.hasRoom(wireBytes)) return tail;
    this.#sealed = false;
    const wantedBytes = this.isRead ? Math.min(Math.ceil(this.#usualFlushBytes) * BLOCK_FLUSHES, MOST_BLOCK_BYTES) : 0;
    const memory = this.#pool.take(Math.max(LEAST_BLOCK_BYTES, wantedBytes, wireBytes));
    const block = new LogBlock(tail, memory);
    tail.next = block;
    this.#tail = block;
    // A GOP that was to begin at the end of the old block begins here.
    const pending = this.#pendingKeyframe;
    if (pending !== null && pending.block === tail && pending.entry === tail.count) {
      pending.block = block;
      pending.entry = 0;
    }
    return block;
  }
}

/** Number of the packet after a position, counted from the start of the stream. */
export function packetIndex({ block, entry }: LogPosition): number {
  return block.firstIndex + entry;
}

/** Wire bytes before a position, counted from the start of the stream. */
export function byteIndex({ block, entry }: LogPosition): number {
  return block.firstByte + block.endOf(entry);
}
