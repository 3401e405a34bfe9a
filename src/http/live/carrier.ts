import type { TagFraming } from "../../stream/wire_format.ts";
import { encodeCloseFrame } from "./websocket_reader.ts";

/** What carries a live stream: a body up to the end of the connection (HTTP/1.0), chunks of HTTP/1.1, a WebSocket. */
export type Carrier = "plain" | "chunks" | "webSocket";

const HEX_DIGITS = 7;
const EMPTY = new Uint8Array(0);

const noFraming: TagFraming = {
  headBytes: () => 0,
  tailBytes: 0,
  writeHead() {},
  writeTail() {},
};

/** A chunk of HTTP/1.1 for each piece: `0001a2b CR LF`, the piece, `CR LF`. Source: RFC 9112 §7.1. */
const chunkFraming: TagFraming = {
  headBytes: () => HEX_DIGITS + 2,
  tailBytes: 2,
  writeHead(target, at, tagBytes) {
    for (let i = 0; i < HEX_DIGITS; i++) {
      const digit = (tagBytes >>> (4 * (HEX_DIGITS - 1 - i))) & 15;
      target[at + i] = digit < 10 ? 48 + digit : 87 + digit;
    }
    writeLineEnd(target, at + HEX_DIGITS);
  },
  writeTail: writeLineEnd,
};

/** A binary message of a WebSocket for each piece. What a server sends is not masked: the same bytes suit all clients. */
const webSocketFraming: TagFraming = {
  headBytes: (tagBytes) => tagBytes < 126 ? 2 : tagBytes < 0x10000 ? 4 : 10,
  tailBytes: 0,
  writeHead(target, at, tagBytes) {
    const view = new DataView(target.buffer, target.byteOffset + at);
    const short = tagBytes < 126 ? tagBytes : tagBytes < 0x10000 ? 126 : 127;
    view.setUint16(0, 0x8200 | short);
    if (short === 126) view.setUint16(2, tagBytes);
    else if (short === 127) view.setBigUint64(2, BigInt(tagBytes));
  },
  writeTail() {},
};

const framings: Readonly<Record<Carrier, TagFraming>> = {
  plain: noFraming,
  chunks: chunkFraming,
  webSocket: webSocketFraming,
};

const ends: Readonly<Record<Carrier, Uint8Array>> = {
  plain: EMPTY,
  chunks: new TextEncoder().encode("0\r\n\r\n"),
  webSocket: encodeCloseFrame(1000),
};

/** What stands around each piece of a stream. */
export function framingOf(carrier: Carrier): TagFraming {
  return framings[carrier];
}

/** Bytes as one piece of a carrier. */
export function framePiece(carrier: Carrier, piece: Uint8Array): Uint8Array {
  const { headBytes, tailBytes, writeHead, writeTail } = framings[carrier];
  const start = headBytes(piece.length);
  const out = new Uint8Array(start + piece.length + tailBytes);
  writeHead(out, 0, piece.length);
  out.set(piece, start);
  writeTail(out, start + piece.length);
  return out;
}

/** What tells the client that the stream has ended, and was not cut off. */
export function endOf(carrier: Carrier): Uint8Array {
  return ends[carrier];
}

function writeLineEnd(target: Uint8Array, at: number): void {
  target[at] = 13;
  target[at + 1] = 10;
}
