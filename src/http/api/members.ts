import { NODE_PATH, nodeMembers } from "../../cluster/health/node_facts.ts";
import { isAuthorized } from "../access/basic_auth.ts";
import type { Call } from "../call.ts";
import { envelope, type JsonBody, jsonResponse, refusal } from "../envelope.ts";
import { clusterJson, clusterView } from "./cluster_view.ts";
import { anyText, enveloped, list, number, record, whole } from "../openapi/schema.ts";
import { clusterSchema, nodeSchema } from "./cluster_schema.ts";
import type { ApiContext, Route } from "./route.ts";

/** Where the state of the cluster is. */
export const CLUSTER_PATH = "/api/v1/cluster";

/** An answer is read up to 64 KiB; a server takes 300 bytes of it, a coworker 70. */
const MAX_DOWNSTREAM = 150;
const MAX_LISTED = 150;

/** The servers of the cluster: this one, and all that it knows of. */
export const memberRoutes: readonly Route[] = [
  {
    path: CLUSTER_PATH,
    methods: ["GET"],
    effect: "reads",
    isShared: true,
    answer: clusterSchema,
    doc: "all servers of the cluster as this one sees them: state, load, what is wrong and what to do",
    extension: true,
    handle: ({ server }) =>
      envelope(server.identity, clusterJson(clusterView(server.health.book.members(), server.timers.nowMs()))),
  },
  {
    path: NODE_PATH,
    methods: ["GET"],
    effect: "reads",
    parameters: [["from", "instance that asks"], ["downstream", "on: with the servers that pull from here"]],
    answer: enveloped({
      data: record({
        ...nodeSchema.properties,
        now_ms: number(),
        coworkers: list(record({ address: anyText(), instance: anyText(), state: anyText() })),
      }, { downstream: list(record({ ...nodeSchema.properties, ago_ms: whole("since it said so") })) }),
    }),
    doc: "who this server is and what it does; for coworkers, with the coworker_token if there is one",
    extension: true,
    handle: answerNode,
  },
];

/** Those that pull from here at this moment. */
function downstreamOf({ health: { downstream }, timers }: ApiContext["server"]): JsonBody[] {
  return downstream.all().filter(({ isUp }) => isUp).slice(0, MAX_DOWNSTREAM).map(({ facts, heardMs }) => ({
    ...nodeMembers(facts),
    ago_ms: Math.round(timers.nowMs() - heardMs),
  }));
}

/** The question of a coworker who this server is; it shows the token, where there is one, as for who has a stream. */
async function answerNode({ server }: ApiContext, call: Call): Promise<Response> {
  const { config, identity, health, members, world } = server;
  const tokens = config.vhosts.flatMap(({ cluster }) => cluster.originCluster ? cluster.coworkerToken : []);
  const isOperator = config.httpApi.auth.enabled && isAuthorized(config.httpApi.auth, call.headers);
  if (tokens.length > 0 && !isOperator && !await members.knowsAnyToken(config.vhosts, call)) {
    server.log.warn(`refused to tell ${call.remoteIp} who this server is: wrong or missing coworker_token`);
    return refusal(403, "wrong or missing coworker_token");
  }
  const from = call.query.get("from");
  if (/^[\w-]{1,64}$/.test(from)) {
    health.watch.noteAsked(from);
    if (from !== identity.serviceId && !health.watch.knows(from)) {
      server.coworkerList.hurry();
      health.watch.hurry(call.remoteIp);
    }
  }
  const downstream = call.query.isOn("downstream") ? { downstream: downstreamOf(server) } : {};
  // Those that it does not reach tell why another server may not be asked.
  const listed = health.watch.all().toSorted((a, b) => Number(a.state === "up") - Number(b.state === "up"));
  return jsonResponse(envelope(identity, {
    data: {
      ...nodeMembers(health.self.facts()),
      now_ms: world.wallMs(),
      coworkers: listed.slice(0, MAX_LISTED).map(({ address, state, instance }) => ({
        address: address.text,
        // Who does not answer need not be the one any more that did.
        instance: state === "up" ? instance : "",
        state,
      })),
      ...downstream,
    },
  }));
}
