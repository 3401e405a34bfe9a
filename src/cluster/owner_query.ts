import type { Span } from "../base/trace.ts";
import type { VhostConfig } from "../config/mod.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import type { OwnerQuery } from "./mesh/coworker_question.ts";

/** The question to the coworkers of a vhost, as a part of what is traced. */
export function ownerQuery(
  { cluster, name }: VhostConfig,
  { app, stream, host, key }: Pick<StreamUrl, "app" | "stream" | "host" | "key">,
  trace: Span | null = null,
): OwnerQuery {
  const coworkers = cluster.coworkers.map(({ text }) => text);
  const { coworkerTimeoutMs: timeoutMs, coworkerToken: [token = ""], coworkerProof: proof } = cluster;
  return { coworkers, timeoutMs, key, vhost: name, app, stream, ip: host, token, proof, trace };
}
