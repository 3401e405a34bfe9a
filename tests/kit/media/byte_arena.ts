const BLOCK_BYTES = 64 * 1024;
/** What is larger gets memory of its own. */
const MOST_BYTES = 4 * 1024;

/** Copies bytes into large blocks: many small copies cost one allocation. A block lives as long as one of its copies. */
export class ByteArena {
  #block = new Uint8Array(0);
  #used = 0;

  copy(view: Uint8Array): Uint8Array {
    if (view.length > MOST_BYTES) return view.slice();
    if (this.#used + view.length > this.#block.length) {
      this.#block = new Uint8Array(BLOCK_BYTES);
      this.#used = 0;
    }
    const copy = this.#block.subarray(this.#used, this.#used + view.length);
    copy.set(view);
    this.#used += view.length;
    return copy;
  }
}
