import { concatBytes, encodeUtf8 } from "../../../src/base/bytes.ts";
import { encodeFrame, type Frame, FrameFlag, FrameReader, FrameType } from "../../../src/http2/frame.ts";

/** What a client of HTTP/2 begins with, its settings as well. */
export function h2Preface(settings: readonly (readonly [id: number, value: number])[] = []): Uint8Array {
  const payload = new Uint8Array(settings.length * 6);
  const view = new DataView(payload.buffer);
  for (const [i, [id, value]] of settings.entries()) {
    view.setUint16(i * 6, id);
    view.setUint32(i * 6 + 2, value);
  }
  return concatBytes(encodeUtf8("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), encodeFrame(FrameType.Settings, 0, 0, payload));
}

/** Fields without table and Huffman code. */
export function h2Block(fields: readonly (readonly [name: string, value: string])[]): Uint8Array {
  const text = (value: string) => {
    const bytes = encodeUtf8(value);
    const length = bytes.length < 127 ? [bytes.length] : [127, ...continued(bytes.length - 127)];
    return [...length, ...bytes];
  };
  return Uint8Array.from(fields.flatMap(([name, value]) => [0, ...text(name), ...text(value)]));
}

function continued(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...continued(value >>> 7)];
}

/** A request as one frame. */
export function h2Request(
  streamId: number,
  path: string,
  more: readonly (readonly [name: string, value: string])[] = [],
  method = "GET",
): Uint8Array {
  const block = h2Block([
    [":method", method],
    [":scheme", "https"],
    [":path", path],
    [":authority", "localhost"],
    ...more,
  ]);
  return encodeFrame(FrameType.Headers, FrameFlag.EndHeaders | FrameFlag.EndStream, streamId, block);
}

/** The bytes of a number, as payloads have them. */
export function h2Number(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** All frames in some bytes, with payloads of their own. */
export function h2Frames(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  new FrameReader().push(bytes, (frame) => frames.push({ ...frame, payload: frame.payload.slice() }));
  return frames;
}
