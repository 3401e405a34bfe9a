import { LISTS_PATH } from "../access/coworker_calls.ts";
import type { ApiContext, Route } from "../api/route.ts";
import { envelope, type JsonBody } from "../envelope.ts";
import { callCoworker } from "./coworker_call.ts";
import { type ListQuery, readListQuery, writeListQuery } from "./list_query.ts";
import { listClients, listEvents, listForwards, listPulls, listStreams } from "./lists.ts";

/** Lists of the console: a page of one costs no more than its rows, however long the list is. */
export const listRoutes: readonly Route[] = [
  listRoute("streams", "streams", listStreams),
  listRoute("clients", "clients", listClients),
  listRoute("pulls", "streams that are pulled, and the origins they are pulled from", listPulls),
  listRoute("copies", "streams that are sent on to other servers", listForwards),
  listRoute("events", "what happened of late, the newest first", listEvents),
];

function listRoute(
  name: string,
  what: string,
  list: (server: ApiContext["server"], query: ListQuery) => JsonBody,
): Route {
  const path = `${LISTS_PATH}${name}`;
  return {
    path,
    methods: ["GET"],
    effect: "reads",
    isShared: true,
    isPassedOn: ({ query }) => query.get("server") !== "",
    doc: `${what}: ?filter=&sort=[-]COLUMN&start=&count=, at most 50; of a coworker with &server=COWORKER`,
    extension: true,
    handle({ server }, { query }) {
      const wanted = readListQuery(query);
      const coworker = query.get("server");
      if (coworker === "") return envelope(server.identity, { data: list(server, wanted) });
      return callCoworker(server, coworker, { method: "GET", path: `${path}?${writeListQuery(wanted)}` });
    },
  };
}
