import { formatHost } from "../../rtmp/url.ts";
import type { ClusterNode, NodeLoad, Owner, ServerAddress } from "../directory.ts";
import { bootOf, type StreamRecord } from "./keys.ts";

/** What a server tells the others of itself, in its lease. */
export interface NodeRecord {
  /** Where it takes RTMP clients. */
  readonly rtmp: ServerAddress;
  /** Where it serves streams over HTTP, `host:port`; empty where it does not. */
  readonly http: string;
  /** The same over TLS. */
  readonly https: string;
  /** Its HTTP API, `host:port`; empty where it has none. */
  readonly api: string;
  readonly role: Exclude<ClusterNode["role"], "unknown">;
  /** `srs-ts/0.1.0` */
  readonly software: string;
  readonly region: string;
  /** Unix time in ms. */
  readonly startedMs: number;
  readonly isDraining: boolean;
  readonly load: NodeLoad;
}

/** Longer ones are nobody's lease. */
const MAX_LENGTH = 4096;
const addressPattern = /^(?:\[([\da-f:.]{2,45})\]|([\w.-]{1,255})):(\d{1,5})$/i;

/** The record as the value of a key; keys without a meaning are left out, since there may be thousands. */
export function formatNodeRecord({ rtmp, load, ...facts }: NodeRecord): string {
  const { http, https, api, role, software, region, startedMs, isDraining } = facts;
  return JSON.stringify({
    rtmp: `${formatHost(rtmp.ip)}:${rtmp.port}`,
    ...(http === "" ? {} : { http }),
    ...(https === "" ? {} : { https }),
    ...(api === "" ? {} : { api }),
    role,
    software,
    ...(region === "" ? {} : { region }),
    started: startedMs,
    ...(isDraining ? { draining: true } : {}),
    load: [load.streams, load.viewers, load.recvKbps, load.sendKbps, load.cpuPercent, load.memoryBytes].map(Math.round),
  });
}

/** Reads the value of a node's key; null for anything that no server has written. */
export function parseNodeRecord(text: string): NodeRecord | null {
  const value = text.length > MAX_LENGTH ? null : parseObject(text);
  if (value === null) return null;
  const word = (key: string, most = 256) => {
    const found = value[key];
    return typeof found === "string" && found.length <= most ? found : "";
  };
  const address = (key: string) => addressPattern.test(word(key, 300)) ? word(key, 300) : "";
  const [, ipv6, host, port] = addressPattern.exec(word("rtmp", 300)) ?? [];
  const role = (["origin", "edge", "origin and edge"] as const).find((each) => each === value["role"]);
  if (Number(port ?? 0) < 1 || Number(port) > 65535 || role === undefined) return null;
  const numbers = Array.isArray(value["load"]) ? value["load"] : [];
  const [streams = 0, viewers = 0, recvKbps = 0, sendKbps = 0, cpuPercent = 0, memoryBytes = 0] = numbers.map(toNumber);
  return {
    rtmp: { ip: ipv6 ?? host ?? "", port: Number(port) },
    http: address("http"),
    https: address("https"),
    api: address("api"),
    role,
    software: word("software"),
    region: word("region"),
    startedMs: toNumber(value["started"]),
    isDraining: value["draining"] === true,
    load: { streams, viewers, recvKbps, sendKbps, cpuPercent, memoryBytes },
  };
}

/** The node as owner of a stream. @param engine Who names it: the URL of an engine. */
export function ownerOf({ epoch, node }: StreamRecord, record: NodeRecord, engine: string): Owner {
  const { http, https, rtmp, isDraining } = record;
  const owner: Owner = { ...rtmp, coworker: engine, silentMs: 0, epoch, instance: bootOf(node), isDraining };
  if (http !== "") owner.http = http;
  if (https !== "") owner.https = https;
  return owner;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : null;
  } catch {
    return null;
  }
}

function toNumber(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}
