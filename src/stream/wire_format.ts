import { messageWireBytes, writeMessage } from "../rtmp/chunk_writer.ts";
import { MessageType } from "../rtmp/message.ts";
import type { MediaPacket } from "./packet.ts";

/** How packets become the bytes that every player of one log receives. */
export interface WireFormat {
  /** Bytes that {@link write} will fill. */
  wireBytes(packet: MediaPacket): number;
  /** Writes the packet at `offset` and returns the offset behind it. */
  write(target: Uint8Array, offset: number, packet: MediaPacket): number;
}

/** One chunk stream a kind; the message stream is the one that every connection of this server has. */
const route = {
  audio: { csid: 4, typeId: MessageType.Audio, msid: 1 },
  video: { csid: 6, typeId: MessageType.Video, msid: 1 },
  script: { csid: 7, typeId: MessageType.Data, msid: 1 },
} as const;

/** RTMP chunks of one size: each message begins with a type 0 chunk, so its bytes suit any connection at any moment. */
export function rtmpWireFormat(chunkSizeBytes: number): WireFormat {
  return {
    wireBytes: ({ kind, timestampMs, payload }) =>
      messageWireBytes(route[kind].csid, timestampMs, payload.length, chunkSizeBytes),
    write(target, offset, { kind, timestampMs, payload }) {
      const { csid, typeId, msid } = route[kind];
      return writeMessage(target, offset, { csid, typeId, msid, timestampMs, payload }, chunkSizeBytes);
    },
  };
}
