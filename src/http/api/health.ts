import { type JsonBody, refusal } from "../envelope.ts";
import { record, whole } from "../openapi/schema.ts";
import type { ApiServer, Route } from "./route.ts";

/** What tells whether a server is ready. */
export interface ReadyFacts {
  readonly rtmp: Pick<ApiServer["rtmp"], "isListening">;
  readonly drain: Pick<ApiServer["drain"], "isAnnounced">;
}

/**
 * For load balancers and orchestrators. Neither answer needs the password, depends on another server, or tells more than
 * whoever can reach the port sees for himself.
 */
export const healthRoutes: readonly Route[] = [
  {
    path: "/healthz",
    methods: ["GET"],
    effect: "reads",
    doc: "whether this process is alive: 200 for as long as it answers",
    extension: true,
    answer: record({ code: whole() }),
    handle: (): JsonBody => ({ code: 0 }),
  },
  {
    path: "/readyz",
    methods: ["GET"],
    effect: "reads",
    doc: "whether this server takes clients: 200, or 503 with the reason",
    extension: true,
    answer: record({ code: whole() }),
    handle({ server }) {
      const reason = whyNotReady(server);
      return reason === null ? { code: 0 } : refusal(503, reason);
    },
  },
];

/** Why no new clients should be sent here, in words; null if they are welcome. */
export function whyNotReady({ rtmp, drain }: ReadyFacts): string | null {
  // From the announcement on, while it still takes clients: it takes time until nobody is sent here any more.
  if (drain.isAnnounced) return "draining: this server is about to stop";
  return rtmp.isListening ? null : "starting: the RTMP port is not open yet";
}
