import { withoutSecrets } from "../../rtmp/url.ts";
import { type ClientEntry, isPlayer } from "../../server/client_registry.ts";
import { envelope, errorBody, type JsonBody } from "../envelope.ts";
import { anyText, enveloped, list, number, record, truth, whole } from "../openapi/schema.ts";
import type { ApiServer, Route } from "./route.ts";
import { page, pageParameters, trafficMembers, trafficSchema } from "./traffic.ts";

const clientSchema = record({
  id: anyText(),
  vhost: anyText("id of its vhost"),
  stream: anyText("id of its stream"),
  ip: anyText(),
  pageUrl: anyText(),
  swfUrl: anyText(),
  tcUrl: anyText(),
  url: anyText("app and stream"),
  name: anyText("stream"),
  type: anyText("such as rtmp-play, fmle-publish, flv-play"),
  publish: truth(),
  alive: number("seconds since it came"),
  ...trafficSchema,
  dropped: whole("packets left out because the player was too slow"),
}, { server: truth("it is another server"), instance: anyText("which one") });

/** Publishers and players; DELETE ends one's connection. */
export const clientRoutes: readonly Route[] = [{
  path: "/api/v1/clients/[id]",
  methods: ["GET", "DELETE"],
  effect: ({ method }) => method === "DELETE" ? "kicks" : "reads",
  isShared: true,
  doc: "clients (ten, or ?start=&count=), or one: address, stream, traffic; DELETE disconnects it",
  parameters: pageParameters ?? [],
  answer: enveloped({ clients: list(clientSchema) }),
  answerOfOne: enveloped({}, { client: clientSchema }),
  handle({ server }, { method, query }, id) {
    const { identity, registry } = server;
    if (id === "" && method !== "DELETE") {
      const clients = page(registry.clients(), query).map((client) => describeClient(server, client));
      return envelope(identity, { clients });
    }
    const client = registry.client(id);
    if (client === undefined) return errorBody("ClientNotFound", "there is no client with this id: it may have left");
    if (method !== "DELETE") return envelope(identity, { client: describeClient(server, client) });
    client.kick();
    return envelope(identity);
  },
}];

/**
 * A client in the members of SRS. Not in SRS: `dropped`, packets left out because the player was too slow; `server` and `instance`, only of clients that
 * are other servers and of those that tell their instance.
 */
export function describeClient({ registry, timers }: ApiServer, client: ClientEntry): JsonBody {
  const { id, url, ip, pageUrl, swfUrl, tcUrl, type, server: peer, recv, send } = client;
  const nowMs = timers.nowMs();
  return {
    id,
    vhost: registry.vhosts().get(url.vhost)?.id ?? "",
    stream: registry.streams().get(url.key)?.id ?? "",
    ip,
    pageUrl,
    swfUrl,
    tcUrl: withoutSecrets(tcUrl),
    url: url.key,
    name: url.stream,
    type,
    publish: !isPlayer(type),
    alive: Math.round(nowMs - client.sinceMs) / 1000,
    ...trafficMembers({ recv, send, bytesIn: client.bytesIn(), bytesOut: client.bytesOut() }, nowMs),
    dropped: client.dropped(),
    ...(peer === null ? {} : { server: true }),
    ...(peer === null || peer.instance === "" ? {} : { instance: peer.instance }),
  };
}
