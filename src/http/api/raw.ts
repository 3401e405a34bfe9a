import type { Config } from "../../config/mod.ts";
import { envelope, errorBody, type JsonBody } from "../envelope.ts";
import { anyText, enveloped, record, truth, whole, word } from "../openapi/schema.ts";
import type { ApiContext, Route } from "./route.ts";

const TURN_ON = "http_api { raw_api { enabled on; allow_reload on; } }";
const noReloadYet = { err: 0, msg: "", state: 0, rid: "" };

/** Operation of the process: settings of the API itself, reload, graceful stop. Reading and changing directives went with SRS 4. */
export const rawRoutes: readonly Route[] = [{
  path: "/api/v1/raw",
  methods: "any",
  effect: ({ query }) => query.get("rpc") === "reload" ? "controls" : "reads",
  parameters: [["rpc", "what to do", word("raw", "reload", "reload-fetch")]],
  answer: record({ code: whole() }, {
    server: anyText(),
    service: anyText(),
    pid: anyText(),
    data: record({
      err: whole(),
      msg: anyText(),
      state: whole("0 none, 10 to 30 under way, 90 finished"),
      rid: anyText(),
    }),
    http_api: record({
      enabled: truth(),
      listen: anyText(),
      crossdomain: truth(),
      raw_api: record({ enabled: truth(), allow_reload: truth(), allow_query: truth(), allow_update: truth() }),
    }),
  }),
  doc: "?rpc=raw: settings of the API; reload: reloads the configuration; reload-fetch: result of the last reload",
  handle: (context, { query }) => answerRaw(context, query.get("rpc")),
}, {
  path: "/api/v1/drain",
  methods: ["POST"],
  effect: "controls",
  doc:
    "POST begins a graceful stop: takes no new clients, sends clients to other servers, waits for the rest (grace_final_wait)",
  extension: true,
  answer: enveloped(),
  handle: ({ server, drain }) => {
    if (drain === undefined) return errorBody("ConfigRawDisable", "this server cannot be drained by its API");
    drain();
    return envelope(server.identity, {});
  },
}];

function answerRaw(context: ApiContext, rpc: string): JsonBody {
  const { config, identity } = context.server;
  const { rawApi } = config.httpApi;
  if (rpc === "raw") return { code: 0, http_api: settings(config.httpApi) };
  if (!rawApi.enabled) return errorBody("ConfigRawDisable", `off; to turn it on: ${TURN_ON}`);
  switch (rpc) {
    case "reload":
      if (!rawApi.allowReload || context.reload === undefined) {
        return errorBody("ConfigRawDisable", `a reload by the API is off; to turn it on: ${TURN_ON}`);
      }
      context.reload();
      return { code: 0 };
    case "reload-fetch":
      return envelope(identity, { data: context.reloadState?.() ?? noReloadYet });
    default:
      return errorBody("ConfigRaw", "rpc= must be raw, reload or reload-fetch");
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
