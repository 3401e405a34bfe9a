import type { AmfObject } from "../amf/amf0.ts";

/** What a server says to those that play a stream of it and are servers of its kind: where its segments are. */
export interface SegmentOffer {
  /** Of its HTTP server, at the address that it is known by. */
  readonly port: number;
  /** Opens the segments of this stream to whoever shows it, as long as the play goes on. */
  readonly ticket: string;
}

/** Header with a ticket, in an answer to a server that plays over HTTP, and in its requests for segments. */
export const TICKET_HEADER = "x-srs-ts-hls-ticket";
/** Header with the port that belongs to it. */
export const SEGMENT_PORT_HEADER = "x-srs-ts-hls-port";
/** Header of requests that were caused by one of another server: whoever gets it asks nobody else. */
export const RELAYED_HEADER = "x-srs-ts-hls-relayed";
const TICKET = "srs_ts_hls_ticket";
const PORT = "srs_ts_hls_port";

/** Members of a status that tell of an offer; none without one. */
export function offerMembers(offer: SegmentOffer | null): AmfObject {
  return offer === null ? {} : { [TICKET]: offer.ticket, [PORT]: offer.port };
}

/** The offer in a status; null if there is none. */
export function readOffer({ [TICKET]: ticket, [PORT]: port }: Readonly<Record<string, unknown>>): SegmentOffer | null {
  if (typeof ticket !== "string" || !/^[\da-f]{16,64}$/.test(ticket)) return null;
  return typeof port === "number" && port > 0 && port < 65_536 ? { ticket, port } : null;
}

/** The offer in the head of an answer; null if there is none. */
export function readOfferHeaders(headers: Headers): SegmentOffer | null {
  const port = Number(headers.get(SEGMENT_PORT_HEADER));
  return readOffer({ [TICKET]: headers.get(TICKET_HEADER) ?? "", [PORT]: port });
}
