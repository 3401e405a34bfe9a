/**
 * One RTMP message, put together from its chunks.
 *
 * Source: RTMP 1.0 §5.3.1.2 (message header), §6 (message formats).
 */
export interface RtmpMessage {
  /** Chunk stream id, 2..65599. */
  csid: number;
  typeId: number;
  /** Message stream id; 0 is the NetConnection itself. */
  msid: number;
  /** Unsigned 32-bit milliseconds; wraps. */
  timestampMs: number;
  payload: Uint8Array;
}

/** Message type ids. Source: RTMP 1.0 §5.4, §7.1. */
export const MessageType = {
  SetChunkSize: 1,
  Abort: 2,
  Acknowledgement: 3,
  UserControl: 4,
  WindowAckSize: 5,
  SetPeerBandwidth: 6,
  Audio: 8,
  Video: 9,
  DataAmf3: 15,
  SharedObjectAmf3: 16,
  CommandAmf3: 17,
  Data: 18,
  SharedObject: 19,
  Command: 20,
  Aggregate: 22,
} as const;
