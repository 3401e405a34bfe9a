import { type Config, findVhost, type ListenAddress } from "../../config/mod.ts";
import { streamKey } from "../../rtmp/url.ts";
import type { SourceManager } from "../../stream/source_manager.ts";
import type { ServerAddress } from "../directory.ts";
import { flvAddresses, reachableHost } from "../own_address.ts";

/** The question of a coworker: parameters of `/api/v1/clusters`. */
export interface OwnerQuestion {
  /** Host that the player used. */
  ip: string;
  vhost: string;
  app: string;
  stream: string;
  /** How the asking server addresses this one. */
  coworker: string;
}

/** This server as the owner of a stream: `data.origin` of the answer. */
export interface OwnerAnswer {
  ip: string;
  port: number;
  vhost: string;
  api: string;
  routers: string[];
  /** Extension: how long the publisher has sent nothing. */
  "silent_ms": number;
  /** Extension: when the publisher came, Unix time in ms: by it origins decide between two of them. */
  "since_ms"?: number;
  /** Extension: epoch of the publish, by which the newest one is known. */
  epoch?: number;
  /** Extension, only while it is so: the server is about to stop, and serves the stream to those that relay it. */
  draining?: true;
  /** Extension: where this server serves the stream as HTTP-FLV, `host:port`; only if it does. */
  http?: string;
  /** Extension: the same over TLS, where the server is known by a name that its certificate can have. */
  https?: string;
}

/** What an answer is made of. */
export interface OwnerFacts {
  config: Config;
  sources: SourceManager;
  /** Address of this machine, where neither configuration nor question tells one. */
  fallbackIp(): string;
  /** The client that publishes a stream here; null while none does. */
  publisher(key: string): { readonly sinceMs: number; readonly epoch: number; silentMs(): number } | null;
  /** This server is about to stop. */
  readonly isDraining: boolean;
}

/**
 * Answers whether this server has a publisher of the stream; null when it has none.
 *
 * A stream that is pulled from elsewhere counts on an edge, as in SRS, not on an origin.
 */
export function answerOwner(question: OwnerQuestion, facts: OwnerFacts): OwnerAnswer | null {
  const { config, sources } = facts;
  const vhost = findVhost(config, question.vhost);
  const listen = config.listen[0];
  if (vhost === undefined || listen === undefined) return null;
  const key = streamKey(vhost.name, question.app, question.stream);
  const source = sources.find(key);
  if (source === undefined || !source.isActive) return null;
  // An origin that only relays is not the owner: two that relay from each other would be a loop.
  if (source.fedBy === "upstream" && vhost.cluster.mode !== "remote") return null;
  const { ip, port } = ownAddress(question, facts, listen);
  const apiListen = config.httpApi.listen.text;
  const api = apiListen.includes(":") ? apiListen : `${ip}:${apiListen}`;
  const publisher = facts.publisher(key);
  const silentMs = Math.round(publisher?.silentMs() ?? 0);
  const answer: OwnerAnswer = { ip, port, vhost: vhost.name, api, routers: [api], "silent_ms": silentMs };
  if (publisher !== null) {
    answer["since_ms"] = publisher.sinceMs;
    if (publisher.epoch > 0) answer.epoch = publisher.epoch;
  }
  if (facts.isDraining) answer.draining = true;
  return { ...answer, ...flvAddresses(config, [vhost], () => ip) };
}

/** Where a coworker that stops may send its clients: here, if this server relays what it has not itself. */
export function answerStandIn(question: OwnerQuestion, facts: OwnerFacts): ServerAddress | null {
  const { config, isDraining } = facts;
  const cluster = findVhost(config, question.vhost)?.cluster;
  const listen = config.listen[0];
  if (isDraining || listen === undefined || cluster === undefined) return null;
  if (cluster.mode === "remote" || !cluster.originCluster) return null;
  return ownAddress(question, facts, listen);
}

function ownAddress(
  { coworker }: OwnerQuestion,
  { config, fallbackIp }: OwnerFacts,
  listen: ListenAddress,
): ServerAddress {
  const ip = reachableHost(config, listen, () => hostPart(coworker) || fallbackIp());
  return { ip, port: config.advertise?.port ?? listen.port };
}

/** Host of `host[:port]`; empty when it is none: anybody may ask, and what is said here comes back in the answer. */
function hostPart(coworker: string): string {
  const match = /^(?:\[([\da-f:.]{2,45})\]|([\w.-]{1,255}))(?::\d+)?$/i.exec(coworker);
  return match?.[1] ?? match?.[2] ?? "";
}
