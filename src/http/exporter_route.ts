import { errorBody } from "./envelope.ts";
import { renderMetrics } from "./metrics.ts";
import type { ApiContext, Route } from "./route.ts";

/** Metrics on the port of the API. */
export const exporterRoutes: readonly Route[] = [{
  path: "/metrics",
  methods: "any",
  doc: "metrics for Prometheus, where exporter is on",
  handle: (context) => context.server.config.exporter.enabled ? answerMetrics(context) : errorBody("ExporterDisable"),
}];

/** An answer with all metrics. */
export async function answerMetrics(context: ApiContext): Promise<Response> {
  const { text, contentType } = await renderMetrics(context);
  return new Response(text, { headers: { "content-type": contentType } });
}
