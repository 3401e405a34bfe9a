import type { FieldReader } from "../../base/field_reader.ts";
import type { AmfObject } from "../../amf/amf0.ts";

/** Member of the connect arguments that is not SRS's: other servers pass it by. */
const MEMBER = "srs_ts_via";
/** The same over HTTP; by it a server of this kind is known, too. */
export const PLAY_PATH_HEADER = "x-srs-ts-via";
const RELAY = "srs_ts_relay";
/** Real clusters have two or three levels. */
const MAX_SERVERS = 16;

/** The servers that a play has come through, by `serviceId`; none for a player, or a server of another kind. */
export function readPlayPath(args: AmfObject): string[] {
  const text = args[MEMBER];
  return typeof text === "string" ? splitPath(text) : [];
}

/** As {@link readPlayPath}, of a play over HTTP. */
export function readHttpPlayPath(headers: FieldReader): string[] {
  return splitPath(headers.get(PLAY_PATH_HEADER) ?? "");
}

/**
 * Tells a server whom the stream is pulled for: this server and those that play it here. One that finds itself among
 * them refuses, else two servers that list each other would send a stream round and round.
 */
export function playPathMember(serviceId: string, via: readonly string[]): AmfObject {
  return { [MEMBER]: joinPath(serviceId, via) };
}

/** As {@link playPathMember}, for a play over HTTP. */
export function playPathHeader(serviceId: string, via: readonly string[]): [name: string, value: string] {
  return [PLAY_PATH_HEADER, joinPath(serviceId, via)];
}

function splitPath(text: string): string[] {
  return text.slice(0, 1000).split(" ", MAX_SERVERS).filter((id) => id !== "");
}

/** Other servers choose their ids: none may leave its place in a header. */
function joinPath(serviceId: string, via: readonly string[]): string {
  return [serviceId, ...via].slice(0, MAX_SERVERS).join(" ").replace(/[^!-~ ]/g, "");
}

/** What an origin tells the owner of a stream that it relays: it must not be sent elsewhere, it comes for others. */
export const relayMember: AmfObject = { [RELAY]: true };

/** Whether a play comes from an origin that relays. */
export function isRelay(args: AmfObject): boolean {
  return args[RELAY] === true;
}
