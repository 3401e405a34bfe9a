import { concatBytes } from "../base/bytes.ts";

/** What a box is made of: bytes, other boxes included, or the bytes themselves. */
export type BoxPart = Uint8Array | readonly number[];

const HEAD_BYTES = 8;

/** A box: its size, its type of four letters, then what it holds. Source: ISO/IEC 14496-12 §4.2. */
export function box(type: string, ...parts: readonly BoxPart[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.map((part) => part instanceof Uint8Array ? part : Uint8Array.from(part));
  const size = bytes.reduce((sum, part) => sum + part.length, HEAD_BYTES);
  return concatBytes(Uint8Array.from([...u32(size), ...fourLetters(type)]), ...bytes);
}

/** A box that begins with a version and 24 flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly BoxPart[]): Uint8Array {
  return box(type, [version, flags >>> 16 & 255, flags >>> 8 & 255, flags & 255], ...parts);
}

/** Letters as bytes. */
export function fourLetters(text: string): number[] {
  return Array.from(text, (letter) => letter.charCodeAt(0));
}

/** A number as two bytes. */
export function u16(value: number): number[] {
  return [value >>> 8 & 255, value & 255];
}

/** A number as four bytes. */
export function u32(value: number): number[] {
  return [value >>> 24 & 255, value >>> 16 & 255, value >>> 8 & 255, value & 255];
}

/** A whole number of up to 2^53 as eight bytes. */
export function u64(value: number): number[] {
  return [...u32(Math.floor(value / 2 ** 32)), ...u32(value % 2 ** 32)];
}

/** So many zeros. */
export function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}
