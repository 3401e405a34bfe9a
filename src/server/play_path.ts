import type { AmfObject } from "../amf/amf0.ts";

/** Member of the connect arguments that is not SRS's: other servers pass it by. */
const MEMBER = "srs_ts_via";
/** Real clusters have two or three levels. */
const MAX_SERVERS = 16;

/** The servers that a play has come through, by `serviceId`; none for a player, or a server of another kind. */
export function readPlayPath(args: AmfObject): string[] {
  const text = args[MEMBER];
  return typeof text === "string" ? text.slice(0, 1000).split(" ", MAX_SERVERS).filter((id) => id !== "") : [];
}

/**
 * Tells a server whom the stream is pulled for: this server and those that play it here. One that finds itself among
 * them refuses, else two servers that list each other would send a stream round and round.
 */
export function playPathMember(serviceId: string, via: readonly string[]): AmfObject {
  return { [MEMBER]: [serviceId, ...via].slice(0, MAX_SERVERS).join(" ") };
}
