import { type Config, findVhost } from "../../config/mod.ts";
import { COWORKER_PROOF_HEADER } from "../../cluster/coworker_proof.ts";
import { NODE_PATH } from "../../cluster/health/node_facts.ts";
import type { Members } from "../../server/access/members.ts";
import type { Call } from "../call.ts";

/** Path of the coworkers' question who has a stream. */
export const CLUSTERS_PATH = "/api/v1/clusters";

/** A call of another server's API. */
export interface Action {
  readonly method: "GET" | "DELETE" | "POST";
  readonly path: string;
}

/** The call by which the console of one server acts on another; null for what it may not do. */
export function actionOf(name: string, id: string): Action | null {
  if (name === "drain") return { method: "POST", path: "/api/v1/drain" };
  return name === "kick" && /^[\w-]{1,64}$/.test(id) ? { method: "DELETE", path: `/api/v1/clients/${id}` } : null;
}

/** Below this path are the lists that the console shows. */
export const LISTS_PATH = "/console/api/list/";

/** Whether a call is one that the console of a coworker makes. */
export function isCoworkerAction({ method, path, query }: Pick<Call, "method" | "path" | "query">): boolean {
  // As a script, it may be taken for one of another method.
  if (query.get("callback") !== "") return false;
  // What is asked of a third server must not seem to be wanted by this one.
  if (method === "GET" && path.startsWith(LISTS_PATH)) return query.get("server") === "";
  const id = path.slice(path.lastIndexOf("/") + 1);
  return [actionOf("drain", ""), actionOf("kick", id)].some((action) =>
    action?.method === method && action.path === path
  );
}

/** The action for the server of this instance alone. */
export function actionAt({ method, path }: Action, instance: string): Action {
  return { method, path: `${path}${path.includes("?") ? "&" : "?"}instance=${encodeURIComponent(instance)}` };
}

/**
 * Whether a call that a proof makes a coworker's is meant for this very server: whoever saw it on its way to another one
 * could send it here. A question may come from anywhere; only what changes a server names its instance.
 */
export function isMeantForInstance({ headers, query }: Pick<Call, "headers" | "query">, instance: string): boolean {
  return !headers.has(COWORKER_PROOF_HEADER) || query.get("instance") === instance;
}

/** Whether a call is the question of a coworker: one of a vhost, whose token it knows, or who this server is. */
export async function isOfCoworker(
  { config, members }: { readonly config: Config; readonly members: Pick<Members, "knowsToken" | "knowsAnyToken"> },
  call: Call,
): Promise<boolean> {
  if (call.path === NODE_PATH) return await members.knowsAnyToken(config.vhosts, call);
  const vhost = call.path === CLUSTERS_PATH ? findVhost(config, call.query.get("vhost")) : undefined;
  return vhost !== undefined && await members.knowsToken(vhost, call);
}
