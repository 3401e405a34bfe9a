import { actionOf } from "../access/coworker_calls.ts";
import { envelope, refusal } from "../envelope.ts";
import type { Route } from "../api/route.ts";
import { callCoworker } from "./coworker_call.ts";
import { listRoutes } from "./list_routes.ts";
import { describeNode } from "./node.ts";

/** What the console needs besides the API of SRS. As the paths are below `/api/`, the API's password protects them. */
export const consoleRoutes: readonly Route[] = [
  {
    path: "/console/api/node",
    methods: ["GET"],
    effect: "reads",
    doc: "role, coworkers, address of HTTP-FLV",
    extension: true,
    handle: ({ server }) => envelope(server.identity, { data: describeNode(server.config) }),
  },
  {
    path: "/console/api/history",
    methods: ["GET"],
    effect: "reads",
    isShared: true,
    doc: "load of the cluster in the last ten minutes, a sample every 5 s",
    extension: true,
    handle: ({ server }) =>
      envelope(server.identity, {
        data: server.chronicle.history.all().map(({ atMs, streams, viewers, recvKbps, sendKbps }) => ({
          at_ms: atMs,
          streams,
          viewers,
          recv_kbps: recvKbps,
          send_kbps: sendKbps,
        })),
      }),
  },
  ...listRoutes,
  {
    path: "/console/api/act",
    methods: ["POST"],
    // Even to kick: the coworker takes what comes from here for this server's own will.
    effect: "controls",
    doc: "?server=COWORKER&do=kick&id=CLIENT or &do=drain: passes a command on to the API of a coworker",
    extension: true,
    handle({ server }, { query }) {
      const action = actionOf(query.get("do"), query.get("id"));
      if (action === null) return refusal(400, "do must be drain, or kick with id=CLIENT");
      return callCoworker(server, query.get("server"), action);
    },
  },
];
