import { codecBody, codecName } from "../../flv/codec.ts";
import { aacFrame, ADTS_HEADER_BYTES, writeAdtsHeader } from "../../mpegts/adts.ts";
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
