import { isLent, type LogMemory, sharedMemory } from "../base/log_memory.ts";

/** Blocks come in sizes of this, twice this and so on: one that is given back fits the next. */
const LEAST_BYTES = 32 * 1024;
/** Free memory that is kept; what is beyond is left to the garbage collector. */
const MOST_FREE_BYTES = 16 * 1024 * 1024;

/**
 * Memory for the blocks of all logs of a process.
 *
 * The garbage collector does not look before much has gathered: what certainly nobody reads any more is used again at
 * once, so that a stream costs little more than its newest GOP, and the processor has seen the memory before.
 */
export class BlockPool {
  readonly #memory: LogMemory;
  readonly #free = new Map<number, Uint8Array[]>();
  #freeBytes = 0;

  constructor(memory: LogMemory = sharedMemory) {
    this.#memory = memory;
  }

  /** Memory for at least so many bytes; what is in it is not defined. */
  take(bytes: number): Uint8Array {
    let size = LEAST_BYTES;
    while (size < bytes) size *= 2;
    const free = this.#free.get(size)?.pop();
    if (free === undefined) return this.#memory(size);
    this.#freeBytes -= size;
    return free;
  }

  /** Takes memory of {@link take} back: nobody of this thread may look at it any more. */
  giveBack(memory: Uint8Array): void {
    const { length } = memory;
    if (length === 0 || isLent(memory.buffer) || this.#freeBytes + length > MOST_FREE_BYTES) return;
    this.#freeBytes += length;
    const free = this.#free.get(length);
    if (free === undefined) this.#free.set(length, [memory]);
    else free.push(memory);
  }
}
