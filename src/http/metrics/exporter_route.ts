import { errorBody, jsonResponse, refusal } from "../envelope.ts";
import { KeptAnswers } from "../kept_answers.ts";
import { renderMetrics } from "./metrics.ts";
import type { ApiContext, Route } from "../api/route.ts";
import type { Mount } from "../router.ts";

/** Metrics on the port of the API. */
export const exporterRoutes: readonly Route[] = [{
  path: "/metrics",
  methods: "any",
  effect: "reads",
  isShared: true,
  doc: "metrics for Prometheus, if exporter is enabled",
  answer: "text",
  handle: (context) => context.server.config.exporter.enabled ? answerMetrics(context) : refuseMetrics(),
}];

/** The port of `exporter`: `/metrics` and nothing else, whatever the method. */
export function exporterMount(context: ApiContext): Mount {
  const kept = new KeptAnswers(context.server.world);
  const make = () => answerMetrics(context);
  const answer = (ip: string) => kept.answer(ip, { text: "", version: context.server.registry.version, make });
  return ({ path, remoteIp }) => path === "/metrics" ? answer(remoteIp) : refusal(404, "not found, see /metrics");
}

/** SRS answers its code with HTTP status 200, which makes Prometheus take the JSON for broken metrics. */
function refuseMetrics(): Response {
  const why = 'metrics are off; "exporter { enabled on; }" turns them on';
  return jsonResponse(errorBody("ExporterDisable", why), 404);
}

/** An answer with all metrics. */
async function answerMetrics(context: ApiContext): Promise<Response> {
  const { text, contentType } = await renderMetrics(context);
  return new Response(text, { headers: { "content-type": contentType } });
}
