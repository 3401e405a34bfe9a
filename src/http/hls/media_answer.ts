import { type Soon, whenThere } from "../../base/soon.ts";
import { MessageFields } from "../../http1/message_fields.ts";
import { entryBytes } from "../../hls/segment.ts";
import type { SegmentWindow } from "../../hls/segment_window.ts";
import type { HlsStream, HlsView } from "../../server/hls/hls_stream.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import { parseByteRange } from "../files/byte_range.ts";
import { mimeType } from "../files/mime.ts";
import type { WholeAnswer } from "../live/live_answer.ts";
import { byteLength, sliceViews, ViewAnswer } from "../view_answer.ts";
import type { HlsMediaPart } from "./hls_path.ts";
import { unavailable } from "./stream_wait.ts";

/** Bytes that were asked for, and what there is to say of them. */
interface Media {
  readonly views: readonly Uint8Array[];
  readonly etag: string;
  /** The name means these bytes, here and elsewhere, now and later. */
  readonly isForever: boolean;
}

/** What an answer depends on besides the bytes. */
export interface MediaOptions {
  /** Whether shared caches may keep it: no session is in the address. */
  readonly isShared: boolean;
  readonly targetMs: number;
}

const FOREVER = "max-age=31536000, immutable";
/** Longest wait for something that a playlist has announced, in target durations. */
const WAIT_TARGETS = 3;

/** Answers with a segment, a part or an initialization segment; those that are about to be there are waited for. */
export function answerMedia(
  stream: HlsStream,
  view: HlsView,
  call: Call,
  part: HlsMediaPart,
  options: MediaOptions,
): Soon<WholeAnswer> {
  const number = part.kind === "segment" || part.kind === "part" ? part.number : null;
  if (number !== null && "mark" in part && part.mark !== stream.marks.of(number)) return noSuchMedia();
  if (number !== null) stream.fetcher.want(number);
  const isFetching = () => number !== null && stream.fetcher.isFetching(number);
  const isAwaited = () => !stream.isDisposed && (isFetching() || stream.mayGoOn && isExpected(view.window, part));
  const find = () => {
    // Instead of a gap, the segment may be here soon.
    const media = isFetching() ? null : findMedia(view, part);
    return media ?? (isAwaited() ? null : "gone" as const);
  };
  const bounds = { limitMs: WAIT_TARGETS * options.targetMs, onGone: call.onGone };
  return whenThere(find() ?? stream.waiters.wait(find, bounds), (found) => {
    if (found !== null && found !== "gone") return answerFound(found, call, options);
    const isListed = number !== null && view.window.find(number)?.kind === "absent";
    return isListed ? unavailable("the server that has this segment does not answer") : noSuchMedia();
  });
}

function answerFound({ views, etag, isForever }: Media, call: Call, { isShared }: MediaOptions): WholeAnswer {
  const headers = new MessageFields();
  headers.set("content-type", mimeType(call.path));
  headers.set("accept-ranges", "bytes");
  headers.set("etag", etag);
  headers.set("cache-control", !isForever ? "no-store" : `${isShared ? "public" : "private"}, ${FOREVER}`);
  return answerViews(views, call, headers);
}

/** Bytes, or the range of them that is asked for, without a copy. Source: RFC 9110 §13, §14. */
export function answerViews(views: readonly Uint8Array[], call: Call, headers: MessageFields): WholeAnswer {
  const etag = headers.get("etag") ?? "";
  const known = call.headers.get("if-none-match");
  if (known !== null && (known === "*" || known.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag))) {
    return new ViewAnswer([], { status: 304, headers });
  }
  const size = byteLength(views);
  const isRangeMeant = ["", etag].includes(call.headers.get("if-range") ?? "");
  const range = isRangeMeant ? parseByteRange(call.headers.get("range"), size) : "all";
  if (range === "all") return new ViewAnswer(views, { headers });
  if (range === "outside") {
    const answer = refusal(416, "the requested range is outside");
    answer.headers.set("content-range", `bytes */${size}`);
    return answer;
  }
  headers.set("content-range", `bytes ${range.start}-${range.end - 1}/${size}`);
  return new ViewAnswer(sliceViews(views, range.start, range.end), { status: 206, headers });
}

function findMedia({ window, cipher }: HlsView, part: HlsMediaPart): Media | null {
  if (part.kind === "key") {
    const key = cipher?.keyOf(window, part.number) ?? null;
    return key === null ? null : { views: [key], etag: `"key"`, isForever: false };
  }
  if (part.kind === "init") {
    const newest = (window.entries.at(-1) ?? window.open)?.init ?? null;
    const init = part.id === "" ? newest : window.findInit(part.id);
    return init === null ? null : { views: [init.bytes], etag: `"${init.id}"`, isForever: part.id !== "" };
  }
  if (part.kind === "part") {
    const found = window.findPart(part.number, part.part);
    const etag = `"${part.number}.${part.part}-${found?.bytes.length.toString(16)}"`;
    if (found === null) return null;
    return { views: [cipher?.encrypted(found, [found.bytes], part.number) ?? found.bytes], etag, isForever: true };
  }
  const entry = window.find(part.number);
  if (entry === null || entry.kind === "absent") return null;
  const etag = `"${part.number}-${entry.byteLength.toString(16)}"`;
  // Another server may have what is missing here.
  const views = cipher === null ? entryBytes(entry) : [cipher.encrypted(entry, entryBytes(entry), part.number)];
  return { views, etag, isForever: entry.kind === "segment" };
}

/** It is not there yet, and may be at any moment: it is under way, or a server that is a little ahead has listed it. */
function isExpected(window: SegmentWindow, part: HlsMediaPart): boolean {
  if (part.kind === "init" || part.kind === "key") return false;
  const next = (window.lastNumber ?? window.open?.number ?? part.number) + 1;
  const openNumber = window.open?.number ?? next;
  if (part.kind === "segment") return part.number >= Math.min(next, openNumber) && part.number <= next + 1;
  const place = window.nextPart;
  if (place === null) return part.number === next && part.part === 0;
  return part.number === place.number ? part.part === place.part : part.number === place.number + 1 && part.part === 0;
}

/** There is no such segment, nor will there be one soon. */
export function noSuchMedia(): Response {
  const answer = refusal(404, "no such segment");
  answer.headers.set("cache-control", "max-age=1");
  return answer;
}
