import type { LogBlock } from "./log_block.ts";
import type { LogPosition } from "./packet_log.ts";

/** Bytes of a log, whole packets, that all who follow it are to be sent next. */
export interface LogStretch {
  readonly memory: SharedArrayBuffer;
  readonly from: number;
  readonly to: number;
  /** The place behind it. */
  readonly end: LogPosition;
}

/**
 * The live end of a log, for players that another thread sends to: it is told of each stretch once, and sends it to
 * however many there are.
 */
export class LogFeed {
  readonly #head: () => LogPosition;
  readonly #listeners = new Set<(stretch: LogStretch) => void>();
  /** How far those who follow were told. Null while nobody does: a place holds all blocks behind it. */
  #told: LogPosition | null = null;

  /** @param head The flushed end of the log. */
  constructor(head: () => LogPosition) {
    this.#head = head;
  }

  /** True where one who begins to follow misses nothing and gets nothing twice. */
  isLiveAt(block: LogBlock, entry: number): boolean {
    const live = this.#told ?? this.#head();
    return live.block === block && live.entry === entry;
  }

  /** Calls `onStretch` from here on. @returns Ends that. */
  subscribe(onStretch: (stretch: LogStretch) => void): () => void {
    this.#told ??= this.#head();
    this.#listeners.add(onStretch);
    return () => {
      this.#listeners.delete(onStretch);
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
    const stretch: LogStretch = {
      memory: block.bytes.buffer,
      from: block.endOf(from),
      to: block.endOf(to),
      end: { block, entry: to },
    };
    for (const listener of this.#listeners) listener(stretch);
  }
}
