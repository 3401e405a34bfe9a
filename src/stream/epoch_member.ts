import type { AmfObject } from "../amf/amf0.ts";
import { readScript } from "./meta_cache.ts";
import type { MediaPacket } from "./packet.ts";

/** Member of metadata that is not SRS's: which publish of the stream this is. */
const EPOCH = "srs_ts_epoch";

/** What tells servers downstream the epoch of a publish; nothing for 0, which is none. */
export function epochMember(epoch: number): AmfObject {
  return epoch === 0 ? {} : { [EPOCH]: epoch };
}

/** The epoch that a script packet tells; null if it tells none. */
export function readEpoch(packet: MediaPacket): number | null {
  if (packet.kind !== "script") return null;
  const epoch = readScript(packet, {})?.metadata?.[EPOCH];
  return typeof epoch === "number" && Number.isSafeInteger(epoch) && epoch > 0 ? epoch : null;
}
