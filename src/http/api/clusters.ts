import { CLUSTERS_PATH } from "../access/coworker_calls.ts";
import { readTraceparent, TRACEPARENT } from "../../base/trace.ts";
import { answerOwner, answerStandIn, type OwnerFacts, type OwnerQuestion } from "../../cluster/mesh/ownership.ts";
import { findVhost, VhostHandle } from "../../config/mod.ts";
import { offerMembers } from "../../stream/segment_offer.ts";
import { knownCountMember } from "../../stream/publish_facts.ts";
import { streamKey } from "../../rtmp/url.ts";
import type { RecordingRun } from "../../server/record/recording_run.ts";
import type { Call } from "../call.ts";
import { envelope, type JsonBody, jsonResponse, refusal } from "../envelope.ts";
import { mainAddress } from "../../base/local_address.ts";
import { anyText, enveloped, list, number, orNull, record, truth, whole, word } from "../openapi/schema.ts";
import type { ApiContext, Route } from "./route.ts";

/** The origin cluster: who has a stream, and what an edge pulls. */
export const clusterRoutes: readonly Route[] = [
  {
    path: CLUSTERS_PATH,
    methods: "any",
    effect: ({ query }) =>
      ["claim", "stand_in", "segments"].some((name) => query.get(name) !== "") ? "memberOnly" : "reads",
    parameters: [["vhost", ""], ["app", ""], ["stream", ""], ["ip", "host that the player used"], [
      "coworker",
      "how this server is called",
    ]],
    answer: record({
      code: whole(),
      data: record({
        query: record({ ip: anyText(), vhost: anyText(), app: anyText(), stream: anyText() }),
        origin: orNull(record({
          ip: anyText(),
          port: whole(),
          vhost: anyText(),
          api: anyText(),
          routers: list(anyText()),
          silent_ms: whole("how long the publisher has sent nothing"),
        }, {
          since_ms: number("when the publisher came, Unix time"),
          epoch: whole("which publish of the stream it is"),
          draining: truth(),
          http: anyText("where it serves HTTP-FLV, host:port"),
          https: anyText(),
        })),
        instance: anyText("which start of the server answers"),
      }, {
        recording: orNull(record({ epoch: whole(), part: whole() })),
        stand_in: orNull(record({ ip: anyText(), port: whole() })),
        segments: orNull(record({}, {
          srs_ts_hls_port: whole(),
          srs_ts_hls_ticket: anyText(),
          srs_ts_discontinuities: whole("how many the stream has had"),
        })),
      }),
    }),
    doc: "whether this server has a stream: ?vhost=&app=&stream=&ip=&coworker=; for coworkers",
    handle: traceClusters,
  },
  {
    path: "/api/v1/edges",
    methods: ["GET"],
    effect: "reads",
    doc: "edge: streams being pulled, from where, and the health of the origins",
    extension: true,
    answer: enveloped({
      data: record({
        pulls: list(record({
          url: anyText("app and stream"),
          upstream: anyText("host:port; empty while it searches"),
          state: word("playing", "searching"),
          last_error: anyText(),
          switches: whole("from one origin to another"),
          last_gap_ms: number("without media, at the last switch"),
        })),
        origins: list(record({
          origin: anyText("host:port"),
          pulls: whole(),
          failures: whole("one after the other"),
          rest_ms: whole("until it is asked first again"),
          last_error: anyText(),
          last_error_at: orNull(number("Unix time in ms")),
        })),
      }),
    }),
    handle: ({ server }) => envelope(server.identity, { data: describeEdge(server.pulls, server.timers.nowMs()) }),
  },
];

/** Goes on with the trace of the coworker that asks, if it says so. */
async function traceClusters(context: ApiContext, call: Call): Promise<Response> {
  const traceparent = readTraceparent(call.headers.get(TRACEPARENT));
  const span = traceparent === null
    ? null
    : context.server.tracer?.start("owner answer", traceparent, { kind: "server" });
  try {
    return await answerClusters(context, call);
  } finally {
    span?.end();
  }
}

/** What coworkers ask of each other besides SRS's question, and only by POST: extensions. */
interface MemberRequest {
  /** Id of the instance that claims the stream; empty when none does. */
  claim: string;
  /** A server that is about to stop looks for one that takes its clients. */
  standIn: boolean;
  /** It publishes the stream from now on, and lacks what was published before. */
  segments: boolean;
  /** How long the answer may wait for the stream; 0 for not at all. */
  waitMs: number;
}

/**
 * `instance` is not in SRS: by it an origin finds that one of its coworkers is itself.
 *
 * Source: SRS 6 `SrsGoApiClusters::serve_http`; without the common members, and `origin` null for an unknown stream.
 */
async function answerClusters(context: ApiContext, call: Call): Promise<Response> {
  const { server } = context;
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
    fallbackIp: () => mainAddress(server.world.interfaces()),
    publisher: (key) => server.mesh.published(key) ?? null,
    isDraining: server.drain.isOn,
  };
  const question = read((name) => call.query.get(name));
  const rawQuestion = read((name) => call.query.raw(name));
  const asked = [question, rawQuestion].map(({ vhost }) => findVhost(server.config, vhost));
  const leaves = await Promise.all(asked.map((vhost) => server.members.mayAsk(vhost, call)));
  if (leaves.includes(false)) {
    server.log.warn(`refused to tell ${call.remoteIp} who has a stream: wrong or missing coworker_token`);
    return refusal(403, "wrong or missing coworker_token");
  }
  const wish = readMemberRequest(call);
  if (wish !== null) {
    const refused = await obey(server, question, wish, call);
    if (refused !== null) return refused;
  }
  const { coworker: _, ...echo } = question;
  // SRS does not encode: there `%` is a character of the name like any other.
  const answer = () => answerOwner(question, facts) ?? answerOwner(rawQuestion, facts);
  let origin = answer();
  if (origin === null && wish !== null && wish.waitMs > 0) {
    await server.heldQuestions.hold(keyOf(server, question), call.remoteIp, wish.waitMs, call.onGone);
    origin = answer();
  }
  const standIn = wish?.standIn ? { stand_in: answerStandIn(question, facts) } : {};
  const key = keyOf(server, question);
  const segments = wish?.segments
    ? { segments: segmentMembers(server, key), recording: runMembers(server.recorder.runOf(key)) }
    : {};
  const { serviceId: instance } = server.identity;
  return jsonResponse({ code: 0, data: { query: echo, origin, instance, ...standIn, ...segments } });
}

/** What this server has of the segments of a stream, and knows of them; null for nothing. */
function segmentMembers({ hls, discontinuities }: ApiContext["server"], key: string): JsonBody | null {
  const members = { ...offerMembers(hls.offerSegments(key)), ...knownCountMember(discontinuities.of(key)) };
  return Object.keys(members).length === 0 ? null : members;
}

/** Which part of a recording the server makes, that the next one goes on behind. */
function runMembers(run: RecordingRun | null): JsonBody | null {
  return run === null || run.epoch === 0 ? null : { ...run };
}

/** Null for a plain question: what comes by GET, from a browser or a script, changes nothing. */
function readMemberRequest({ method, query, headers }: Call): MemberRequest | null {
  const [, claim = ""] = /^([a-z\d]{1,32})$/.exec(query.get("claim")) ?? [];
  const standIn = query.get("stand_in") === "1";
  const [wait = "0"] = /^\d{1,6}$/.exec(query.get("wait_ms")) ?? [];
  // No coworker is a page: those are answered at once.
  const isOfPage = headers.has("origin") || headers.has("sec-fetch-site");
  const segments = query.get("segments") === "1";
  const wish = { claim, standIn, segments, waitMs: isOfPage ? 0 : Number(wait) };
  return method === "POST" && (claim !== "" || standIn || segments || wish.waitMs > 0) ? wish : null;
}

function keyOf({ config }: ApiContext["server"], { vhost, app, stream }: OwnerQuestion): string {
  return streamKey(findVhost(config, vhost)?.name ?? vhost, app, stream);
}

/** Does what a member asks. @returns The refusal, if the caller is not a member. */
async function obey(
  server: ApiContext["server"],
  { vhost: name, app, stream, ip }: OwnerQuestion,
  wish: MemberRequest,
  caller: Call,
): Promise<Response | null> {
  const { claim } = wish;
  const vhost = findVhost(server.config, name);
  const why = vhost === undefined ? "unknown vhost" : await server.members.whyStranger(vhost, caller);
  if (vhost === undefined || why !== null) {
    // Whoever may ask, but is no member, is answered at once.
    if (claim === "" && !wish.standIn && !wish.segments) {
      wish.waitMs = 0;
      return null;
    }
    const what = wish.segments
      ? "asks for segments"
      : claim === ""
      ? "asks who takes the clients of a server that stops"
      : "claims a stream";
    server.log.warn(`${caller.remoteIp} ${what}, but is not a member of the cluster: ${why}`);
    return refusal(403, `not a member of the cluster: ${why}`);
  }
  if (claim === "") return null;
  const url = { key: streamKey(vhost.name, app, stream), app, stream, host: ip };
  await server.mesh.onRivalClaim({ vhost: new VhostHandle(server, vhost), url }, claim);
  return null;
}

/** What an edge pulls, from where, and how the origins do. */
export function describeEdge(pulls: ApiContext["server"]["pulls"], nowMs: number): JsonBody {
  return { pulls: pulls.states().map(describePull), origins: describeOrigins(pulls, nowMs) };
}

/** What a pull does now. */
export type Pull = ReturnType<ApiContext["server"]["pulls"]["states"]>[number];

/** One pull, as `/api/v1/edges` has it. */
export function describePull({ key, upstream, isFed, lastError, switches, lastGapMs }: Pull): JsonBody {
  return {
    url: key,
    upstream,
    state: isFed ? "playing" : "searching",
    last_error: lastError,
    switches,
    last_gap_ms: lastGapMs,
  };
}

/** How the origins do that this server pulls from, as `/api/v1/edges` has it. */
export function describeOrigins({ pool }: ApiContext["server"]["pulls"], nowMs: number): JsonBody[] {
  return [...pool.table()].map((health) => ({
    origin: health.origin,
    pulls: health.pulls,
    failures: health.failures,
    rest_ms: Math.max(0, Math.round(health.restUntilMs - nowMs)),
    last_error: health.lastError,
    // Unix time in ms; null without an error.
    last_error_at: health.lastErrorMs === null ? null : Math.round(health.lastErrorMs),
  }));
}
