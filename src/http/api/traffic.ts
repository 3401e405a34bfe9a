import type { RateMeter } from "../../stream/stats.ts";
import type { JsonBody } from "../envelope.ts";
import { type JsonSchema, number, record, whole } from "../openapi/schema.ts";
import type { Query } from "../query.ts";
import type { Route } from "./route.ts";

/** A counter pair with the meters of both. */
export interface Traffic {
  readonly recv: RateMeter;
  readonly send: RateMeter;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** The traffic members that vhosts, streams and clients have in common. */
export function trafficMembers({ recv, send, bytesIn, bytesOut }: Traffic, nowMs: number): JsonBody {
  return {
    send_bytes: bytesOut,
    recv_bytes: bytesIn,
    kbps: { recv_30s: recv.kbps(nowMs, bytesIn), send_30s: send.kbps(nowMs, bytesOut) },
  };
}

/** {@link trafficMembers} as the API's document has them. */
export const trafficSchema: Readonly<Record<string, JsonSchema>> = record({
  send_bytes: whole("sent by the server"),
  recv_bytes: whole("received by the server"),
  kbps: record({ recv_30s: number("kbit/s"), send_30s: number("kbit/s") }),
}).properties ?? {};

/** Parameters of {@link page}. */
export const pageParameters: Route["parameters"] = [
  ["start", "how many entries to leave out", whole()],
  ["count", "how many to answer; at least ten", whole()],
];

/** The part of a list that `start` and `count` ask for: ten entries, unless more are wanted, as in SRS. */
export function page<T>(all: Iterable<T>, query: Query): T[] {
  const start = query.count("start");
  const end = start + Math.max(10, query.count("count"));
  const found: T[] = [];
  let at = 0;
  for (const entry of all) {
    if (at >= end) break;
    if (at++ >= start) found.push(entry);
  }
  return found;
}
