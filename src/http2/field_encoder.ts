import { encodeUtf8 } from "../base/bytes.ts";
import { staticFields } from "./static_fields.ts";

const nameIndex = new Map<string, number>();
const fieldIndex = new Map<string, number>();
for (const [i, [name, value]] of staticFields.entries()) {
  if (!nameIndex.has(name)) nameIndex.set(name, i + 1);
  if (value !== "") fieldIndex.set(`${name} ${value}`, i + 1);
}

/** What only a connection of HTTP/1 can say. Source: RFC 9113 §8.2.2. */
const ofConnections: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade"]);

/**
 * Encodes status and headers of an answer. Nothing of it depends on what was sent before: no table is used, and the peer is
 * told so where it may expect one.
 *
 * @param dropsTable The peer has named another size of the table since the last block.
 */
export function encodeFields(status: number, headers: Iterable<[string, string]>, dropsTable: boolean): Uint8Array {
  const bytes: number[] = dropsTable ? [0x20] : [];
  writeField(bytes, ":status", String(status));
  for (const [name, value] of headers) if (!ofConnections.has(name)) writeField(bytes, name, value);
  return Uint8Array.from(bytes);
}

function writeField(bytes: number[], name: string, value: string): void {
  const known = fieldIndex.get(`${name} ${value}`);
  if (known !== undefined) return writeInteger(bytes, 0x80, 7, known);
  const index = nameIndex.get(name) ?? 0;
  writeInteger(bytes, 0, 4, index);
  if (index === 0) writeText(bytes, name);
  writeText(bytes, value);
}

function writeText(bytes: number[], text: string): void {
  const encoded = encodeUtf8(text);
  writeInteger(bytes, 0, 7, encoded.length);
  for (const byte of encoded) bytes.push(byte);
}

function writeInteger(bytes: number[], first: number, prefixBits: number, value: number): void {
  const most = (1 << prefixBits) - 1;
  if (value < most) return void bytes.push(first | value);
  bytes.push(first | most);
  let rest = value - most;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
}
