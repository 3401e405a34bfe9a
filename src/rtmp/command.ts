import { type AmfObject, type AmfValue, decodeAmf0, encodeAmf0, isAmfObject } from "../amf/amf0.ts";
import { ProtocolError } from "../base/errors.ts";
import { MessageType, type RtmpMessage } from "./message.ts";

/** Chunk streams of SRS: NetConnection commands, and commands of a stream. */
export const COMMAND_CSID = 3;
export const STREAM_COMMAND_CSID = 5;

/**
 * Command by which a server of our kind tells another one how it is; nobody answers. What it says stands in place of the
 * command object: servers look for the answer to a redirect among the arguments.
 */
export const NODE_COMMAND = "srsTsNode";
/** The same, by which a server that plays a stream asks for it without the pauses in which it is gathered for players. */
export const HASTE_COMMAND = "srsTsHaste";
/** Member of the arguments of `connect`, and of the answer to it, by which servers of our kind tell who they are. */
export const NODE_MEMBER = "srs_ts_node";
/** Member of the answer to `connect` by which a server tells that it is an edge: `edge`. */
export const ROLE_MEMBER = "srs_ts_role";

/** A remote call: name, transaction, command object, further arguments. Source: RTMP 1.0 §7.1.1, §7.2. */
export interface RtmpCommand {
  name: string;
  /** 0 when no answer is wanted; also for peers that send none, NaN or Infinity. */
  transactionId: number;
  object: AmfValue;
  args: AmfValue[];
}

/**
 * Decodes a command message, AMF0 (20) or AMF3-framed (17: one format byte, then AMF0).
 *
 * Missing arguments are let pass (Haivision, cameras). Returns null for ffmpeg's four-byte timecode data that begins with 0.
 *
 * @throws {ProtocolError} If it does not begin with a string, or the AMF0 is malformed.
 */
export function decodeCommand(message: RtmpMessage): RtmpCommand | null {
  const { payload, typeId } = message;
  if (payload.length === 4 && payload[0] === 0) return null;
  const framed = typeId === MessageType.CommandAmf3 && payload[0] === 0;
  const [name, transactionId, object = null, ...args] = decodeAmf0(framed ? payload.subarray(1) : payload);
  if (typeof name !== "string") throw new ProtocolError("RtmpAmf0Decode", "command without a name");
  const usable = typeof transactionId === "number" && Number.isFinite(transactionId);
  return { name, transactionId: usable ? transactionId : 0, object, args };
}

/** Options of {@link encodeCommand}. */
export interface CommandRoute {
  csid: number;
  msid: number;
}

/** Encodes a command as an AMF0 message (20). */
export function encodeCommand(
  route: CommandRoute,
  name: string,
  transactionId: number,
  ...values: readonly AmfValue[]
): RtmpMessage {
  const payload = encodeAmf0(name, transactionId, ...values);
  return { ...route, typeId: MessageType.Command, timestampMs: 0, payload };
}

/** A value as an object; an empty one when it is something else. */
export function asObject(value: AmfValue): AmfObject {
  return isAmfObject(value) ? value : Object.create(null);
}

/** A value as a string; empty when it is something else (Wirecast sends `false` for a name). */
export function asString(value: AmfValue): string {
  return typeof value === "string" ? value : "";
}

/** A value as a finite number, or `fallback`. */
export function asNumber(value: AmfValue, fallback: number): number {
  return typeof value === "number" && Number.isFinite(value) ? value : fallback;
}
