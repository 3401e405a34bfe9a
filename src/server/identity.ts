import type { AmfObject } from "../amf/amf0.ts";
import { VERSION } from "../base/version.ts";
import type { World } from "../base/world.ts";
import { toolMember } from "./play/peer_server.ts";

/** How this server names itself to peers. */
export const SERVER_NAME = `srs-ts/${VERSION}`;

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

/** Who this process is, among the servers of a cluster. */
export interface Identity {
  /** Stays the same over restarts where a pid file keeps it; SRS's `server_id`. */
  serverId: string;
  /** New with each start; SRS's `service_id`. */
  serviceId: string;
  pid: number;
}

/** A random id of lower-case letters and digits, as SRS's connection ids are. */
export function randomId(world: Pick<World, "randomBytes">, length: number): string {
  let id = "";
  for (const byte of world.randomBytes(length)) id += ALPHABET[byte % 36];
  return id;
}

/** The id of a server, stream or vhost as SRS makes one up. */
export function newEntityId(world: Pick<World, "randomBytes">): string {
  return `vid-${randomId(world, 7)}`;
}

/** Members that tell a client which server answered its connect. Names are SRS's: its edges read them. */
export function srsIdentity(identity: Identity, cid: string, localIp: string): AmfObject {
  return {
    srs_sig: "SRS",
    srs_server: SERVER_NAME,
    srs_license: "MIT",
    srs_url: "https://github.com/srs-ts/srs-ts",
    srs_version: VERSION,
    srs_authors: "srs-ts",
    srs_server_ip: localIp,
    srs_pid: identity.pid,
    srs_id: cid,
  };
}

/** What makes a tool known as one that follows RTMP 302: the members of an SRS edge by which servers tell it. */
export function edgeIdentity(): AmfObject {
  return { srs_sig: "SRS", srs_server: SERVER_NAME, srs_version: VERSION, ...toolMember };
}

/** Members added to a stream's metadata. */
export function metadataIdentity(): AmfObject {
  return { server: SERVER_NAME, server_version: VERSION };
}
