interface Waiting {
  readonly bytes: number;
  start(): void;
}

/** Bounds what is fetched from other servers at one moment, of all streams together. */
export class FetchBudget {
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #waiting = new Set<Waiting>();
  #count = 0;
  #bytes = 0;

  /** @param maxBytes Of everything that is on its way; a single thing may have more. */
  constructor(maxCount: number, maxBytes: number) {
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  /** Waits for room, first come, first served; the room is free again when this is disposed of. */
  async take(bytes: number): Promise<Disposable> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add({ bytes, start: resolve });
    this.#next();
    await promise;
    return {
      [Symbol.dispose]: () => {
        this.#count--;
        this.#bytes -= bytes;
        this.#next();
      },
    };
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      const isRoom = this.#count < this.#maxCount && this.#bytes + waiting.bytes <= this.#maxBytes;
      if (!isRoom && this.#count > 0) return;
      this.#waiting.delete(waiting);
      this.#count++;
      this.#bytes += waiting.bytes;
      waiting.start();
    }
  }
}
