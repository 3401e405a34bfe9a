import type { Config } from "../../config/mod.ts";
import { envelope, errorBody, type JsonBody } from "../envelope.ts";
import type { ApiContext, Route } from "./route.ts";

const noReloadYet = { err: 0, msg: "", state: 0, rid: "" };

/** Operation of the process: settings of the API itself, reload, graceful stop. Reading and changing directives went with SRS 4. */
export const rawRoutes: readonly Route[] = [{
  path: "/api/v1/raw",
  methods: "any",
  effect: ({ query }) => query.get("rpc") === "reload" ? "controls" : "reads",
  doc: "?rpc=raw: settings of the API; reload: reloads the configuration; reload-fetch: result of the last reload",
  handle: (context, { query }) => answerRaw(context, query.get("rpc")),
}, {
  path: "/api/v1/drain",
  methods: ["POST"],
  effect: "controls",
  doc:
    "POST begins a graceful stop: takes no new clients, sends clients to other servers, waits for the rest (grace_final_wait)",
  extension: true,
  handle: ({ server, drain }) => {
    if (drain === undefined) return errorBody("ConfigRawDisable");
    drain();
    return envelope(server.identity, {});
  },
}];

function answerRaw(context: ApiContext, rpc: string): JsonBody {
  const { config, identity } = context.server;
  const { rawApi } = config.httpApi;
  if (rpc === "raw") return { code: 0, http_api: settings(config.httpApi) };
  if (!rawApi.enabled) return errorBody("ConfigRawDisable");
  switch (rpc) {
    case "reload":
      if (!rawApi.allowReload || context.reload === undefined) return errorBody("ConfigRawDisable");
      context.reload();
      return { code: 0 };
    case "reload-fetch":
      return envelope(identity, { data: context.reloadState?.() ?? noReloadYet });
    default:
      return errorBody("ConfigRaw");
  }
}

function settings({ enabled, listen, crossdomain, rawApi }: Config["httpApi"]): JsonBody {
  return {
    enabled,
    listen: listen.text,
    crossdomain,
    raw_api: {
      enabled: rawApi.enabled,
      allow_reload: rawApi.allowReload,
      allow_query: rawApi.allowQuery,
      allow_update: rawApi.allowUpdate,
    },
  };
}
