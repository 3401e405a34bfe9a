/** A small seeded generator (xorshift32): the same seed gives the same numbers on every machine. */
export class Prng {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  /** Unsigned 32-bit, never 0. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return this.next() % below;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next() >>> 8);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick from nothing");
    return item;
  }
}

const strangeBytes = [0x00, 0x01, 0x03, 0x09, 0x11, 0x7f, 0x80, 0x90, 0xfe, 0xff];

/** A copy of `bytes` with one to four random damages: bits, lengths, lost, doubled, strange and foreign bytes. */
export function mutate(bytes: Uint8Array, prng: Prng): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let left = 1 + prng.below(4); left > 0; left--) out = damage(out, prng);
  return out;
}

function damage(bytes: Uint8Array, prng: Prng): Uint8Array {
  const at = prng.below(bytes.length + 1);
  const run = 1 + prng.below(8);
  switch (prng.below(8)) {
    case 0:
      return set(bytes, at, [(bytes[at] ?? 0) ^ 1 << prng.below(8)]);
    case 1:
      return set(bytes, at, [prng.pick(strangeBytes)]);
    case 2:
      return set(bytes, at, new Array<number>(run).fill(prng.pick(strangeBytes)));
    case 3:
      return set(bytes, at, prng.bytes(run));
    case 4:
      return splice(bytes, at, run, []);
    case 5:
      return splice(bytes, at, 0, bytes.subarray(at, at + run * 4));
    case 6:
      return splice(bytes, at, 0, prng.bytes(run));
    default:
      return bytes.slice(0, at);
  }
}

function set(bytes: Uint8Array, at: number, values: ArrayLike<number>): Uint8Array {
  for (let i = 0; i < values.length && at + i < bytes.length; i++) bytes[at + i] = values[i] ?? 0;
  return bytes;
}

function splice(bytes: Uint8Array, at: number, remove: number, insert: ArrayLike<number>): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...Array.from(insert), ...bytes.subarray(at + remove)]);
}
