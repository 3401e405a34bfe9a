import type { ClusterNode, NodeLoad } from "../directory.ts";

/** Path at which a server tells who it is: an extension, for coworkers. */
export const NODE_PATH = "/api/v1/node";

/** {@link NodeLoad}, and what of it began at the server itself. */
export interface ServerLoad extends NodeLoad {
  /** Of the streams, those that a client publishes there. */
  readonly published: number;
}

/** What a server says of itself. */
export interface NodeFacts {
  /** Another one after each start. */
  readonly instance: string;
  /** `server_id`. */
  readonly serverId: string;
  readonly role: ClusterNode["role"];
  /** `srs-ts/0.1.0`. */
  readonly software: string;
  /** Its HTTP API as it sees it, `host:port`; empty if it has none. */
  readonly api: string;
  /** Unix time in ms; null where that is unknown. */
  readonly startedMs: number | null;
  readonly isDraining: boolean;
  /** Null where it is unknown. */
  readonly load: ServerLoad | null;
}

/** Longest text of {@link writeNodeText} that is read. */
const MAX_TEXT_LENGTH = 1500;
/** Times, and bytes of memory. */
const MAX_NUMBER = 1e14;
/** No server has more clients, streams, or percent; with more, one that lies would spoil every sum. */
const MAX_COUNT = 1e6;
const MAX_KBPS = 1e9;
const roles: ReadonlySet<string> = new Set(["origin", "edge", "origin and edge"] satisfies ClusterNode["role"][]);

/** The facts as members of a JSON answer. */
export function nodeMembers(facts: NodeFacts): Readonly<Record<string, unknown>> {
  const { instance, serverId, role, software, api, startedMs, isDraining, load } = facts;
  return {
    instance,
    server: serverId,
    role,
    software,
    api,
    started_ms: startedMs,
    draining: isDraining,
    load: load === null ? null : loadMembers(load),
  };
}

/** A load as members of a JSON answer. */
export function loadMembers(load: ServerLoad): Readonly<Record<string, number>> {
  return {
    streams: load.streams,
    published: load.published,
    viewers: load.viewers,
    recv_kbps: load.recvKbps,
    send_kbps: load.sendKbps,
    cpu_percent: load.cpuPercent,
    memory_bytes: load.memoryBytes,
  };
}

/** Reads what another server says of itself: anybody may have written it. Null if it does not say who it is. */
export function readNode(value: unknown): NodeFacts | null {
  const said = recordOf(value);
  const instance = plainText(said.instance, 64);
  if (!/^[\w-]+$/.test(instance)) return null;
  const role = plainText(said.role, 16);
  const api = plainText(said.api, 300);
  return {
    instance,
    serverId: plainText(said.server, 64),
    role: roles.has(role) ? role as ClusterNode["role"] : "unknown",
    software: plainText(said.software, 64),
    api: /^(?:\[[\da-f:.]{2,45}\]|[\w.-]{1,255}):\d{1,5}$/i.test(api) ? api : "",
    startedMs: said.started_ms === null ? null : countOf(said.started_ms),
    isDraining: said.draining === true,
    load: said.load === null || said.load === undefined ? null : readLoad(said.load),
  };
}

/** The facts as one line of plain ASCII, for an argument of `connect`, a command, or a header. */
export function writeNodeText(facts: NodeFacts): string {
  return JSON.stringify(nodeMembers(facts)).replace(/[^ -~]/g, "?");
}

/** Reads a line of {@link writeNodeText}; null if it is none. */
export function readNodeText(text: unknown): NodeFacts | null {
  if (typeof text !== "string" || text === "" || text.length > MAX_TEXT_LENGTH) return null;
  try {
    return readNode(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A value as an object; an empty one when it is something else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** A text of plain ASCII, cut to so many characters; empty when it is something else. */
export function plainText(value: unknown, maxLength: number): string {
  return typeof value === "string" ? value.slice(0, maxLength).replace(/[^ -~]/g, "") : "";
}

/** Reads {@link loadMembers}; what makes no sense is 0. */
export function readLoad(value: unknown): ServerLoad {
  const said = recordOf(value);
  return {
    streams: countOf(said.streams, MAX_COUNT),
    published: countOf(said.published, MAX_COUNT),
    viewers: countOf(said.viewers, MAX_COUNT),
    recvKbps: countOf(said.recv_kbps, MAX_KBPS),
    sendKbps: countOf(said.send_kbps, MAX_KBPS),
    cpuPercent: countOf(said.cpu_percent, MAX_COUNT),
    memoryBytes: countOf(said.memory_bytes),
  };
}

/** A number that is not negative, rounded; 0 when it is something else, or makes no sense. */
export function countOf(value: unknown, most = MAX_NUMBER): number {
  return typeof value === "number" && value >= 0 && value <= most ? Math.round(value) : 0;
}
