/** Where a box lies among bytes. */
export interface BoxPlace {
  readonly type: string;
  /** Of its head. */
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
}

/** More boxes side by side are not looked at. */
const MAX_BOXES = 4096;

/** The head of a box that begins at a place; null where there is none, as far as the bytes tell. */
export function readBoxHead(bytes: Uint8Array, start = 0): { type: string; headBytes: number; size: number } | null {
  if (start + 8 > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(start);
  const type = String.fromCharCode(...bytes.subarray(start + 4, start + 8));
  if (size !== 1) return { type, headBytes: 8, size: size === 0 ? Infinity : size };
  if (start + 16 > bytes.length) return null;
  return { type, headBytes: 16, size: Number(view.getBigUint64(start + 8)) };
}

/** The boxes that lie one behind the other in a part of the bytes; what is not whole is left out. */
export function readBoxes(bytes: Uint8Array, from = 0, to = bytes.length): BoxPlace[] {
  const found: BoxPlace[] = [];
  for (let start = from; start < to && found.length < MAX_BOXES;) {
    const head = readBoxHead(bytes.subarray(0, to), start);
    if (head === null || head.size < head.headBytes || start + head.size > to) break;
    found.push({ type: head.type, start, bodyStart: start + head.headBytes, end: start + head.size });
    start += head.size;
  }
  return found;
}

/** The first box along a path of types, from inside a part of the bytes; null where there is none. */
export function findBox(bytes: Uint8Array, path: readonly string[], from = 0, to = bytes.length): BoxPlace | null {
  const [type, ...inner] = path;
  const place = readBoxes(bytes, from, to).find((box) => box.type === type);
  if (place === undefined) return null;
  return inner.length === 0 ? place : findBox(bytes, inner, place.bodyStart, place.end);
}
