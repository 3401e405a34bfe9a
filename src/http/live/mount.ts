import { readTraceparent, TRACEPARENT } from "../../base/trace.ts";
import { type VhostConfig, VhostHandle } from "../../config/mod.ts";
import { DEFAULT_VHOST, type StreamUrl } from "../../rtmp/url.ts";
import type { ServerContext } from "../../server/context.ts";
import { peerOfRequest } from "../../server/play/peer_server.ts";
import { PLAY_PATH_HEADER, readHttpPlayPath } from "../../server/play/play_path.ts";
import {
  DISCONTINUITIES_HEADER,
  EPOCH_HEADER,
  HASTE_HEADER,
  readEpochHeader,
  readKnownCountHeader,
} from "../../stream/publish_facts.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import { NODE_HEADER } from "../../server/health/cluster_health.ts";
import type { Call } from "../call.ts";
import { methodNotAllowed, refusal } from "../envelope.ts";
import type { Carrier } from "./carrier.ts";
import { findStream, type StreamRequest } from "./stream_request.ts";
import type { Tracks } from "../format/stream_format.ts";
import { StreamViewer, type ViewerRequest } from "./viewer.ts";
import { LiveAnswer } from "./live_answer.ts";
import type { Mount } from "../router.ts";
import { acceptWebSocket, isWebSocketRequest, refuseWebSocket } from "./websocket_handshake.ts";

/** Clients that are known to go where a 302 sends them: browsers, ffmpeg and all that is made of it, curl, VLC, SRS. */
const followers = /^(?:Mozilla|Lavf|curl|VLC|LibVLC|GStreamer|SRS)\b/i;

/**
 * Serves live streams over HTTP and WebSocket, where the `http_remux` of their vhost says: as FLV, or their audio alone
 * as MP3 or AAC.
 *
 * `?only-audio` and `?only-video` leave the other out of an FLV.
 *
 * @param files A recording that lies where a stream could be is served while there is no such stream.
 */
export function streamMount(context: ServerContext, files: Mount): Mount {
  return async (call) => {
    const found = findStream(context.config, call);
    if (found === null || found instanceof Response) return found;
    const { method, headers } = call;
    if (method !== "GET" && method !== "HEAD") return methodNotAllowed(["GET"]);
    if (!context.sources.find(found.url.key)?.isActive) {
      const file = await files(call);
      if (file instanceof Response && file.status !== 404) return file;
    }
    if (context.drain.isOn) return refusal(503, "this server is about to stop");
    if (readHttpPlayPath(headers).includes(context.identity.serviceId)) {
      return refusal(508, "pull loop: this server already pulls the stream from the server that asks for it");
    }
    if (method === "GET" && isWebSocketRequest(headers)) return openWebSocket(context, call, found);
    const answerHeaders = new Headers({
      "content-type": found.format.contentType,
      "cache-control": "no-cache, no-transform",
      connection: "close",
    });
    const carrier = call.minorVersion === 0 || call.isFramed ? "plain" : "chunks";
    if (carrier === "chunks" && method === "GET") answerHeaders.set("transfer-encoding", "chunked");
    return open(context, viewerRequest(context, call, found, { carrier, status: 200, headers: answerHeaders }));
  };
}

async function openWebSocket(context: ServerContext, call: Call, found: StreamRequest) {
  const { crossdomain } = context.config.httpServer;
  const wrong = refuseWebSocket(call.headers, call.host, crossdomain);
  if (wrong !== null) return wrong;
  const headers = await acceptWebSocket(call.headers);
  const request = viewerRequest(context, call, found, { carrier: "webSocket", status: 101, headers });
  // Browsers follow no redirect of a WebSocket.
  return open(context, { ...request, findElsewhere: () => Promise.resolve(null) });
}

function open(context: ServerContext, request: ViewerRequest): LiveAnswer {
  return new LiveAnswer((host) => new StreamViewer(host, context, request));
}

function viewerRequest(
  context: ServerContext,
  call: Call,
  { url, format }: StreamRequest,
  how: { carrier: Carrier; status: number; headers: Headers },
): ViewerRequest {
  context.discontinuities.hear(url.key, readKnownCountHeader(call.headers.get(DISCONTINUITIES_HEADER)));
  const seenEpoch = readEpochHeader(call.headers.get(EPOCH_HEADER));
  context.seenPublishes.hear(url.key, seenEpoch);
  return {
    url,
    format,
    ...how,
    tracks: tracksOf(call.query),
    headOnly: call.method === "HEAD",
    pageUrl: call.headers.get("referer") ?? "",
    traceparent: readTraceparent(call.headers.get(TRACEPARENT)),
    server: peerOfRequest(call.headers),
    node: call.headers.get(NODE_HEADER),
    via: call.headers.has(PLAY_PATH_HEADER) ? readHttpPlayPath(call.headers) : null,
    isHasty: call.headers.has(PLAY_PATH_HEADER) && call.headers.has(HASTE_HEADER),
    seenEpoch,
    findElsewhere: (vhost, source, isWanted) => findOwner(context, call, { url, source, isWanted }, vhost),
  };
}

function tracksOf(query: Call["query"]): Tracks {
  const onlyAudio = query.isOn("only-audio");
  const onlyVideo = query.isOn("only-video");
  return { audio: onlyAudio || !onlyVideo, video: onlyVideo || !onlyAudio };
}

/**
 * On an origin of a cluster that has not the stream: its address at the owner, if that one says that it serves FLV
 * over HTTP and the client goes where it is sent.
 */
async function findOwner(
  context: ServerContext,
  call: Call,
  { url, source, isWanted }: { url: StreamUrl; source: LiveSource | undefined; isWanted: () => boolean },
  vhost: VhostConfig,
): Promise<string | null> {
  const { mode, redirect } = vhost.cluster;
  const handle = new VhostHandle(context, vhost);
  const follows = redirect !== "never" &&
    (redirect === "always" || followers.test(call.headers.get("user-agent") ?? ""));
  // The owner tells of FLV only.
  if (
    mode === "remote" || !context.directory.covers(handle) || source?.fedBy === "client" || !follows ||
    !call.path.endsWith(".flv")
  ) {
    return null;
  }
  const [owner] = await context.directory.find({ vhost: handle, url }, { isWanted });
  // One that is about to stop takes no more viewers.
  if (owner === undefined || owner.isDraining) return null;
  // From https nobody is sent to http: a page would not be let there, and others would not expect it.
  const [scheme, server] = isOverTls(call) ? ["https", owner.https] : ["http", owner.http];
  return server === undefined ? null : ownerAddress(`${scheme}://${server}`, call, url);
}

/** TLS ends here, or at a proxy in front of this server. */
function isOverTls({ scheme, headers }: Call): boolean {
  return scheme === "https" || headers.get("x-forwarded-proto")?.toLowerCase() === "https";
}

/** The same path and parameters at another server; a vhost that its address would not tell goes along. */
function ownerAddress(server: string, { path, search, query }: Call, { vhost }: StreamUrl): string {
  const isTold = vhost === DEFAULT_VHOST || query.get("vhost") !== "" || query.get("domain") !== "";
  const parameters = [search, isTold ? "" : `vhost=${encodeURIComponent(vhost)}`].filter((part) => part !== "");
  const target = parameters.length === 0 ? path : `${path}?${parameters.join("&")}`;
  return `${server}${target.replace(/[^!-~]/gu, encodeURIComponent)}`;
}
