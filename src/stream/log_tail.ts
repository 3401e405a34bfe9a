import type { LiveTail, TailPiece } from "../base/live_tail.ts";
import type { LogBlock, LogPosition } from "./log_block.ts";

/**
 * The live end of a log, for players that another thread sends to: it is told of each piece once, and sends it to
 * however many there are.
 */
export class LogTail implements LiveTail<LogPosition> {
  readonly #head: () => LogPosition;
  readonly #listeners = new Set<(piece: TailPiece<LogPosition>) => void>();
  /** How far the followers were told. Null while there are none: a place keeps alive all blocks after it. */
  #told: LogPosition | null = null;

  /** @param head The flushed end of the log. */
  constructor(head: () => LogPosition) {
    this.#head = head;
  }

  /** Somebody is told, and may look at what it was told of for who knows how long. */
  get isFollowed(): boolean {
    return this.#listeners.size > 0;
  }

  /** True where one who begins to follow misses nothing and gets nothing twice. */
  isLiveAt(block: LogBlock, entry: number): boolean {
    const live = this.#told ?? this.#head();
    return live.block === block && live.entry === entry;
  }

  /** Calls `onPiece` from here on. @returns Ends that. */
  subscribe(onPiece: (piece: TailPiece<LogPosition>) => void): () => void {
    this.#told ??= this.#head();
    this.#listeners.add(onPiece);
    return () => {
      this.#listeners.delete(onPiece);
      if (this.#listeners.size === 0) this.#told = null;
    };
  }

  /** Tells of what was flushed since the last time. */
  tell(): void {
    if (this.#told === null) return;
    const head = this.#head();
    let { block, entry } = this.#told;
    this.#told = head;
    for (;; entry = 0) {
      const to = block === head.block ? head.entry : block.count;
      if (to > entry) this.#emit(block, entry, to);
      if (block === head.block || block.next === null) return;
      block = block.next;
    }
  }

  #emit(block: LogBlock, from: number, to: number): void {
    const piece: TailPiece<LogPosition> = {
      memory: block.bytes.buffer,
      from: block.endOf(from),
      to: block.endOf(to),
      end: { block, entry: to },
    };
    for (const listener of this.#listeners) listener(piece);
  }
}
