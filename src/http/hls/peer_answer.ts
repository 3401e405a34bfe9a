import { entryBytes } from "../../hls/segment.ts";
import { writeSegmentListing } from "../../hls/segment_listing.ts";
import type { HlsHolder } from "../../server/hls/hls_hub.ts";
import { LISTING_TYPE, segmentTypes } from "../../server/hls/segment_fetcher.ts";
import { refusal } from "../envelope.ts";
import { ViewResponse } from "../view_response.ts";
import type { HlsRequest } from "./hls_path.ts";
import { noSuchMedia } from "./media_answer.ts";

/**
 * Answers a server that plays the stream here and lacks what came before: with a list in the place of the playlist, and
 * with complete segments, as they are before they are encrypted. It is no viewer, and passes by what judges those; only
 * what is here itself is given out.
 */
export function answerPeer({ hls, segmentTickets }: HlsHolder, { part, url }: HlsRequest, ticket: string): Response {
  if (!segmentTickets.opens(ticket, url.key)) {
    const refused = refusal(403, "this ticket opens no segments of the stream");
    refused.headers.set("cache-control", "no-store");
    return refused;
  }
  const view = hls.find(url.key)?.view ?? null;
  if (view === null) return noSuchMedia();
  const { window, options } = view;
  if (part.kind === "playlist") {
    const text = writeSegmentListing(window, options);
    return new Response(text, { headers: { "content-type": LISTING_TYPE, "cache-control": "no-store" } });
  }
  const entry = part.kind === "segment" ? window.find(part.number) : null;
  if (entry?.kind !== "segment") return noSuchMedia();
  const headers = { "content-type": segmentTypes[options.container], "cache-control": "no-store" };
  return new ViewResponse(entryBytes(entry), { headers });
}
