import type { Span } from "../base/trace.ts";
import type { StreamRef } from "./directory.ts";
import type { OwnerQuery } from "./mesh/coworker_question.ts";

/** The question to the coworkers of a vhost, as a part of what is traced. @param coworkers Their HTTP APIs. */
export function ownerQuery(
  { vhost, url: { app, stream, host, key } }: StreamRef,
  coworkers: readonly string[],
  trace: Span | null = null,
): OwnerQuery {
  const { name, cluster } = vhost.now;
  const { coworkerTimeoutMs: timeoutMs, coworkerToken: [token = ""], coworkerProof: proof } = cluster;
  return { coworkers, timeoutMs, key, vhost: name, app, stream, ip: host, token, proof, trace };
}
