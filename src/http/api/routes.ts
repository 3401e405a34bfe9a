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
import { openApiDocument } from "../openapi/document.ts";
import { enveloped, mapOf } from "../openapi/schema.ts";
import type { Route } from "./route.ts";

/** What SRS's pages list besides: its monitors look for the names. */
const ELSEWHERE = "of SRS only: this server answers 404";

/** Paths and what they do; some lead deeper. */
const INDEX = mapOf({ type: ["string", "object"] });

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

/** The document of this API. */
const documentRoute: Route = {
  path: "/api/v1/openapi.json",
  methods: ["GET"],
  effect: "reads",
  doc: "this API as an OpenAPI document, for tools",
  extension: true,
  answer: { type: "object", required: ["openapi", "info", "paths"] },
  handle: () => openApiDocument(apiRoutes),
};

/** Every path of the API: its router, its index pages and its documentation are made of this table. */
export const apiRoutes: readonly Route[] = [
  ...indexRoutes,
  documentRoute,
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
  const answer = enveloped({ urls: INDEX }, { tests: INDEX });
  return {
    path,
    methods: "any",
    effect: "reads",
    doc,
    answer,
    handle: ({ server }) => envelope(server.identity, body()),
  };
}

/** One line for each path right below another, by the last part of its name. */
function listBelow(parent: string): Record<string, string> {
  const below = apiRoutes.filter(({ path }) => path.startsWith(parent) && path !== parent)
    .map(({ path, doc }) => [path.slice(parent.length).replace(/\/(\[id\])?$/, ""), doc] as const);
  return Object.fromEntries(below.filter(([name]) => !name.includes("/")));
}
