import { flvTagHeaderBytes, FlvTagType, writeFlvTag } from "../flv/tag.ts";
import { messageWireBytes, writeMessage } from "../rtmp/chunk_writer.ts";
import { MessageType } from "../rtmp/message.ts";
import type { MediaPacket, PacketKind } from "./packet.ts";

/** How packets become the bytes that every player of one log receives. */
export interface WireFormat {
  /** Bytes that {@link write} will fill; 0 for a packet that this format leaves out. */
  wireBytes(packet: MediaPacket): number;
  /** Writes the packet at `offset` and returns the offset after it. */
  write(target: Uint8Array, offset: number, packet: MediaPacket): number;
}

/** A format from whose bytes packets can be had back. */
export interface ReadableWireFormat extends WireFormat {
  /**
   * @param bytes What {@link write} wrote, all of it.
   * @returns The packet. The payload of audio and video is a view of the bytes where it lies there in one piece, else a copy.
   */
  read(bytes: Uint8Array): MediaPacket;
}

/** One chunk stream a kind; the message stream is the one that every connection of this server has. */
const route = {
  audio: { csid: 4, typeId: MessageType.Audio, msid: 1 },
  video: { csid: 6, typeId: MessageType.Video, msid: 1 },
  script: { csid: 7, typeId: MessageType.Data, msid: 1 },
} as const;

const kindOfType = new Map<number, PacketKind>([
  [MessageType.Audio, "audio"],
  [MessageType.Video, "video"],
  [MessageType.Data, "script"],
]);
const EXTENDED = 0xffffff;
const CHUNK_HEADER_BYTES = 12;

/** RTMP chunks of one size: each message begins with a type 0 chunk, so its bytes suit any connection at any moment. */
export function rtmpWireFormat(chunkSizeBytes: number): ReadableWireFormat {
  return {
    wireBytes: ({ kind, timestampMs, payload }) =>
      messageWireBytes(route[kind].csid, timestampMs, payload.length, chunkSizeBytes),
    write(target, offset, { kind, timestampMs, payload }) {
      const { csid, typeId, msid } = route[kind];
      return writeMessage(target, offset, { csid, typeId, msid, timestampMs, payload }, chunkSizeBytes);
    },
    read(bytes) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const extendedBytes = view.getUint32(0) % 2 ** 24 === EXTENDED ? 4 : 0;
      const timestampMs = extendedBytes > 0 ? view.getUint32(CHUNK_HEADER_BYTES) : view.getUint32(0) % 2 ** 24;
      const kind = kindOfType.get(view.getUint8(7)) ?? "script";
      const lengthBytes = view.getUint32(4) >>> 8;
      let from = CHUNK_HEADER_BYTES + extendedBytes;
      // Text decoders take no shared memory, as that of a log is.
      if (lengthBytes <= chunkSizeBytes && kind !== "script") {
        return { kind, timestampMs, payload: bytes.subarray(from, from + lengthBytes) };
      }
      const payload = new Uint8Array(lengthBytes);
      for (let at = 0; at < payload.length; at += chunkSizeBytes) {
        const piece = bytes.subarray(from, from + Math.min(chunkSizeBytes, payload.length - at));
        payload.set(piece, at);
        from += piece.length + 1 + extendedBytes;
      }
      return { kind, timestampMs, payload };
    },
  };
}

/** Bytes around each FLV tag, for what carries the tags; they depend on its length only. */
export interface TagFraming {
  /** Bytes written before a tag. */
  headBytes(tagBytes: number): number;
  /** Bytes written after a tag. */
  readonly tailBytes: number;
  /** Writes the bytes before a tag. */
  writeHead(target: Uint8Array, at: number, tagBytes: number): void;
  /** Writes the bytes after a tag. */
  writeTail(target: Uint8Array, at: number): void;
}

/** Options of {@link flvWireFormat}. */
export interface FlvWireOptions {
  framing: TagFraming;
  /** Leaves audio, or video, out. */
  audio: boolean;
  video: boolean;
}

const tagType = { audio: FlvTagType.Audio, video: FlvTagType.Video, script: FlvTagType.Script } as const;
const PREVIOUS_TAG_SIZE_BYTES = 4;

/** FLV tags with their PreviousTagSize, each within its framing. */
export function flvWireFormat({ framing, audio, video }: FlvWireOptions): WireFormat {
  const isCarried = { audio, video, script: true };
  const tagBytes = (payload: Uint8Array) => flvTagHeaderBytes + payload.length + PREVIOUS_TAG_SIZE_BYTES;
  return {
    wireBytes({ kind, payload }) {
      if (!isCarried[kind]) return 0;
      const bytes = tagBytes(payload);
      return framing.headBytes(bytes) + bytes + framing.tailBytes;
    },
    write(target, offset, { kind, timestampMs, payload }) {
      if (!isCarried[kind]) return offset;
      const bytes = tagBytes(payload);
      const start = offset + framing.headBytes(bytes);
      framing.writeHead(target, offset, bytes);
      const end = writeFlvTag(target, start, { type: tagType[kind], timestampMs, payload });
      framing.writeTail(target, end);
      return end + framing.tailBytes;
    },
  };
}
