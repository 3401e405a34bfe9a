import { MessageType, type RtmpMessage } from "./message.ts";
import { timestampAdd, timestampDiff } from "./timestamp.ts";

const HEADER_BYTES = 11;
const BACK_POINTER_BYTES = 4;

/**
 * Splits an Aggregate message into the messages it carries, each a view on its payload.
 *
 * Times are moved so that the first part has the time of the aggregate. A part that runs over the end, or an aggregate
 * within an aggregate, ends the split: what came before is kept.
 *
 * Source: RTMP 1.0 §7.1.6; sent by FMS and Wowza when they are pulled from.
 */
export function splitAggregate(message: RtmpMessage): RtmpMessage[] {
  const { payload } = message;
  const parts: RtmpMessage[] = [];
  let firstMs = 0;
  for (let at = 0; at + HEADER_BYTES <= payload.length;) {
    const typeId = payload[at]!;
    const length = (payload[at + 1]! << 16) | (payload[at + 2]! << 8) | payload[at + 3]!;
    const timeMs =
      ((payload[at + 7]! << 24) | (payload[at + 4]! << 16) | (payload[at + 5]! << 8) | payload[at + 6]!) >>> 0;
    const from = at + HEADER_BYTES;
    if (typeId === MessageType.Aggregate || from + length > payload.length) break;
    if (at === 0) firstMs = timeMs;
    if (length > 0) {
      const timestampMs = timestampAdd(message.timestampMs, timestampDiff(timeMs, firstMs));
      parts.push({
        csid: message.csid,
        typeId,
        msid: message.msid,
        timestampMs,
        payload: payload.subarray(from, from + length),
      });
    }
    at = from + length + BACK_POINTER_BYTES;
  }
  return parts;
}
