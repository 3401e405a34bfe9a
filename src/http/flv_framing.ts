import { flvWireFormat, type TagFraming, type WireFormat } from "../stream/wire_format.ts";
import { encodeCloseFrame } from "./websocket_reader.ts";

/** What carries a live FLV: a body up to the end of the connection (HTTP/1.0), chunks of HTTP/1.1, a WebSocket. */
export type FlvCarrier = "plain" | "chunks" | "webSocket";

/** Which media a viewer gets. */
export interface FlvTracks {
  readonly audio: boolean;
  readonly video: boolean;
}

const HEX_DIGITS = 7;
const EMPTY = new Uint8Array(0);

const noFraming: TagFraming = {
  headBytes: () => 0,
  tailBytes: 0,
  writeHead() {},
  writeTail() {},
};

/** A chunk of HTTP/1.1 for each tag: `0001a2b CR LF`, the tag, `CR LF`. Source: RFC 9112 §7.1. */
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

/** A binary message of a WebSocket for each tag. What a server sends is not masked: the same bytes suit all clients. */
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

const framings: Readonly<Record<FlvCarrier, TagFraming>> = {
  plain: noFraming,
  chunks: chunkFraming,
  webSocket: webSocketFraming,
};

const ends: Readonly<Record<FlvCarrier, Uint8Array>> = {
  plain: EMPTY,
  chunks: new TextEncoder().encode("0\r\n\r\n"),
  webSocket: encodeCloseFrame(1000),
};

const formats = new Map<string, WireFormat>();

/** The wire format of a carrier and a choice of media: always the same object, by which viewers share a log. */
export function flvFormat(carrier: FlvCarrier, { audio, video }: FlvTracks): WireFormat {
  const name = `${carrier} ${audio} ${video}`;
  const format = formats.get(name) ?? flvWireFormat({ framing: framings[carrier], audio, video });
  formats.set(name, format);
  return format;
}

/** Bytes as one piece of a carrier. */
export function framePiece(carrier: FlvCarrier, piece: Uint8Array): Uint8Array {
  const { headBytes, tailBytes, writeHead, writeTail } = framings[carrier];
  const start = headBytes(piece.length);
  const out = new Uint8Array(start + piece.length + tailBytes);
  writeHead(out, 0, piece.length);
  out.set(piece, start);
  writeTail(out, start + piece.length);
  return out;
}

/** What tells the client that the stream has ended, and was not cut off. */
export function endOf(carrier: FlvCarrier): Uint8Array {
  return ends[carrier];
}

function writeLineEnd(target: Uint8Array, at: number): void {
  target[at] = 13;
  target[at + 1] = 10;
}
