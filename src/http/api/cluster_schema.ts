import { anyText, enveloped, list, number, orNull, record, truth, whole, word } from "../openapi/schema.ts";

const load = record({
  streams: whole(),
  published: whole("of these, those that clients publish there"),
  viewers: whole("people"),
  recv_kbps: number(),
  send_kbps: number(),
  cpu_percent: number("of one core"),
  memory_bytes: whole(),
});

/** What a server says of itself to coworkers: the answer of `/api/v1/node`. */
export const nodeSchema = record({
  instance: anyText("another one after each start"),
  server: anyText("server_id"),
  role: anyText(),
  software: anyText(),
  api: anyText("host:port; empty if it has none"),
  started_ms: orNull(number("Unix time")),
  draining: truth(),
  load: orNull(load),
});

/** The state of the cluster: the answer of `/api/v1/cluster`. */
export const clusterSchema = enveloped({
  state: word("healthy", "degraded"),
  now_ms: whole("Unix time"),
  totals: record({
    members: whole(),
    up: whole(),
    down: whole(),
    draining: whole(),
    origins: whole(),
    edges: whole(),
    streams: whole(),
    viewers: whole(),
    recv_kbps: number(),
    send_kbps: number(),
  }),
  members: list(record({
    id: anyText("another one after each start"),
    server_id: anyText(),
    address: anyText("its HTTP API, host:port"),
    rtmp: anyText("where it takes RTMP, host:port; of origins that this edge pulls from"),
    role: word("origin", "edge", "origin and edge", "unknown"),
    software: anyText(),
    link: word("self", "coworker", "upstream", "downstream"),
    state: word("up", "down", "draining"),
    state_since_ms: number("Unix time"),
    started_ms: orNull(number("Unix time")),
    load: orNull(load),
    problem: anyText("what is wrong and what to do; empty if nothing is"),
  })),
  problems: list(record({
    severity: word("error", "warning", "note"),
    member: anyText("id of the member"),
    name: anyText(),
    since_ms: number("Unix time"),
    what: anyText(),
    remedy: anyText(),
  })),
});
