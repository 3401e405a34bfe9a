import { describeClient } from "../api/clients.ts";
import { describeEdge } from "../api/clusters.ts";
import { whyNotReady } from "../api/health.ts";
import type { ApiContext, Route } from "../api/route.ts";
import { describeStreams } from "../api/streams.ts";
import { summaries } from "../api/system.ts";
import { envelope, type JsonBody } from "../envelope.ts";
import { describeNode } from "./node.ts";

/** More streams or clients than these are counted, not listed. */
const LISTED = 200;

/** All that the console shows of a server, in one answer: a page asks each server for it every two seconds. */
export const stateRoute: Route = {
  path: "/console/api/state",
  methods: ["GET"],
  effect: "reads",
  isShared: true,
  doc: "all that the console shows of this server; of streams and clients the first 200",
  extension: true,
  handle: (context) => envelope(context.server.identity, { data: describeState(context) }),
};

function describeState(context: ApiContext): JsonBody {
  const { server } = context;
  const { registry, pulls, timers, config } = server;
  return {
    node: describeNode(config),
    // Null while it takes clients.
    not_ready: whyNotReady(server),
    summary: summaries(context),
    viewers: registry.viewerCount,
    downstream: registry.downstreamCount,
    streams: describeStreams(server, firstOf(registry.streams().values())),
    clients: firstOf(registry.clients()).map((client) => describeClient(server, client)),
    edge: describeEdge(pulls, timers.nowMs()),
  };
}

function firstOf<T>(all: Iterable<T>): T[] {
  const first: T[] = [];
  for (const each of all) {
    if (first.length >= LISTED) break;
    first.push(each);
  }
  return first;
}
