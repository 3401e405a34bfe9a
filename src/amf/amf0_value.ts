/** Symbol under which a decoded typed object keeps its class name. Classes are never instantiated by name. */
export const amfClassName: unique symbol = Symbol("amfClassName");

/** An AMF0 object; decoded ones have no prototype, so that a key such as `__proto__` is a plain key. */
export interface AmfObject {
  [key: string]: AmfValue;
  [amfClassName]?: string;
}

/** Makes the encoder write an ECMA array (marker 8). Decoding gives a plain {@link AmfObject} for both kinds. */
export class EcmaArray {
  constructor(readonly entries: AmfObject) {}
}

/** Any value AMF0 can carry. XML documents decode to their text, "unsupported" to undefined. */
export type AmfValue = number | boolean | string | null | undefined | Date | AmfValue[] | AmfObject | EcmaArray;

/** True for objects with named properties: not for null, arrays, dates and {@link EcmaArray}. */
export function isAmfObject(value: AmfValue): value is AmfObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) &&
    !(value instanceof EcmaArray);
}

/** Type markers. Source: AMF 0 specification §2.1. */
export const AmfMarker = {
  Number: 0x00,
  Boolean: 0x01,
  String: 0x02,
  Object: 0x03,
  Null: 0x05,
  Undefined: 0x06,
  Reference: 0x07,
  EcmaArray: 0x08,
  ObjectEnd: 0x09,
  StrictArray: 0x0a,
  Date: 0x0b,
  LongString: 0x0c,
  Unsupported: 0x0d,
  XmlDocument: 0x0f,
  TypedObject: 0x10,
  Amf3: 0x11,
} as const;

/** Deepest nesting of objects and arrays, in both directions. */
export const maxAmfDepth = 32;
