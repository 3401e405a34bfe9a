import type { Tracer } from "../../base/trace.ts";
import type { ValkeyDirectory } from "../../cluster/valkey/valkey_directory.ts";
import type { Server } from "../../server/server.ts";
import { describeCaller, type Effect, refuseCall } from "../access/call_effect.ts";
import { callerOf } from "../access/policy.ts";
import type { Call } from "../call.ts";
import { type JsonBody, jsonResponse, methodNotAllowed, refusal } from "../envelope.ts";
import { KeptAnswers } from "../kept_answers.ts";
import { PassedCalls } from "../passed_calls.ts";
import type { JsonSchema } from "../openapi/schema.ts";
import type { Mount } from "../router.ts";
import { jsonpMount, refuseCallback } from "./jsonp.ts";
import type { SystemStats } from "../system/stats.ts";

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
    | "forwards"
    | "members"
    | "world"
    | "pulls"
    | "chronicle"
    | "startedMs"
    | "discontinuities"
  >
  & {
    readonly mesh: Pick<Server["mesh"], "published" | "onRivalClaim"> & {
      readonly coworkers: Pick<Server["mesh"]["coworkers"], "table">;
    };
    readonly coworkerList: Pick<Server["coworkerList"], "hurry">;
    readonly heldQuestions: Pick<Server["heldQuestions"], "hold">;
    readonly rtmp: Pick<Server["rtmp"], "connectionCount" | "isListening">;
    readonly drain: Pick<Server["drain"], "isOn" | "isAnnounced">;
    /** Null or absent where the configuration has no directory in an engine. */
    readonly engine?: Pick<ValkeyDirectory, "health"> | null;
    /** Null or absent while nobody wants traces. */
    readonly tracer?: Tracer | null;
    readonly health: Pick<Server["health"], "self" | "watch" | "book" | "downstream">;
    /** Absent where nothing is recorded. */
    readonly recorder: Pick<Server["recorder"], "book" | "count" | "runOf">;
    readonly hls: Pick<Server["hls"], "streamCount" | "bytes" | "offerSegments"> & {
      readonly sessions: Pick<Server["hls"]["sessions"], "count">;
    };
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
  /** What a call does, which decides who may make it; a function where that depends on the call. */
  readonly effect: Effect | ((call: Call) => Effect);
  /** One line for the index and the documentation. */
  readonly doc: string;
  /** Not in SRS. */
  readonly extension?: boolean;
  /** All who ask with the same query get the same, whoever they are: see {@link KeptAnswers}. */
  readonly isShared?: boolean;
  /** Whether another server answers the call; see {@link PassedCalls}. */
  readonly isPassedOn?: (call: Call) => boolean;
  /** What it answers where all is well, as `openapi.json` tells it; `text` and `redirect` are no JSON. */
  readonly answer?: JsonSchema | "text" | "redirect";
  /** The same for a path with an id. */
  readonly answerOfOne?: JsonSchema;
  /** Parameters of the query: name, what it does, and its schema if that is not a text. */
  readonly parameters?: readonly (readonly [name: string, doc: string, schema?: JsonSchema])[];
  /** @param id What stands in place of `[id]`; empty when nothing does. */
  handle(context: ApiContext, call: Call, id: string): JsonBody | Response | Promise<Response>;
}

const ID = "[id]";
/** No longer paths in the log, in characters. */
const LOGGED_PATH = 100;

/**
 * Serves a table of routes. A path that lacks only the slash at its end is redirected, with 302 as in SRS; but with 307
 * where clients would make a GET of it.
 */
export function mountRoutes(routes: readonly Route[], context: ApiContext): Mount {
  const exact = new Map(routes.map((route) => [route.path.replace(ID, ""), route]));
  const prefixes = routes.filter(({ path }) => path.endsWith(ID)).map((route) => route.path.slice(0, -ID.length));
  const kept = new KeptAnswers(context.server.world);
  const passed = new PassedCalls(context.server.world);
  return jsonpMount(context.server, (call) => {
    const { path } = call;
    const prefix = exact.has(path) ? path : prefixes.find((start) => path.startsWith(start)) ?? "";
    const route = exact.get(prefix);
    if (route === undefined) {
      const isRead = call.method === "GET" || call.method === "HEAD";
      return exact.has(`${path}/`) ? redirect(isRead ? 302 : 307, `${path}/`, call.search) : null;
    }
    const wrong = refuseCallback(call);
    if (wrong !== null) return wrong;
    const { methods } = route;
    const method = call.method === "HEAD" ? "GET" : call.method;
    if (methods !== "any" && !methods.includes(method)) return methodNotAllowed(methods);
    const id = path.slice(prefix.length);
    if (effectOf(route, call) !== "reads") return change(route, context, call, id);
    if (route.isShared !== true || method !== "GET") return answer(route, context, call, id);
    const { version } = context.server.registry;
    // Each call of a page that wants a script names another function.
    const question = call.isOfPage ? call.search.replace(/(?<![^&])callback=[^&]*/g, "") : call.search;
    if (route.isPassedOn?.(call) === true) {
      return passed.answer(`${path}?${question}`, async () => await answer(route, context, call, id));
    }
    return kept.answer(call.remoteIp, {
      text: `${path}?${question}`,
      version,
      make: async () => await answer(route, context, call, id),
    });
  });
}

/** The effect of a call of a route. */
export function effectOf({ effect }: Pick<Route, "effect">, call: Call): Effect {
  return typeof effect === "function" ? effect(call) : effect;
}

function answer(route: Route, context: ApiContext, call: Call, id: string): Response | Promise<Response> {
  const given = route.handle(context, call, id);
  return given instanceof Response || given instanceof Promise ? given : jsonResponse(given);
}

/** Answers a call that changes something, if its caller may make it; it stands in the log either way. */
async function change(route: Route, context: ApiContext, call: Call, id: string): Promise<Response> {
  const { config, log } = context.server;
  const effect = effectOf(route, call);
  const caller = await callerOf(context.server, call);
  const why = refuseCall(caller, effect, config.httpApi.remoteControl);
  const what = `HTTP API: ${call.method} ${call.path.slice(0, LOGGED_PATH)} by ${describeCaller(caller)}`;
  if (why === null && effect !== "memberOnly") log.info(what);
  if (why !== null) log.warn(`${what} refused: ${why}`);
  return why === null ? await answer(route, context, call, id) : refusal(403, why);
}

/** A redirect to a path of this server; the query goes along. */
export function redirect(status: 301 | 302 | 307, path: string, search: string): Response {
  const location = search === "" ? path : `${path}?${search.replace(/[^!-~]/gu, encodeURIComponent)}`;
  return new Response(`Redirect to ${location}`, {
    status,
    headers: { location, "content-type": "text/plain; charset=utf-8" },
  });
}
