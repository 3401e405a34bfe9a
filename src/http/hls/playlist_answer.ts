import { masterPlaylist } from "../../hls/master_playlist.ts";
import { mediaPlaylist, targetDurationSeconds } from "../../hls/playlist.ts";
import type { HlsSession } from "../../server/hls/hls_session.ts";
import type { HlsStream, HlsView } from "../../server/hls/hls_stream.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import { acceptsGzip, gzip } from "./gzip.ts";
import type { HlsRequest } from "./hls_path.ts";
import { HlsNames, withQuery } from "./hls_names.ts";
import { answerViews } from "./media_answer.ts";
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
/** Texts of one version that are told apart: by address and by delta. */
const MAX_TEXTS = 16;
const CONTENT_TYPE = "application/vnd.apple.mpegurl";

/** Texts of the newest version of a stream's playlist: all viewers get the same ones. */
interface Texts {
  version: number;
  readonly byKind: Map<string, PlaylistText>;
}

interface PlaylistText {
  /** Still without the parameters of a request. */
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  zipped: Promise<Uint8Array> | null;
}

const texts = new WeakMap<HlsStream, Texts>();

/** The playlist that begins a session: its only entry is the media playlist, with the id of the session. */
export function answerSession(view: HlsView, call: Call, session: HlsSession): Response {
  const name = call.path.slice(call.path.lastIndexOf("/") + 1);
  const text = masterPlaylist(view.window, `${name}?${sessionQuery(call, session)}`);
  const headers = new Headers({ "content-type": CONTENT_TYPE, "cache-control": "no-store" });
  session.note(text.length);
  return answerViews([new TextEncoder().encode(text)], call, headers);
}

/** Answers with the media playlist: at once, or as soon as it has what the client waits for. */
export async function answerPlaylist(
  stream: HlsStream,
  view: HlsView,
  call: Call,
  request: HlsRequest,
  session: HlsSession | null,
): Promise<Response> {
  const { window, options } = view;
  const isLowLatency = options.partMs > 0;
  const reload = isLowLatency ? readReload(call) : null;
  if (reload === "malformed") return badRequest("_HLS_msn and _HLS_part are whole numbers, and the part needs the msn");
  const targetMs = targetMsOf(view);
  if (reload !== null && !window.reaches(reload.number, reload.part)) {
    const newest = window.lastNumber ?? (window.open?.number ?? 0) - 1;
    if (reload.number > newest + MAX_AHEAD) return badRequest("_HLS_msn is too far ahead");
    const find = () => window.reaches(reload.number, reload.part) || stream.isDisposed ? true : null;
    const bounds = { limitMs: WAIT_TARGETS * targetMs, onGone: call.onGone };
    if (await stream.waiters.wait(find, bounds) === null) return unavailable("the stream does not go on");
    if (stream.isDisposed) return refusal(404, "the stream has ended");
  }
  const isDelta = isLowLatency && /^(?:YES|v2)$/.test(call.query.get("_HLS_skip"));
  const query = listedQuery(call, request, session);
  const { container } = options;
  const { entryPrefix: prefix, keyUrl: keyPrefix } = request.vhost.now.hls;
  const markOf = (number: number) => stream.marks.of(number);
  const names = new HlsNames(request.url, call.path, { container, prefix, keyPrefix, markOf });
  const made = textOf(stream, view, names, isDelta);
  const headers = new Headers({
    "content-type": CONTENT_TYPE,
    "cache-control": session !== null ? "no-store" : `max-age=${maxAgeS(targetMs, reload !== null)}`,
    vary: "accept-encoding",
  });
  let bytes: Uint8Array = query === "" ? made.bytes : new TextEncoder().encode(withQuery(made.text, query));
  // What only one viewer gets, several times a second, is not worth the work.
  if (acceptsGzip(call.headers) && (query === "" || !isLowLatency)) {
    headers.set("content-encoding", "gzip");
    bytes = query === "" ? await (made.zipped ??= gzip(made.bytes)) : await gzip(bytes);
  }
  if (session === null) headers.set("etag", etagOf(made.text, headers.get("content-encoding") ?? ""));
  session?.note(bytes.length);
  return answerViews([bytes], call, headers);
}

/** The longest that a segment of a stream takes, as its playlists say. */
export function targetMsOf({ window, options }: HlsView): number {
  return 1000 * targetDurationSeconds(window, options);
}

function textOf(stream: HlsStream, { window, options }: HlsView, names: HlsNames, skips: boolean): PlaylistText {
  const { version } = stream;
  let known = texts.get(stream);
  if (known?.version !== version) texts.set(stream, known = { version, byKind: new Map() });
  const kind = `${skips ? "delta" : "whole"} ${names.base}`;
  const found = known.byKind.get(kind);
  if (found !== undefined) return found;
  const text = mediaPlaylist(window, { ...options, skips }, names);
  const made: PlaylistText = {
    text,
    bytes: new Uint8Array(new TextEncoder().encode(withQuery(text, ""))),
    zipped: null,
  };
  if (known.byKind.size >= MAX_TEXTS) known.byKind.clear();
  known.byKind.set(kind, made);
  return made;
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

/** The same on all servers for the same text (FNV-1a, twice). */
function etagOf(text: string, encoding: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  const hex = (value: number) => (value >>> 0).toString(16).padStart(8, "0");
  return `"${hex(a)}${hex(b)}${encoding === "" ? "" : `-${encoding}`}"`;
}

function badRequest(message: string): Response {
  const answer = refusal(400, message);
  answer.headers.set("cache-control", "no-store");
  return answer;
}
