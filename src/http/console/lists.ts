import { type Config, findVhost } from "../../config/mod.ts";
import { type ClientEntry, noTotals, type StreamEntry } from "../../server/client_registry.ts";
import { describeClient } from "../api/clients.ts";
import { describeOrigins, describePull, type Pull } from "../api/clusters.ts";
import type { ApiContext } from "../api/route.ts";
import { describeForward } from "../api/forwards.ts";
import { describeStreams } from "../api/streams.ts";
import type { JsonBody } from "../envelope.ts";
import { type ListQuery, PAGE_ROWS, pickPage } from "./list_query.ts";

type Server = ApiContext["server"];

/** Streams of this server, in the members of the API, with the server that feeds a pull and the mount of HTTP-FLV. */
export function listStreams(server: Server, query: ListQuery): JsonBody {
  const { registry, sources, timers, config, pulls } = server;
  const streams = registry.streams();
  const totals = registry.totals();
  const nowMs = timers.nowMs();
  const sums = (entry: StreamEntry) => totals.get(entry) ?? noTotals;
  const { rows, found } = pickPage(streams.values(), streams.size, {
    query,
    shape: {
      text: ({ url }) => url.key,
      columns: {
        stream: ({ url }) => url.key,
        viewers: (entry) => sums(entry).viewers,
        bitrate: (entry) => entry.recv.kbps(nowMs, sums(entry).bytesIn),
        sent: (entry) => entry.send.kbps(nowMs, sums(entry).bytesOut),
        frames: ({ url }) => sources.find(url.key)?.stats.videoFrames ?? 0,
        // The longer on air, the higher.
        time: ({ publisher, sinceMs }) => nowMs - (publisher?.sinceMs ?? sinceMs),
      },
    },
  });
  const upstreams = new Map(pulls.states().map(({ key, upstream }) => [key, upstream]));
  const described = describeStreams(server, rows, totals).map((body, i) => ({
    ...body,
    upstream: rows[i]?.publisher === null ? upstreams.get(rows[i].url.key) ?? "" : "",
    flv_mount: mountOf(config, rows[i]?.url.vhost ?? ""),
  }));
  return { total: streams.size, found, rows: described, flv: flvPorts(config) };
}

/** Clients of this server, in the members of the API that are shown. */
export function listClients(server: Server, query: ListQuery): JsonBody {
  const { registry, timers } = server;
  const nowMs = timers.nowMs();
  const rate = (client: ClientEntry) =>
    Math.max(client.recv.kbps(nowMs, client.bytesIn()), client.send.kbps(nowMs, client.bytesOut()));
  const { rows, found } = pickPage(registry.clients(), registry.clientCount, {
    query,
    shape: {
      text: ({ ip, url, id }) => `${ip} ${url.key} ${id}`,
      columns: {
        client: ({ ip }) => ip,
        does: ({ type }) => type,
        stream: ({ url }) => url.key,
        rate,
        time: ({ sinceMs }) => nowMs - sinceMs,
        left_out: (client) => client.dropped(),
      },
    },
  });
  const described = rows.map((client) => {
    // Peers may choose them as long as they like, and nobody looks at them here.
    const { pageUrl: _page, swfUrl: _swf, tcUrl: _tc, ...shown } = describeClient(server, client);
    return shown;
  });
  return { total: registry.clientCount, found, rows: described };
}

/** What this server pulls, and how the origins do. */
export function listPulls({ pulls, timers }: Server, query: ListQuery): JsonBody {
  const all = pulls.states();
  const { rows, found } = pickPage<Pull>(all, all.length, {
    query,
    shape: {
      text: ({ key, upstream }) => `${key} ${upstream}`,
      columns: {
        stream: ({ key }) => key,
        upstream: ({ upstream }) => upstream,
        switches: ({ switches }) => switches,
        error: ({ lastError }) => lastError,
      },
    },
  });
  const origins = describeOrigins(pulls, timers.nowMs()).slice(0, PAGE_ROWS);
  return { total: all.length, found, rows: rows.map(describePull), origins };
}

/** Streams that are sent on to other servers. */
export function listForwards({ forwards }: Server, query: ListQuery): JsonBody {
  const all = forwards.all().map(describeForward);
  const { rows, found } = pickPage(all, all.length, {
    query,
    shape: {
      text: ({ stream, destination, state }) => `${stream} ${destination} ${state}`,
      columns: {
        stream: ({ stream }) => String(stream),
        destination: ({ destination }) => String(destination),
        state: ({ state }) => String(state),
      },
    },
  });
  return { total: all.length, found, rows };
}

/** What happened of late. */
export function listEvents({ chronicle }: Server, query: ListQuery): JsonBody {
  const all = chronicle.events.all();
  const { rows, found } = pickPage(all, all.length, {
    query,
    shape: { text: ({ kind, subject, detail }) => `${kind} ${subject} ${detail}`, columns: {} },
  });
  return {
    total: all.length,
    found,
    rows: rows.map(({ id, atMs, kind, subject, detail }) => ({ id, at_ms: atMs, kind, subject, detail })),
  };
}

/** The vhost's mount; null when it serves no HTTP-FLV. */
function mountOf(config: Config, vhost: string): string | null {
  const { httpRemux } = findVhost(config, vhost) ?? {};
  return config.httpServer.enabled && httpRemux?.enabled === true ? httpRemux.mount : null;
}

/** The ports alone: which of its addresses a browser reaches, the server cannot know. */
function flvPorts({ httpServer }: Config): JsonBody | null {
  if (!httpServer.enabled) return null;
  return {
    port: httpServer.listen.port,
    https_port: httpServer.https.enabled ? httpServer.https.listen.port : null,
  };
}
