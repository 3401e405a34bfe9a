import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { MessageType, type RtmpMessage } from "./message.ts";

/** Chunk stream that control messages travel on. Source: RTMP 1.0 §5.4. */
const CONTROL_CSID = 2;

/** User control events. Source: RTMP 1.0 §7.1.7; 31 and 32 are FMS's. */
export const UserControlEvent = {
  StreamBegin: 0,
  StreamEof: 1,
  StreamDry: 2,
  SetBufferLength: 3,
  StreamIsRecorded: 4,
  PingRequest: 6,
  PingResponse: 7,
} as const;

/** A decoded user control message; `value2` is the buffer length of Set Buffer Length, in ms. */
export interface UserControl {
  event: number;
  value: number;
  value2: number;
}

function control(typeId: number, payload: Uint8Array): RtmpMessage {
  return { csid: CONTROL_CSID, typeId, msid: 0, timestampMs: 0, payload };
}

function controlU32(typeId: number, value: number): RtmpMessage {
  return control(typeId, new ByteWriter(4).writeU32(value).view());
}

export function setChunkSize(bytes: number): RtmpMessage {
  return controlU32(MessageType.SetChunkSize, bytes);
}

/** @param total All bytes received so far, modulo 2^32. */
export function acknowledgement(total: number): RtmpMessage {
  return controlU32(MessageType.Acknowledgement, total);
}

export function windowAckSize(bytes: number): RtmpMessage {
  return controlU32(MessageType.WindowAckSize, bytes);
}

/** Set Peer Bandwidth with limit type 2 (dynamic), as SRS sends it. */
export function setPeerBandwidth(bytes: number): RtmpMessage {
  return control(MessageType.SetPeerBandwidth, new ByteWriter(5).writeU32(bytes).writeU8(2).view());
}

export function userControl(event: number, value: number, value2?: number): RtmpMessage {
  const writer = new ByteWriter(10).writeU16(event).writeU32(value);
  if (value2 !== undefined) writer.writeU32(value2);
  return control(MessageType.UserControl, writer.view());
}

/** The 32-bit value at the head of a control message; 0 when the peer sent too few bytes. */
export function readControlValue(payload: Uint8Array): number {
  return payload.length < 4 ? 0 : new ByteReader(payload).readU32();
}

/** Decodes a user control message; null when it is too short to have a meaning. */
export function readUserControl(payload: Uint8Array): UserControl | null {
  if (payload.length < 6) return null;
  const reader = new ByteReader(payload);
  const event = reader.readU16();
  const value = reader.readU32();
  return { event, value, value2: reader.remaining >= 4 ? reader.readU32() : 0 };
}
