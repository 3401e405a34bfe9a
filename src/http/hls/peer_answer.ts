import { entryBytes } from "../../hls/segment.ts";
import { MessageFields } from "../../http1/message_fields.ts";
import { writeSegmentListing } from "../../hls/segment_listing.ts";
import type { SegmentWindow } from "../../hls/segment_window.ts";
import type { HlsHolder } from "../../server/hls/hls_hub.ts";
import { LISTING_TYPE, segmentTypes } from "../../server/hls/segment_fetcher.ts";
import type { HlsStream } from "../../server/hls/hls_stream.ts";
import { RELAYED_HEADER, TICKET_HEADER } from "../../stream/segment_offer.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import type { WholeAnswer } from "../live/live_answer.ts";
import { ViewAnswer } from "../view_answer.ts";
import type { HlsRequest } from "./hls_path.ts";
import { noSuchMedia } from "./media_answer.ts";

/** Longest wait for the list of the next server. */
const LOOK_LIMIT_MS = 1500;
/** Longest wait for a segment that has to be fetched from the next server. */
const FETCH_LIMIT_MS = 6000;

/**
 * Answers a server that plays the stream here and lacks what came before: with a list in the place of the playlist, and
 * with complete segments, as they are before they are encrypted. It is no viewer, and passes by what judges those.
 */
export async function answerPeer(
  { hls, segmentTickets }: HlsHolder,
  call: Call,
  request: HlsRequest,
): Promise<WholeAnswer> {
  const { part, url, vhost } = request;
  if (!segmentTickets.opens(call.headers.get(TICKET_HEADER) ?? "", url.key)) {
    const refused = refusal(403, "this ticket opens no segments of the stream");
    refused.headers.set("cache-control", "no-store");
    return refused;
  }
  // A relay cuts the stream from now on, as for a viewer.
  const stream = hls.find(url.key) ?? hls.open({ url, vhost, remoteIp: call.remoteIp, pageUrl: "" });
  const view = stream?.view ?? null;
  if (stream === null || view === null || !stream.marks.areShared) return noSuchMedia();
  stream.touch();
  const { window, options } = view;
  if (part.kind === "playlist") {
    const find = () => stream.fetcher.isLooking ? null : true;
    await stream.waiters.wait(find, { limitMs: LOOK_LIMIT_MS, onGone: call.onGone });
    const text = writeSegmentListing(window, options, stream.discontinuities.facts);
    return new Response(text, { headers: { "content-type": LISTING_TYPE, "cache-control": "no-store" } });
  }
  const entry = part.kind === "segment" ? await findSegment(stream, window, call, part.number) : null;
  if (entry === null) return noSuchMedia();
  const fields = [["content-type", segmentTypes[options.container]], ["cache-control", "no-store"]] as const;
  return new ViewAnswer(entryBytes(entry), { headers: new MessageFields(fields) });
}

async function findSegment(stream: HlsStream, window: SegmentWindow, call: Call, number: number) {
  if (!call.headers.has(RELAYED_HEADER)) stream.fetcher.want(number, true);
  const find = () => {
    const entry = window.find(number);
    return entry?.kind === "segment" ? entry : stream.fetcher.isFetching(number) ? null : "gone" as const;
  };
  const found = await stream.waiters.wait(find, { limitMs: FETCH_LIMIT_MS, onGone: call.onGone });
  return found === "gone" ? null : found;
}
