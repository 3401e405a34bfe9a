import { H2Error, H2ErrorCode } from "./h2_error.ts";
import { decodeHuffman } from "./huffman.ts";
import { staticFields } from "./static_fields.ts";

/** One field, one character a byte. */
export type Field = readonly [name: string, value: string];

/** What the table of a connection holds: the default of HTTP/2, which nobody has to agree upon. */
const TABLE_BYTES = 4096;
/** What an entry counts besides its text. */
const ENTRY_BYTES = 32;

/** Reads the fields of one connection's requests, in the order in which they came. Source: RFC 7541. */
export class FieldDecoder {
  /** The newest first. */
  readonly #table: Field[] = [];
  #tableBytes = 0;
  #maxBytes = TABLE_BYTES;

  /**
   * Reads a whole block.
   *
   * @param mostBytes Fields beyond it are read and left out.
   * @returns The fields, and whether some were left out.
   * @throws {H2Error} `CompressionError`: nothing that follows can be understood.
   */
  decode(block: Uint8Array, mostBytes: number): { fields: Field[]; isTooLong: boolean } {
    const input = new BlockReader(block);
    const fields: Field[] = [];
    let leftBytes = mostBytes;
    while (!input.isAtEnd) {
      const first = input.peek();
      if ((first & 0xe0) === 0x20) {
        this.#resize(input.integer(5), fields.length > 0 || leftBytes !== mostBytes);
        continue;
      }
      const field = this.#next(input, first);
      leftBytes -= sizeOf(field);
      if (leftBytes >= 0) fields.push(field);
    }
    return { fields, isTooLong: leftBytes < 0 };
  }

  #next(input: BlockReader, first: number): Field {
    if ((first & 0x80) !== 0) return this.#find(input.integer(7));
    const isKept = (first & 0x40) !== 0;
    const index = input.integer(isKept ? 6 : 4);
    const name = index === 0 ? input.text() : this.#find(index)[0];
    const field = [name, input.text()] as const;
    if (isKept) this.#keep(field);
    return field;
  }

  #find(index: number): Field {
    const field = index <= staticFields.length ? staticFields[index - 1] : this.#table[index - staticFields.length - 1];
    if (field === undefined) throw broken(`no field has the index ${index}`);
    return field;
  }

  #keep(field: Field): void {
    this.#tableBytes += sizeOf(field);
    this.#table.unshift(field);
    this.#evict();
  }

  #resize(bytes: number, isLate: boolean): void {
    if (bytes > TABLE_BYTES || isLate) throw broken("a table size that was not agreed upon");
    this.#maxBytes = bytes;
    this.#evict();
  }

  #evict(): void {
    while (this.#tableBytes > this.#maxBytes) this.#tableBytes -= sizeOf(this.#table.pop()!);
  }
}

/** Numbers and texts of a block. */
class BlockReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw broken("it ends too early");
    return byte;
  }

  integer(prefixBits: number): number {
    const most = (1 << prefixBits) - 1;
    let value = this.peek() & most;
    this.#at++;
    if (value < most) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.peek();
      this.#at++;
      value += (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) return value;
    }
    throw broken("a number that is too large");
  }

  text(): string {
    const isHuffman = (this.peek() & 0x80) !== 0;
    const length = this.integer(7);
    if (length > this.#bytes.length - this.#at) throw broken("it ends too early");
    const bytes = this.#bytes.subarray(this.#at, this.#at += length);
    return isHuffman ? decodeHuffman(bytes) : latin1(bytes);
  }
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  return text;
}

function sizeOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_BYTES;
}

function broken(what: string): H2Error {
  return new H2Error(H2ErrorCode.CompressionError, `malformed header block: ${what}`);
}
