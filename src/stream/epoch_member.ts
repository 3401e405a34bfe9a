import type { AmfObject } from "../amf/amf0.ts";
import { readScript } from "./meta_cache.ts";
import type { MediaPacket } from "./packet.ts";

/** Member of metadata, of `connect` arguments and of statuses that is not SRS's: which publish of the stream this is. */
const EPOCH = "srs_ts_epoch";
/** The same over HTTP: in a request the highest that was seen, in an answer that of the stream. */
export const EPOCH_HEADER = "x-srs-ts-epoch";

/** What tells other servers the epoch of a publish; nothing for 0, which is none. */
export function epochMember(epoch: number): AmfObject {
  return epoch === 0 ? {} : { [EPOCH]: epoch };
}

/** The epoch that a script packet tells; null if it tells none. */
export function readEpoch(packet: MediaPacket): number | null {
  return packet.kind === "script" ? readEpochMember(readScript(packet, {})?.metadata ?? {}) : null;
}

/** The epoch that an object of another server tells; null if it tells none. */
export function readEpochMember({ [EPOCH]: epoch }: AmfObject): number | null {
  return typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch > 0 ? epoch : null;
}

/** The epoch in a header; null if there is none. */
export function readEpochHeader(text: string | null): number | null {
  return /^\d{1,16}$/.test(text ?? "") ? readEpochMember({ [EPOCH]: Number(text) }) : null;
}
