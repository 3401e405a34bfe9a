import { errorBody } from "./envelope.ts";
import { renderMetrics } from "./metrics.ts";
import type { ApiContext, Route } from "./route.ts";

/** Metrics, on the API's port and on the exporter's own. */
export const exporterRoutes: readonly Route[] = [{
  path: "/metrics",
  methods: "any",
  doc: "metrics for Prometheus, where exporter is on",
  handle: (context) => context.server.config.exporter.enabled ? answer(context) : errorBody("ExporterDisable"),
}];

async function answer(context: ApiContext): Promise<Response> {
  const { text, contentType } = await renderMetrics(context);
  return new Response(text, { headers: { "content-type": contentType } });
}
