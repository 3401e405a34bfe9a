import { ByteWriter, encodeUtf8 } from "../base/bytes.ts";
import { amfClassName, AmfMarker, type AmfObject, type AmfValue, EcmaArray, maxAmfDepth } from "./amf0_value.ts";

/**
 * Encodes values one after another, as in the body of a command or data message.
 *
 * Strings beyond 65535 bytes become long strings; dates carry time zone 0.
 *
 * @throws {RangeError} If values nest deeper than 32 (so also if they contain themselves) or a key is beyond 65535 bytes.
 */
export function encodeAmf0(...values: readonly AmfValue[]): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  for (const value of values) writeValue(out, value, 0);
  return out.take();
}

function writeValue(out: ByteWriter, value: AmfValue, depth: number): void {
  if (value === null) out.writeU8(AmfMarker.Null);
  else if (value === undefined) out.writeU8(AmfMarker.Undefined);
  else if (typeof value === "number") out.writeU8(AmfMarker.Number).writeF64(value);
  else if (typeof value === "boolean") out.writeU8(AmfMarker.Boolean).writeU8(value ? 1 : 0);
  else if (typeof value === "string") writeString(out, value);
  else if (value instanceof Date) out.writeU8(AmfMarker.Date).writeF64(value.getTime()).writeI16(0);
  else writeContainer(out, value, depth + 1);
}

function writeString(out: ByteWriter, text: string): void {
  const bytes = encodeUtf8(text);
  if (bytes.length > 0xffff) out.writeU8(AmfMarker.LongString).writeU32(bytes.length).writeBytes(bytes);
  else out.writeU8(AmfMarker.String).writeU16(bytes.length).writeBytes(bytes);
}

function writeContainer(out: ByteWriter, value: AmfValue[] | AmfObject | EcmaArray, depth: number): void {
  if (depth > maxAmfDepth) throw new RangeError(`Cannot encode AMF0 values nested deeper than ${maxAmfDepth}`);
  if (Array.isArray(value)) {
    out.writeU8(AmfMarker.StrictArray).writeU32(value.length);
    for (const item of value) writeValue(out, item, depth);
  } else if (value instanceof EcmaArray) {
    out.writeU8(AmfMarker.EcmaArray).writeU32(Object.keys(value.entries).length);
    writeProperties(out, value.entries, depth);
  } else if (value[amfClassName] !== undefined) {
    writeKey(out.writeU8(AmfMarker.TypedObject), value[amfClassName]);
    writeProperties(out, value, depth);
  } else {
    writeProperties(out.writeU8(AmfMarker.Object), value, depth);
  }
}

function writeProperties(out: ByteWriter, object: AmfObject, depth: number): void {
  for (const key of Object.keys(object)) {
    writeKey(out, key);
    writeValue(out, object[key], depth);
  }
  out.writeU16(0).writeU8(AmfMarker.ObjectEnd);
}

function writeKey(out: ByteWriter, key: string): void {
  const bytes = encodeUtf8(key);
  if (bytes.length > 0xffff) throw new RangeError(`Cannot encode an AMF0 name of ${bytes.length} bytes`);
  out.writeU16(bytes.length).writeBytes(bytes);
}
