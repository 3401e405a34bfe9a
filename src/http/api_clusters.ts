import { encodeUtf8 } from "../base/bytes.ts";
import { readTraceparent, TRACEPARENT } from "../base/trace.ts";
import { COWORKER_TOKEN_HEADER } from "../cluster/coworkers.ts";
import { answerOwner, answerStandIn, type OwnerFacts, type OwnerQuestion } from "../cluster/ownership.ts";
import { type Config, findVhost } from "../config/mod.ts";
import { streamKey } from "../rtmp/url.ts";
import { equalInConstantTime } from "./basic_auth.ts";
import type { Call } from "./call.ts";
import { envelope, type JsonBody, refusal } from "./envelope.ts";
import { localAddresses, mainAddress } from "./local_address.ts";
import type { ApiContext, Route } from "./route.ts";

/** The origin cluster: who has a stream, and what an edge pulls. */
export const clusterRoutes: readonly Route[] = [
  {
    path: "/api/v1/clusters",
    methods: "any",
    doc: "whether this server has a stream: ?vhost=&app=&stream=&ip=&coworker=; asked by the coworkers",
    handle: traceClusters,
  },
  {
    path: "/api/v1/edges",
    methods: ["GET"],
    doc: "edge: streams that are pulled, from where, and the health of the origins",
    extension: true,
    handle: ({ server }) => envelope(server.identity, { data: describeEdge(server.pulls, server.timers.nowMs()) }),
  },
];

/** Goes on with the trace of the coworker that asks, if it says so. */
function traceClusters(context: ApiContext, call: Call): JsonBody | Response {
  const traceparent = readTraceparent(call.headers.get(TRACEPARENT));
  if (traceparent === null) return answerClusters(context, call);
  const span = context.server.tracer?.start("owner answer", traceparent, { kind: "server" });
  try {
    return answerClusters(context, call);
  } finally {
    span?.end();
  }
}

/**
 * `instance` is not in SRS: by it an origin finds that one of its coworkers is itself.
 *
 * Source: SRS 6 `SrsGoApiClusters::serve_http`; without the common members, and `origin` null for an unknown stream.
 */
function answerClusters({ server }: ApiContext, { query, headers, remoteIp }: Call): JsonBody | Response {
  const read = (value: (name: string) => string) => ({
    ip: value("ip"),
    vhost: value("vhost"),
    app: value("app"),
    stream: value("stream"),
    coworker: value("coworker"),
  });
  const facts: OwnerFacts = {
    config: server.config,
    sources: server.sources,
    fallbackIp: () => mainAddress(localAddresses()),
    silentMs: (key) => server.publishers.active(key)?.silentMs() ?? 0,
    isDraining: server.drain.isOn,
  };
  const question = read((name) => query.get(name));
  const rawQuestion = read((name) => query.raw(name));
  if (![question, rawQuestion].every(({ vhost }) => mayAsk(server.config, vhost, headers))) {
    server.log.warn(`${remoteIp} asks for the streams of this server without the right coworker_token`);
    return refusal(403, "no coworker of this server");
  }
  const claim = Number(query.get("claim"));
  if (claim > 0) yieldStream(server, question, claim);
  const { coworker: _, ...echo } = question;
  // SRS does not encode: there `%` is a character of the name like any other.
  const origin = answerOwner(question, facts) ?? answerOwner(rawQuestion, facts);
  const standIn = query.get("stand_in") === "1" ? { stand_in: answerStandIn(question, facts) } : {};
  return { code: 0, data: { query: echo, origin, instance: server.identity.serviceId, ...standIn } };
}

/** Whether a question bears the `coworker_token` of the vhost that it is about; anything will do without one. */
function mayAsk(config: Config, vhost: string, headers: Headers): boolean {
  const token = findVhost(config, vhost)?.cluster.coworkerToken ?? "";
  const sent = headers.get(COWORKER_TOKEN_HEADER) ?? "";
  return token === "" || equalInConstantTime(encodeUtf8(sent), encodeUtf8(encodeURIComponent(token)));
}

/** A coworker has a newer publisher of the stream: the one here gives way, if it may. */
function yieldStream(server: ApiContext["server"], { vhost: name, app, stream }: OwnerQuestion, sinceMs: number): void {
  const vhost = findVhost(server.config, name);
  if (vhost === undefined) return;
  const key = streamKey(vhost.name, app, stream);
  const policy = server.drain.isOn ? "takeover" : vhost.publish.onConflict;
  if (server.publishers.yieldToCoworker(key, policy, sinceMs)) {
    server.log.info(`publish ${key}: given up for a newer publisher at another origin`);
  }
}

function describeEdge(pulls: ApiContext["server"]["pulls"], nowMs: number): JsonBody {
  return {
    pulls: pulls.states().map(({ key, upstream, isFed, lastError, switches, lastGapMs }) => ({
      url: key,
      upstream,
      state: isFed ? "playing" : "searching",
      last_error: lastError,
      switches,
      last_gap_ms: lastGapMs,
    })),
    origins: [...pulls.pool.table()].map((health) => ({
      origin: health.origin,
      pulls: health.pulls,
      failures: health.failures,
      rest_ms: Math.max(0, Math.round(health.restUntilMs - nowMs)),
      last_error: health.lastError,
    })),
  };
}
