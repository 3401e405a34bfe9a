import { recover, type Soon, whenThere } from "../../base/soon.ts";
import { describeError, RequestDenied } from "../../base/errors.ts";
import type { ServerContext } from "../../server/context.ts";
import type { HlsHolder } from "../../server/hls/hls_hub.ts";
import type { HlsSession } from "../../server/hls/hls_session.ts";
import { TooManySessions } from "../../server/hls/hls_session_book.ts";
import type { HlsStream, HlsView } from "../../server/hls/hls_stream.ts";
import { TICKET_HEADER } from "../../stream/segment_offer.ts";
import type { Call } from "../call.ts";
import { methodNotAllowed, refusal } from "../envelope.ts";
import type { Mount } from "../router.ts";
import type { WholeAnswer } from "../live/live_answer.ts";
import { ViewAnswer } from "../view_answer.ts";
import type { HlsMediaPart, HlsRequest } from "./hls_path.ts";
import { HlsPaths } from "./hls_paths.ts";
import { answerMedia, noSuchMedia } from "./media_answer.ts";
import { answerPeer } from "./peer_answer.ts";
import { answerPlaylist, answerSession, targetMsOf } from "./playlist_answer.ts";
import { CTX_PARAMETER, judgeRequest } from "./request_access.ts";
import { openStream, unavailable } from "./stream_wait.ts";

/** What serving HLS takes of a server. */
export type HlsMountServer =
  & Pick<ServerContext, "config" | "world" | "sources" | "drain" | "registry" | "log">
  & HlsHolder;

/**
 * Serves streams as HLS where `hls` of their vhost says: `/app/stream.m3u8`, and what playlists list.
 *
 * @param files A file that lies where a stream could be is served while there is no such stream.
 */
export function hlsMount(server: HlsMountServer, files: Mount): Mount {
  const paths = new HlsPaths(server);
  return (call) => {
    const request = paths.find(call);
    if (request === null || request instanceof Response) return request;
    const stream = server.hls.find(request.url.key);
    const isKnown = stream !== undefined && (stream.view !== null || stream.isPublished);
    if (!isKnown && !server.sources.find(request.url.key)?.isActive) {
      // What is not here at all may be the path of something else, as of a stream in MPEG-TS.
      return whenThere(files(call), (file) => {
        return file instanceof Response && file.status !== 404 ? file : serve(server, call, request);
      });
    }
    return serve(server, call, request);
  };
}

function serve(server: HlsMountServer, call: Call, request: HlsRequest): Soon<WholeAnswer> {
  if (call.method !== "GET" && call.method !== "HEAD") return methodNotAllowed(["GET"]);
  if (call.headers.has(TICKET_HEADER)) return answerPeer(server, call, request);
  return recover(() => answer(server, call, request), (error) => refuse(server, call, error));
}

function answer(server: HlsMountServer, call: Call, request: HlsRequest): Soon<WholeAnswer> {
  const { part, vhost, url } = request;
  const isNew = vhost.now.hls.ctx && part.kind === "playlist" && call.query.get(CTX_PARAMETER) === "";
  if (server.drain.isOn && (isNew || server.hls.find(url.key) === undefined)) {
    return unavailable("this server is about to stop");
  }
  return whenThere(
    judgeRequest(server, call, request),
    (session) =>
      whenThere(openStream(server, call, request), (stream) => {
        if (stream instanceof Response) {
          if (session !== null && isNew) server.hls.sessions.drop(session, "there is no such stream");
          return stream;
        }
        const { view } = stream;
        if (view === null) return noSuchMedia();
        if (part.kind !== "playlist") return answerListed(stream, view, call, { part, session });
        if (isNew && session !== null) return answerSession(view, call, session);
        return answerPlaylist(stream, view, call, request, session);
      }),
  );
}

function answerListed(
  stream: HlsStream,
  view: HlsView,
  call: Call,
  { part, session }: { readonly part: HlsMediaPart; readonly session: HlsSession | null },
): Soon<WholeAnswer> {
  const isCmaf = view.options.container === "cmaf";
  if ("extension" in part && part.extension !== (isCmaf ? "m4s" : "ts")) return noSuchMedia();
  if (part.kind === "init" && !isCmaf) return noSuchMedia();
  const options = { isShared: session === null, targetMs: targetMsOf(view) };
  return whenThere(answerMedia(stream, view, call, part, options), (media) => {
    if (media instanceof ViewAnswer) session?.note(media.byteLength);
    return media;
  });
}

function refuse({ registry, log }: HlsMountServer, call: Call, error: unknown): Response {
  if (error instanceof TooManySessions) return unavailable(error.message);
  if (!(error instanceof RequestDenied)) throw error;
  registry.totalErrors++;
  log.warn(`HLS ${call.path} from ${call.remoteIp} refused: ${describeError(error)}`);
  const refused = refusal(error.codeName === "NoVhost" ? 404 : 403, error.message);
  refused.headers.set("cache-control", "no-store");
  return refused;
}
