import type { Tracer } from "../base/trace.ts";
import type { Server } from "../server/server.ts";
import type { Call } from "./call.ts";
import { type JsonBody, jsonResponse } from "./envelope.ts";
import { methodNotAllowed, type Mount } from "./router.ts";
import type { SystemStats } from "./system_stats.ts";

/** What the API needs of a server. */
export type ApiServer =
  & Pick<
    Server,
    | "config"
    | "identity"
    | "timers"
    | "log"
    | "sources"
    | "registry"
    | "publishers"
    | "members"
    | "pulls"
    | "startedMs"
  >
  & {
    readonly coworkers: Pick<Server["coworkers"], "table" | "findOwners" | "claim" | "confirm">;
    readonly rtmp: Pick<Server["rtmp"], "connectionCount">;
    readonly drain: Pick<Server["drain"], "isOn">;
    /** Null or absent while nobody wants traces. */
    readonly tracer?: Tracer | null;
    /** Absent where nothing is reported. */
    readonly heartbeat?: Pick<Server["heartbeat"], "summaries">;
  };

/** How the latest reload of the configuration went, in the members of SRS's `rpc=reload-fetch`. */
export interface ReloadState {
  err: number;
  msg: string;
  /** 0 none yet, 10 parsing, 20 transforming, 30 applying, 90 finished. */
  state: number;
  /** Another one for each reload. */
  rid: string;
}

/** What the handlers of the API share. */
export interface ApiContext {
  readonly server: ApiServer;
  readonly system: SystemStats;
  /** Begins a reload of the configuration. */
  readonly reload?: () => void;
  readonly reloadState?: () => ReloadState;
  /** Begins a graceful stop. */
  readonly drain?: () => void;
}

/** One endpoint. Router, index pages and documentation all come from the table of these. */
export interface Route {
  /** A path; with `[id]` at its end, whatever stands there goes to the handler. */
  readonly path: string;
  /** Methods allowed, HEAD going with GET; most of SRS's endpoints do not care. */
  readonly methods: "any" | readonly string[];
  /** One line for the index and the documentation. */
  readonly doc: string;
  /** Not in SRS. */
  readonly extension?: boolean;
  /** @param id What stands in place of `[id]`; empty when nothing does. */
  handle(context: ApiContext, call: Call, id: string): JsonBody | Response | Promise<Response>;
}

const ID = "[id]";

/** Serves a table of routes. A path that lacks only the slash at its end is redirected, with 302 as in SRS. */
export function mountRoutes(routes: readonly Route[], context: ApiContext): Mount {
  const exact = new Map(routes.map((route) => [route.path.replace(ID, ""), route]));
  const prefixes = routes.filter(({ path }) => path.endsWith(ID)).map((route) => route.path.slice(0, -ID.length));
  return (call) => {
    const { path } = call;
    const prefix = exact.has(path) ? path : prefixes.find((start) => path.startsWith(start)) ?? "";
    const route = exact.get(prefix);
    if (route === undefined) return exact.has(`${path}/`) ? redirect(302, `${path}/`, call.search) : null;
    const { methods } = route;
    const method = call.method === "HEAD" ? "GET" : call.method;
    if (methods !== "any" && !methods.includes(method)) return methodNotAllowed(methods);
    const answer = route.handle(context, call, path.slice(prefix.length));
    return answer instanceof Response || answer instanceof Promise ? answer : jsonResponse(answer);
  };
}

/** A redirect to a path of this server; the query goes along. */
export function redirect(status: 301 | 302, path: string, search: string): Response {
  const location = search === "" ? path : `${path}?${search.replace(/[^!-~]/gu, encodeURIComponent)}`;
  return new Response(`Redirect to ${location}`, {
    status,
    headers: { location, "content-type": "text/plain; charset=utf-8" },
  });
}
