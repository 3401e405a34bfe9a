import { describeAudio, describeVideo } from "../../flv/describe.ts";
import { withoutSecrets } from "../../rtmp/url.ts";
import { noTotals, type StreamEntry, type Totals } from "../../server/client_registry.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { envelope, errorBody, type JsonBody } from "../envelope.ts";
import { anyText, enveloped, list, orNull, record, truth, whole } from "../openapi/schema.ts";
import type { ApiServer, Route } from "./route.ts";
import { page, pageParameters, trafficMembers, trafficSchema } from "./traffic.ts";

const streamSchema = record({
  id: anyText(),
  name: anyText(),
  vhost: anyText("id of its vhost"),
  app: anyText(),
  tcUrl: anyText(),
  url: anyText("app and stream"),
  live_ms: whole("since it began; 0 while nobody publishes it"),
  clients: whole("publisher and players"),
  viewers: whole("players that are people"),
  downstream: whole("players that are servers"),
  frames: whole("of video"),
  ...trafficSchema,
  publish: record({ active: truth() }, { cid: anyText("id of the publisher") }),
  video: orNull(record({ codec: anyText(), profile: anyText(), level: anyText(), width: whole(), height: whole() })),
  audio: orNull(record({ codec: anyText(), sample_rate: whole("Hz"), channel: whole(), profile: anyText() })),
});

/** Streams that have a publisher or players. */
export const streamRoutes: readonly Route[] = [{
  path: "/api/v1/streams/[id]",
  methods: ["GET"],
  effect: "reads",
  isShared: true,
  doc: "streams (ten, or ?start=&count=), or one: publisher, codecs, traffic",
  parameters: pageParameters ?? [],
  answer: enveloped({ streams: list(streamSchema) }),
  answerOfOne: enveloped({ stream: streamSchema }),
  handle({ server }, { query }, id) {
    const { identity, registry } = server;
    const all = [...registry.streams().values()];
    const found = id === "" ? page(all, query) : all.filter((entry) => entry.id === id);
    if (id !== "" && found.length === 0) return errorBody("StreamNotFound", "there is no stream with this id");
    const streams = describeStreams(server, found);
    return envelope(identity, id === "" ? { streams } : { stream: streams[0] });
  },
}];

/** Streams in the members of SRS, and some more. */
export function describeStreams(
  server: ApiServer,
  entries: readonly StreamEntry[],
  totals = server.registry.totals(),
): JsonBody[] {
  const pulls = new Map(server.pulls.states().map(({ key, cid }) => [key, cid]));
  return entries.map((entry) => describeStream(server, entry, pulls.get(entry.url.key), totals.get(entry)));
}

/**
 * `viewers` and `downstream` are not in SRS: players that are people, and players that are servers.
 *
 * Where SRS writes the wall clock into `live_ms`, this is the time since the stream began.
 */
function describeStream(
  { registry, sources, timers }: ApiServer,
  entry: StreamEntry,
  pullId: string | undefined,
  { bytesIn, bytesOut, clients, viewers, downstream }: Totals = noTotals,
): JsonBody {
  const { id, url, tcUrl, publisher, recv, send } = entry;
  const source = sources.find(url.key);
  const active = source?.isActive ?? false;
  const nowMs = timers.nowMs();
  // On an edge the pull stands for the publisher, as in SRS.
  const cid = publisher?.id ?? (active ? pullId : undefined);
  return {
    id,
    name: url.key.slice(url.key.lastIndexOf("/") + 1),
    vhost: registry.vhosts().get(url.vhost)?.id ?? "",
    app: url.app,
    tcUrl: withoutSecrets(tcUrl),
    url: url.key,
    live_ms: active ? Math.round(nowMs - (publisher ?? entry).sinceMs) : 0,
    clients,
    viewers,
    downstream,
    frames: source?.stats.videoFrames ?? 0,
    ...trafficMembers({ recv, send, bytesIn, bytesOut }, nowMs),
    publish: { active, ...(cid === undefined ? {} : { cid }) },
    video: active ? videoOf(source) : null,
    audio: active ? audioOf(source) : null,
  };
}

function videoOf(source: LiveSource | undefined): JsonBody | null {
  const header = source?.meta.sequenceHeader("video");
  const described = header ? describeVideo(header.payload) : null;
  if (described === null) return null;
  const { codec, profile, level, width, height } = described;
  return { codec, profile, level, width, height };
}

function audioOf(source: LiveSource | undefined): JsonBody | null {
  const header = source?.meta.sequenceHeader("audio");
  const described = header ? describeAudio(header.payload) : null;
  if (described === null) return null;
  const { codec, sampleRate, channels, profile } = described;
  return { codec, sample_rate: sampleRate, channel: channels, profile };
}
