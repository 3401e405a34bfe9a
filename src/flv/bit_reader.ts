/** Reads bits, highest first, from codec headers. Past the end it reads zeros and remembers that. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #pos = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True once a read went past the end: what was read is not to be trusted. */
  get isOverrun(): boolean {
    return this.#pos > this.#bytes.length * 8;
  }

  readBit(): number {
    const byte = this.#bytes[this.#pos >>> 3] ?? 0;
    return byte >>> 7 - (this.#pos++ & 7) & 1;
  }

  readFlag(): boolean {
    return this.readBit() === 1;
  }

  /** An unsigned number of up to 32 bits. */
  readBits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.readBit();
    return value;
  }

  skip(count: number): void {
    this.#pos += count;
  }

  /** Unsigned exp-Golomb: `ue(v)`; also AV1's `uvlc()`. Longer codes than 32 bits count as an overrun. */
  readUe(): number {
    let zeros = 0;
    while (!this.isOverrun && this.readBit() === 0) zeros++;
    if (zeros > 31) this.#pos = this.#bytes.length * 8 + 1;
    return this.isOverrun ? 0 : 2 ** zeros - 1 + this.readBits(zeros);
  }

  /** Signed exp-Golomb: `se(v)`. */
  readSe(): number {
    const code = this.readUe();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}

/** Removes the bytes that keep start codes out of an H.264 or HEVC NAL unit (`00 00 03` stands for `00 00`). */
export function removeEmulationPrevention(nalu: Uint8Array): Uint8Array {
  return nalu.filter((byte, i) => !(byte === 3 && i >= 2 && nalu[i - 1] === 0 && nalu[i - 2] === 0));
}
