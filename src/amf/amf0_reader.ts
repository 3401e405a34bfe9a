import { ByteReader, decodeUtf8, encodeUtf8 } from "../base/bytes.ts";
import { ProtocolError } from "../base/errors.ts";
import { amfClassName, AmfMarker, type AmfObject, type AmfValue, isAmfObject, maxAmfDepth } from "./amf0_value.ts";

const maxKeys = 1024;
const maxReferencedValues = 65_536;

/**
 * Decodes all values of a message body.
 *
 * Lenient where known encoders are sloppy: objects may lack their end marker at the end of input, counts of ECMA
 * arrays are ignored, and after at least one whole value, bytes that begin no value or a cut-off simple one are
 * dropped. Caps: depth 32, 1024 properties an object, lengths and counts within the input.
 *
 * @throws {ProtocolError} `RtmpAmf0Decode` if anything else is malformed, or a value is AMF3.
 */
export function decodeAmf0(bytes: Uint8Array): AmfValue[] {
  const reader = new ByteReader(bytes);
  const decoder = new Decoder(reader);
  const values: AmfValue[] = [];
  while (reader.remaining > 0) {
    if (values.length > 0 && isTrailingGarbage(reader)) break;
    values.push(decoder.readValue(0));
  }
  return values;
}

/**
 * Reads one value; strings are copied, `reader` ends after the value.
 *
 * @throws {ProtocolError} As {@link decodeAmf0}, also at the end of input.
 */
export function readAmf0(reader: ByteReader): AmfValue {
  return new Decoder(reader).readValue(0);
}

/** True when the next byte is no marker, or the marker of a simple value that the input does not hold in full. */
function isTrailingGarbage(reader: ByteReader): boolean {
  const left = reader.remaining - 1;
  switch (reader.peekU8()) {
    case AmfMarker.Null:
    case AmfMarker.Undefined:
    case AmfMarker.Unsupported:
    case AmfMarker.Object:
    case AmfMarker.EcmaArray:
    case AmfMarker.StrictArray:
    case AmfMarker.TypedObject:
    case AmfMarker.Amf3:
      return false;
    case AmfMarker.Number:
      return left < 8;
    case AmfMarker.Boolean:
      return left < 1;
    case AmfMarker.Reference:
      return left < 2;
    case AmfMarker.Date:
      return left < 10;
    case AmfMarker.String:
      return left < 2 || left - 2 < peekU16(reader, 1);
    case AmfMarker.LongString:
    case AmfMarker.XmlDocument:
      return left < 4 || left - 4 < peekU16(reader, 1) * 0x1_0000 + peekU16(reader, 3);
    default:
      return true;
  }
}

function peekU16(reader: ByteReader, ahead: number): number {
  return (reader.peekU8(ahead) << 8) | reader.peekU8(ahead + 1);
}

function malformed(text: string): ProtocolError {
  return new ProtocolError("RtmpAmf0Decode", `AMF0: ${text}`);
}

class Decoder {
  readonly #reader: ByteReader;
  /** Objects and arrays in order of appearance: what a reference counts. Null while one is still being read. */
  readonly #seen: (AmfObject | AmfValue[] | null)[] = [];
  #referencedLeft = maxReferencedValues;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  readValue(depth: number): AmfValue {
    const marker = this.#need(1).readU8();
    switch (marker) {
      case AmfMarker.Number:
        return this.#need(8).readF64();
      case AmfMarker.Boolean:
        return this.#need(1).readU8() !== 0;
      case AmfMarker.String:
        return this.#readText(this.#need(2).readU16());
      case AmfMarker.LongString:
      case AmfMarker.XmlDocument:
        return this.#readText(this.#need(4).readU32());
      case AmfMarker.Null:
        return null;
      case AmfMarker.Undefined:
      case AmfMarker.Unsupported:
        return undefined;
      case AmfMarker.Date:
        return this.#readDate();
      case AmfMarker.Object:
        return this.#readObject(depth);
      case AmfMarker.TypedObject:
        return this.#readObject(depth, this.#readName());
      case AmfMarker.EcmaArray:
        this.#need(4).readU32(); // a hint that encoders get wrong
        return this.#readObject(depth);
      case AmfMarker.StrictArray:
        return this.#readStrictArray(depth);
      case AmfMarker.Reference:
        return this.#resolve(this.#need(2).readU16(), depth);
      case AmfMarker.Amf3:
        throw malformed("switches to AMF3, which is not supported");
      default:
        throw malformed(`unknown marker ${marker} at byte ${this.#reader.position - 1}`);
    }
  }

  #need(count: number): ByteReader {
    if (this.#reader.remaining < count) {
      throw malformed(`${count} bytes expected at byte ${this.#reader.position}, ${this.#reader.remaining} left`);
    }
    return this.#reader;
  }

  #readText(length: number): string {
    return decodeUtf8(this.#need(length).readBytes(length));
  }

  #readName(): string {
    const length = this.#need(2).readU16();
    const name = this.#readText(length);
    // Malformed UTF-8 grows to U+FFFD, three bytes each: what is accepted here must fit when it is encoded again.
    if (length > 0xffff / 3 && encodeUtf8(name).length > 0xffff) throw malformed(`name of ${length} malformed bytes`);
    return name;
  }

  #readDate(): Date {
    const atMs = this.#need(10).readF64();
    this.#reader.readI16(); // time zone: reserved, "should be 0"
    return new Date(atMs);
  }

  /** Begins an object or array inside `depth` others; returns its reference number. */
  #open(depth: number): number {
    if (depth >= maxAmfDepth) throw malformed(`nested deeper than ${maxAmfDepth}`);
    return this.#seen.push(null) - 1;
  }

  #readObject(depth: number, className?: string): AmfObject {
    const index = this.#open(depth);
    const object: AmfObject = Object.create(null);
    if (className !== undefined) object[amfClassName] = className;
    for (let keys = 0; !this.#skipObjectEnd(); keys++) {
      if (keys === maxKeys) throw malformed(`more than ${maxKeys} properties`);
      const key = this.#readName();
      object[key] = this.readValue(depth + 1);
    }
    this.#seen[index] = object;
    return object;
  }

  #skipObjectEnd(): boolean {
    const reader = this.#reader;
    // Shorter than any property: some encoders leave the end marker of the last object out, whole or in part.
    if (reader.remaining < 3) return reader.readRest().every((byte) => byte === 0) || this.#failAtEnd();
    if (peekU16(reader, 0) !== 0 || reader.peekU8(2) !== AmfMarker.ObjectEnd) return false;
    reader.readU24();
    return true;
  }

  #failAtEnd(): never {
    throw malformed(`property cut off at byte ${this.#reader.position}`);
  }

  #readStrictArray(depth: number): AmfValue[] {
    const count = this.#need(4).readU32();
    if (count > this.#reader.remaining) throw malformed(`array of ${count} in ${this.#reader.remaining} bytes`);
    const index = this.#open(depth);
    const items: AmfValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.readValue(depth + 1));
    this.#seen[index] = items;
    return items;
  }

  #resolve(index: number, depth: number): AmfValue {
    const value = this.#seen[index];
    if (value === undefined || value === null) throw malformed(`reference ${index} to nothing that is complete`);
    this.#countReferenced(value, depth);
    return value;
  }

  /** Walks a referenced value as if it stood here, so that references can neither nest nor multiply without bound. */
  #countReferenced(value: AmfValue, depth: number): void {
    if (--this.#referencedLeft < 0) throw malformed(`references to more than ${maxReferencedValues} values`);
    const children = Array.isArray(value) ? value : isAmfObject(value) ? Object.values(value) : null;
    if (children === null) return;
    if (depth >= maxAmfDepth) throw malformed(`nested deeper than ${maxAmfDepth}`);
    for (const child of children) this.#countReferenced(child, depth + 1);
  }
}
