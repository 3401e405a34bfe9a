/** Packets of a block: bounds the index when packets are tiny. */
const BLOCK_PACKETS = 2048;
/** What the index has room for at first. */
const FIRST_PACKETS = 128;
/** Where packets end, and their timestamps. */
type Index = readonly [ends: Uint32Array, timestamps: Uint32Array];
const noIndex: Index = [new Uint32Array(0), new Uint32Array(0)];
/**
 * Of blocks that nobody looks at any more. A block lives for some seconds: the collector would let a minute's indexes
 * gather, which are outside of its own heap.
 */
const spareIndexes: Index[] = [];
const MOST_SPARE_INDEXES = 1024;

/**
 * A stretch of a packet log: wire bytes back to back, and where each packet ends.
 *
 * Blocks form a forward list. The log holds the ones from the start of the newest GOP, a slow cursor those from where it
 * stands; see {@link PacketLog} for what becomes of them.
 */
export class LogBlock {
  readonly bytes: Uint8Array;
  /** Number in the log of the first packet. */
  readonly firstIndex: number;
  /** Wire bytes in the log before this block. */
  readonly firstByte: number;
  next: LogBlock | null = null;
  /** Somebody may look at its bytes for who knows how long: they must never change. */
  isKept = false;
  /** Cursors that may look at its bytes, and say when they do no more. */
  readers = 0;
  /** The log has let go of it: its readers are counted there. */
  isLeft = false;
  /** Packets in the block. */
  count = 0;
  #index: Index;
  /** Players that stand at the same place get the same view object. */
  #sharedView: Uint8Array = new Uint8Array(0);
  #sharedFrom = -1;
  #sharedTo = -1;

  /**
   * @param previous Null for the block that a log begins with.
   * @param memory Empty for a block that takes nothing.
   */
  constructor(previous: LogBlock | null, memory: Uint8Array) {
    this.firstIndex = previous === null ? 0 : previous.firstIndex + previous.count;
    this.firstByte = previous === null ? 0 : previous.firstByte + previous.usedBytes;
    this.bytes = memory;
    this.#index = memory.length === 0 ? noIndex : spareIndexes.pop() ?? newIndex(FIRST_PACKETS);
  }

  /** Nobody looks at it any more, nor will: its index is used again. */
  retire(): void {
    const index = this.#index;
    this.#index = noIndex;
    if (index[0].length === FIRST_PACKETS && spareIndexes.length < MOST_SPARE_INDEXES) spareIndexes.push(index);
  }

  /** Bytes in use. */
  get usedBytes(): number {
    return this.endOf(this.count);
  }

  /** True if a packet of that many wire bytes fits. */
  hasRoom(wireBytes: number): boolean {
    return this.count < BLOCK_PACKETS && this.usedBytes + wireBytes <= this.bytes.length;
  }

  /** Enters a packet whose bytes stand from {@link usedBytes} to `end`. */
  commit(end: number, timestampMs: number): void {
    if (this.count === this.#index[0].length) this.#grow();
    const [ends, timestamps] = this.#index;
    ends[this.count] = end;
    timestamps[this.count] = timestampMs;
    this.count++;
  }

  /** Offset after the first `count` packets. */
  endOf(count: number): number {
    return count === 0 ? 0 : this.#index[0][count - 1]!;
  }

  /** Timestamp of a packet of this block. */
  timestampOf(entry: number): number {
    return this.#index[1][entry] ?? 0;
  }

  /** The wire bytes of one packet. */
  packetBytes(entry: number): Uint8Array {
    return this.bytes.subarray(this.endOf(entry), this.endOf(entry + 1));
  }

  /** The wire bytes of the packets `from` up to, not including, `to`. */
  view(from: number, to: number): Uint8Array {
    if (from !== this.#sharedFrom || to !== this.#sharedTo) {
      this.#sharedView = this.bytes.subarray(this.endOf(from), this.endOf(to));
      this.#sharedFrom = from;
      this.#sharedTo = to;
    }
    return this.#sharedView;
  }

  #grow(): void {
    const [ends, timestamps] = this.#index;
    this.#index = newIndex(Math.min(2 * ends.length, BLOCK_PACKETS));
    this.#index[0].set(ends);
    this.#index[1].set(timestamps);
  }
}

function newIndex(packets: number): Index {
  return [new Uint32Array(packets), new Uint32Array(packets)];
}

/** A place in a log: before packet number `entry` of `block`. */
export interface LogPosition {
  block: LogBlock;
  entry: number;
}
