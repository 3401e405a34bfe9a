import { encodeUtf8 } from "../../base/bytes.ts";
import { type Soon, whenThere } from "../../base/soon.ts";
import { MessageFields } from "../../http1/message_fields.ts";
import { masterPlaylist } from "../../hls/master_playlist.ts";
import { targetDurationSeconds } from "../../hls/playlist.ts";
import type { HlsSession } from "../../server/hls/hls_session.ts";
import type { HlsStream, HlsView } from "../../server/hls/hls_stream.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import type { WholeAnswer } from "../live/live_answer.ts";
import { acceptsGzip, gzip } from "./gzip.ts";
import type { HlsRequest } from "./hls_path.ts";
import { answerViews } from "./media_answer.ts";
import { playlistText } from "./playlist_texts.ts";
import { listedQuery, sessionQuery } from "./request_access.ts";
import { unavailable } from "./stream_wait.ts";

/** What a client wants to wait for. */
interface Reload {
  readonly number: number;
  /** Null for the complete segment. */
  readonly part: number | null;
}

/** Segments that a client may ask for ahead of the newest. Source: RFC 8216bis §6.2.5.2. */
const MAX_AHEAD = 2;
/** Longest wait for a reload, in target durations. Source: ibid. */
const WAIT_TARGETS = 3;
/** How long caches keep what was waited for, in target durations. Source: RFC 8216bis, appendix B.1. */
const KEEP_TARGETS = 6;
/**
 * What only one viewer gets, as with a session, is not worth the work below this length, nor several times a second: to
 * compress a playlist of six segments costs more than to answer the request, and saves a few hundred bytes.
 */
const LEAST_OWN_ZIPPED_BYTES = 4096;
const CONTENT_TYPE = "application/vnd.apple.mpegurl";

/** The playlist that begins a session: its only entry is the media playlist, with the id of the session. */
export function answerSession(view: HlsView, call: Call, session: HlsSession): WholeAnswer {
  const name = call.path.slice(call.path.lastIndexOf("/") + 1);
  const text = masterPlaylist(view.window, `${name}?${sessionQuery(call, session)}`);
  const headers = new MessageFields([["content-type", CONTENT_TYPE], ["cache-control", "no-store"]]);
  session.note(text.length);
  return answerViews([encodeUtf8(text)], call, headers);
}

/** Answers with the media playlist: at once, or as soon as it has what the client waits for. */
export function answerPlaylist(
  stream: HlsStream,
  view: HlsView,
  call: Call,
  request: HlsRequest,
  session: HlsSession | null,
): Soon<WholeAnswer> {
  const { window, options } = view;
  const reload = options.partMs > 0 ? readReload(call) : null;
  if (reload === "malformed") return badRequest("_HLS_msn and _HLS_part are whole numbers, and the part needs the msn");
  const answer = () => answerNow(stream, view, call, request, { session, isReload: reload !== null });
  if (reload === null || window.reaches(reload.number, reload.part)) return answer();
  const newest = window.lastNumber ?? (window.open?.number ?? 0) - 1;
  if (reload.number > newest + MAX_AHEAD) return badRequest("_HLS_msn is too far ahead");
  const find = () => window.reaches(reload.number, reload.part) || stream.isDisposed ? true : null;
  const bounds = { limitMs: WAIT_TARGETS * targetMsOf(view), onGone: call.onGone };
  return stream.waiters.wait(find, bounds).then((found) => {
    if (found === null) return unavailable("the stream does not go on");
    return stream.isDisposed ? refusal(404, "the stream has ended") : answer();
  });
}

function answerNow(
  stream: HlsStream,
  view: HlsView,
  call: Call,
  request: HlsRequest,
  { session, isReload }: { readonly session: HlsSession | null; readonly isReload: boolean },
): Soon<WholeAnswer> {
  const isLowLatency = view.options.partMs > 0;
  const skips = isLowLatency && /^(?:YES|v2)$/.test(call.query.get("_HLS_skip"));
  const query = listedQuery(call, request, session);
  const text = playlistText(stream, view, request, { path: call.path, skips });
  const headers = new MessageFields();
  headers.set("content-type", CONTENT_TYPE);
  headers.set("cache-control", session !== null ? "no-store" : `max-age=${maxAgeS(targetMsOf(view), isReload)}`);
  headers.set("vary", "accept-encoding");
  const plain = text.bytes(query);
  const isOwnZipped = !isLowLatency && plain.length >= LEAST_OWN_ZIPPED_BYTES;
  const isZipped = (query === "" || isOwnZipped) && acceptsGzip(call.headers);
  if (isZipped) headers.set("content-encoding", "gzip");
  if (session === null) headers.set("etag", text.etag(isZipped ? "gzip" : ""));
  const bytes = !isZipped ? plain : query === "" ? text.zipped() : gzip(plain);
  return whenThere(bytes, (bytes) => {
    session?.note(bytes.length);
    return answerViews([bytes], call, headers);
  });
}

/** The longest that a segment of a stream takes, as its playlists say. */
export function targetMsOf({ window, options }: HlsView): number {
  return 1000 * targetDurationSeconds(window, options);
}

function readReload({ query }: Call): Reload | "malformed" | null {
  const [msn, part] = [query.raw("_HLS_msn"), query.raw("_HLS_part")];
  if (msn === "") return part === "" ? null : "malformed";
  if (!/^\d{1,15}$/.test(msn) || !/^\d{0,9}$/.test(part)) return "malformed";
  return { number: Number(msn), part: part === "" ? null : Number(part) };
}

function maxAgeS(targetMs: number, isReload: boolean): number {
  return isReload ? Math.ceil(KEEP_TARGETS * targetMs / 1000) : Math.max(1, Math.floor(targetMs / 2000));
}

function badRequest(message: string): Response {
  const answer = refusal(400, message);
  answer.headers.set("cache-control", "no-store");
  return answer;
}
