import { defaultChunkLimits } from "./chunk_reader.ts";
import { MessageType, type RtmpMessage } from "./message.ts";
import { timestampAdd, timestampDiff } from "./timestamp.ts";

const HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;
/** Servers send some seconds of media at most. All parts are handled at once, and others wait meanwhile. */
const MAX_PARTS = 4096;

/**
 * Splits an Aggregate message into the messages it carries, one at a time, each a view on its payload.
 *
 * Times are moved so that the first part has the time of the aggregate. A part that runs over the end, or an aggregate
 * within an aggregate, ends the split: what came before counts. Only audio, video and data come out, and data no longer
 * than a message of its own might be: an aggregate does not get around the limits. What follows {@link MAX_PARTS} is dropped.
 *
 * Source: RTMP 1.0 §7.1.6; sent by FMS and Wowza when they are pulled from.
 */
export function* splitAggregate(message: RtmpMessage): Generator<RtmpMessage> {
  const { payload } = message;
  let firstMs = 0;
  let parts = 0;
  for (let at = 0; at + HEADER_BYTES <= payload.length && parts < MAX_PARTS; parts++) {
    const typeId = payload[at]!;
    const length = (payload[at + 1]! << 16) | (payload[at + 2]! << 8) | payload[at + 3]!;
    const timeMs =
      ((payload[at + 7]! << 24) | (payload[at + 4]! << 16) | (payload[at + 5]! << 8) | payload[at + 6]!) >>> 0;
    const from = at + HEADER_BYTES;
    if (typeId === MessageType.Aggregate || from + length > payload.length) break;
    if (at === 0) firstMs = timeMs;
    if (length > 0 && mayBePart(typeId, length)) {
      yield {
        csid: message.csid,
        typeId,
        msid: message.msid,
        timestampMs: timestampAdd(message.timestampMs, timestampDiff(timeMs, firstMs)),
        payload: payload.subarray(from, from + length),
      };
    }
    at = from + length + BACK_POINTER_BYTES;
  }
}

function mayBePart(typeId: number, lengthBytes: number): boolean {
  if (typeId === MessageType.Audio || typeId === MessageType.Video) return true;
  const isData = typeId === MessageType.Data || typeId === MessageType.DataAmf3;
  return isData && lengthBytes <= defaultChunkLimits.maxCommandBytes;
}
