import { clientRoutes } from "./clients.ts";
import { clusterRoutes } from "./clusters.ts";
import { healthRoutes } from "./health.ts";
import { memberRoutes } from "./members.ts";
import { procRoutes } from "./proc.ts";
import { rawRoutes } from "./raw.ts";
import { recordingRoutes } from "./recordings.ts";
import { streamRoutes } from "./streams.ts";
import { systemRoutes } from "./system.ts";
import { testRoutes } from "./tests.ts";
import { vhostRoutes } from "./vhosts.ts";
import { envelope, type JsonBody } from "../envelope.ts";
import { exporterRoutes } from "../metrics/exporter_route.ts";
import type { Route } from "./route.ts";

/** What SRS's pages list besides: its monitors look for the names. */
const ELSEWHERE = "of SRS only: this server answers 404";

/** Pages that list what lies below them. */
const indexRoutes: readonly Route[] = [
  indexRoute("/", "this page", () => ({
    urls: { ...listBelow("/"), rtc: { v1: { play: ELSEWHERE, publish: ELSEWHERE, nack: ELSEWHERE } } },
  })),
  indexRoute("/api/", "the API", () => ({ urls: listBelow("/api/") })),
  indexRoute("/api/v1/", "version 1 of the API", () => ({
    urls: { ...listBelow("/api/v1/"), perf: ELSEWHERE, tcmalloc: ELSEWHERE },
    tests: { ...listBelow("/api/v1/tests/"), "[vhost]": ELSEWHERE },
  })),
];

/** Every path of the API: its router, its index pages and its documentation are made of this table. */
export const apiRoutes: readonly Route[] = [
  ...indexRoutes,
  ...healthRoutes,
  ...systemRoutes,
  ...procRoutes,
  ...vhostRoutes,
  ...streamRoutes,
  ...clientRoutes,
  ...recordingRoutes,
  ...clusterRoutes,
  ...memberRoutes,
  ...rawRoutes,
  ...testRoutes,
  ...exporterRoutes,
];

function indexRoute(path: string, doc: string, body: () => JsonBody): Route {
  return { path, methods: "any", effect: "reads", doc, handle: ({ server }) => envelope(server.identity, body()) };
}

/** One line for each path right below another, by the last part of its name. */
function listBelow(parent: string): Record<string, string> {
  const below = apiRoutes.filter(({ path }) => path.startsWith(parent) && path !== parent)
    .map(({ path, doc }) => [path.slice(parent.length).replace(/\/(\[id\])?$/, ""), doc] as const);
  return Object.fromEntries(below.filter(([name]) => !name.includes("/")));
}
