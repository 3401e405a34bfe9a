import { noTotals, type Totals, type TrafficEntry } from "../../server/client_registry.ts";
import { envelope, errorBody, type JsonBody } from "../envelope.ts";
import { anyText, enveloped, list, record, truth, whole } from "../openapi/schema.ts";
import type { ApiServer, Route } from "./route.ts";
import { trafficMembers, trafficSchema } from "./traffic.ts";

const vhostSchema = record({
  id: anyText(),
  name: anyText(),
  enabled: truth(),
  clients: whole("publishers and players"),
  viewers: whole("players that are people"),
  downstream: whole("players that are servers"),
  streams: whole(),
  ...trafficSchema,
  hls: { ...record({ enabled: truth() }), additionalProperties: true },
  dvr: record({ enabled: truth() }),
});

/** Vhosts that had a client since the start. */
export const vhostRoutes: readonly Route[] = [{
  path: "/api/v1/vhosts/[id]",
  methods: ["GET"],
  effect: "reads",
  isShared: true,
  doc: "all vhosts, or one: clients, streams, traffic",
  answer: enveloped({ vhosts: list(vhostSchema) }),
  answerOfOne: enveloped({ vhost: vhostSchema }),
  handle({ server }, _call, id) {
    const { identity, registry } = server;
    const all = [...registry.vhosts()].filter(([, { id: known }]) => id === "" || known === id);
    if (id !== "" && all.length === 0) {
      return errorBody("NoVhost", "no vhost with this id has had a client since the start");
    }
    const totals = registry.totals();
    const vhosts = all.map(([name, entry]) => describeVhost(server, name, entry, totals.get(entry)));
    return envelope(identity, id === "" ? { vhosts } : { vhost: vhosts[0] });
  },
}];

/** Not in SRS: `viewers`, players that are people, `downstream`, players that are servers, and `dvr`. */
function describeVhost(
  { config, registry, timers }: ApiServer,
  name: string,
  entry: TrafficEntry,
  { bytesIn, bytesOut, clients, viewers, downstream }: Totals = noTotals,
): JsonBody {
  const { id, recv, send } = entry;
  const { enabled = false, hls, dvr } = config.vhosts.find((vhost) => vhost.name === name) ?? {};
  return {
    id,
    name,
    enabled,
    clients,
    viewers,
    downstream,
    streams: [...registry.streams().values()].filter(({ url }) => url.vhost === name).length,
    ...trafficMembers({ recv, send, bytesIn, bytesOut }, timers.nowMs()),
    hls: hls?.enabled ? { enabled: true, fragment: hls.fragmentMs / 1000 } : { enabled: false },
    dvr: { enabled: dvr?.enabled ?? false },
  };
}
