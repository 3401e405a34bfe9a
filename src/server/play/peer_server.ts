import type { FieldReader } from "../../base/field_reader.ts";
import type { AmfObject } from "../../amf/amf0.ts";
import { PLAY_PATH_HEADER, readHttpPlayPath, readPlayPath } from "./play_path.ts";

/** A client that is another server: an edge, or an origin that relays. It is nobody who watches. */
export interface PeerServer {
  /** Id of its instance; empty where it does not tell, as SRS does not. */
  readonly instance: string;
}

/** Of the tools of this program that follow redirects as edges do: those who use them are people. */
const TOOL = "srs_ts_tool";
/** Members of the connect arguments by which servers tell who they are. */
const MEMBERS = ["srs_sig", "srs_server", "srs_ts_via", "srs_ts_relay"];
/** SRS's edge over HTTP (`SRS/7.0.18(Hang)`), and one of this kind that does not tell more (`debug_srs_upnode off`). */
const AGENT = /^(?:SRS|srs-ts)(?:\/|$)/;
/** Peers choose their ids. */
const INSTANCE = /^[\w.-]{1,64}$/;

/** Marks a client as no server, whatever else it says. */
export const toolMember: AmfObject = { [TOOL]: true };

/** The server that connects, by the arguments of its `connect`; null for everybody else. */
export function peerOfConnect(args: AmfObject): PeerServer | null {
  if (args[TOOL] === true || MEMBERS.every((name) => args[name] === undefined)) return null;
  return peer(readPlayPath(args));
}

/** The server that asks over HTTP, by its headers; null for everybody else. */
export function peerOfRequest(headers: FieldReader): PeerServer | null {
  if (!headers.has(PLAY_PATH_HEADER) && !AGENT.test(headers.get("user-agent") ?? "")) return null;
  return peer(readHttpPlayPath(headers));
}

/** A server puts itself before those that it plays for. */
function peer([instance = ""]: readonly string[]): PeerServer {
  return { instance: INSTANCE.test(instance) ? instance : "" };
}
