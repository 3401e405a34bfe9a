import { readEpochMember } from "../../stream/publish_facts.ts";
import type { AmfObject } from "../../amf/amf0.ts";
import type { ApiReport, ServerReport } from "./report.ts";

/** Edges may pull from edges; nobody stacks more. */
const MAX_SERVERS = 8;

/** The servers that a stream comes through. */
export interface StreamChain {
  /** From the server that sends it to the one nearest to its publisher that is known; `host:port`. */
  readonly servers: readonly string[];
  /** The last of them, if its publisher is there; null if it only pulls the stream from a server that is not known. */
  readonly owner: string | null;
}

/**
 * Finds out where a server has a stream from: by what its API says that it pulls, or else by the API that owns the very
 * publish that the stream's metadata names.
 */
export function traceChain(sender: ServerReport, apis: readonly ApiReport[], metadata: AmfObject | null): StreamChain {
  const servers = [sender.server];
  let api = apis.find(({ pid }) => pid !== null && pid === sender.identity?.pid);
  for (; api?.pulledFrom && servers.length < MAX_SERVERS; api = apis.find(({ owner }) => owner === servers.at(-1))) {
    servers.push(api.pulledFrom);
  }
  if (servers.length > 1) return { servers, owner: servers.at(-1) ?? null };
  const epoch = metadata === null ? null : readEpochMember(metadata);
  const owner = apis.find((each) => each.owner !== null && each.epoch !== null && each.epoch === epoch);
  const isOther = owner !== undefined && owner.pid !== sender.identity?.pid;
  if (isOther && sender.identity?.role === "edge") {
    return { servers: [sender.server, owner.owner!], owner: owner.owner };
  }
  return { servers, owner: sender.identity?.role === "edge" ? null : sender.server };
}
