import { codecBody, codecName } from "../../flv/codec.ts";
import { createExHeader, ExPacketType, hasExHeader, readExHeader } from "../../flv/ex_header.ts";
import type { TagFraming, WireFormat } from "../../stream/wire_format.ts";

/** How the codec's own stream is taken out of audio packets. */
interface Extraction {
  /** Bytes put before each frame. */
  readonly headBytes: number;
  /** The codec's bytes in a payload; empty for what is left out. */
  body(payload: Uint8Array): Uint8Array;
  writeHead(target: Uint8Array, at: number, frameBytes: number): void;
}

const nothing = new Uint8Array(0);
const scratch = createExHeader();
const ADTS_HEADER_BYTES = 7;
/** Frame length, header included, has 13 bits. */
const MAX_ADTS_BYTES = 0x1fff;

/** MP3 frames, one after the other. */
export function mp3WireFormat(framing: TagFraming): WireFormat {
  return audioWireFormat(framing, {
    headBytes: 0,
    body: (payload) => codecName(payload, "audio") === "MP3" ? codecBody(payload, "audio") : nothing,
    writeHead() {},
  });
}

/**
 * AAC frames, each after an ADTS header. Source: ISO/IEC 14496-3 §1.A.3.2.
 *
 * @param header The payload with the AudioSpecificConfig of this moment; null before there is one.
 */
export function aacWireFormat(framing: TagFraming, header: () => Uint8Array | null): WireFormat {
  return audioWireFormat(framing, {
    headBytes: ADTS_HEADER_BYTES,
    body: (payload) => header() === null ? nothing : aacFrame(payload),
    writeHead: (target, at, frameBytes) => writeAdtsHeader(target, at, codecBody(header()!, "audio"), frameBytes),
  });
}

/** One AAC frame after its ADTS header; null if the payload is not one, or the sequence header is missing. */
export function adtsFrame(payload: Uint8Array, header: Uint8Array | null): Uint8Array | null {
  const frame = header === null ? nothing : aacFrame(payload);
  if (frame.length === 0) return null;
  const out = new Uint8Array(ADTS_HEADER_BYTES + frame.length);
  writeAdtsHeader(out, 0, codecBody(header!, "audio"), frame.length);
  out.set(frame, ADTS_HEADER_BYTES);
  return out;
}

function isAacFrame(payload: Uint8Array): boolean {
  if (codecName(payload, "audio") !== "AAC") return false;
  if (!hasExHeader(payload, "audio")) return payload[1] === 1;
  return readExHeader(payload, "audio", scratch) && scratch.packetType === ExPacketType.CodedFrames &&
    scratch.trackId === 0;
}

function aacFrame(payload: Uint8Array): Uint8Array {
  const body = isAacFrame(payload) ? codecBody(payload, "audio") : nothing;
  return body.length + ADTS_HEADER_BYTES > MAX_ADTS_BYTES ? nothing : body;
}

function audioWireFormat(framing: TagFraming, { headBytes, body, writeHead }: Extraction): WireFormat {
  return {
    wireBytes({ kind, payload }) {
      const frame = kind === "audio" ? body(payload) : nothing;
      if (frame.length === 0) return 0;
      const bytes = headBytes + frame.length;
      return framing.headBytes(bytes) + bytes + framing.tailBytes;
    },
    write(target, offset, { kind, payload }) {
      const frame = kind === "audio" ? body(payload) : nothing;
      if (frame.length === 0) return offset;
      const bytes = headBytes + frame.length;
      const start = offset + framing.headBytes(bytes);
      framing.writeHead(target, offset, bytes);
      writeHead(target, start, frame.length);
      target.set(frame, start + headBytes);
      framing.writeTail(target, start + bytes);
      return start + bytes + framing.tailBytes;
    },
  };
}

/** @param config AudioSpecificConfig, of which ADTS has room for the core: object type, rate and channels. */
function writeAdtsHeader(target: Uint8Array, at: number, config: Uint8Array, frameBytes: number): void {
  const bits = ((config[0] ?? 0) << 8) | (config[1] ?? 0);
  const object = bits >>> 11;
  // HE-AAC (5 and 29) is told from its core, LC, by the decoder.
  const profile = object >= 1 && object <= 4 ? object - 1 : 1;
  const rate = (bits >>> 7) & 15;
  const channels = (bits >>> 3) & 7;
  const length = frameBytes + ADTS_HEADER_BYTES;
  target[at] = 0xff;
  target[at + 1] = 0xf1;
  target[at + 2] = (profile << 6) | (rate << 2) | (channels >>> 2);
  target[at + 3] = ((channels & 3) << 6) | (length >>> 11);
  target[at + 4] = length >>> 3;
  target[at + 5] = ((length & 7) << 5) | 0x1f;
  target[at + 6] = 0xfc;
}
