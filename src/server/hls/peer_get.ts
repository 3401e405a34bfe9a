import type { Timers } from "../../base/clock.ts";
import { describeError } from "../../base/errors.ts";
import type { World } from "../../base/world.ts";
import { RELAYED_HEADER, TICKET_HEADER } from "../../stream/segment_offer.ts";
import type { SegmentPlace } from "../../upstream/segment_place.ts";

/** What asking takes of a server. */
export interface PeerGetServer {
  readonly world: Pick<World, "fetch">;
  readonly timers: Timers;
}

/** Bounds of one question to another server. */
export interface PeerGetBounds {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Another server wants it. */
  readonly isRelayed: boolean;
  /** What the answer has to be. */
  readonly contentType: string;
  /** Nobody wants the answer any more. */
  readonly signal: AbortSignal;
}

/** What another server answered. */
export interface PeerAnswer {
  /** Null if there are none, or they are not what was asked for. */
  readonly bytes: Uint8Array | null;
  /** The server itself says that it has nothing; else it may have only been slow. */
  readonly isFinal: boolean;
  /** Empty with bytes. */
  readonly error: string;
}

/**
 * Asks the server that feeds a stream for its segments or their list. A server that is asked may ask the one that feeds it,
 * but that asks nobody else: no question goes round in a circle. Never rejects.
 *
 * @param suffix Behind the name of the stream: `.m3u8`, `-123.ts`.
 */
export async function peerGet(
  { world, timers }: PeerGetServer,
  { base, query, ticket }: SegmentPlace,
  suffix: string,
  { timeoutMs, maxBytes, isRelayed, contentType, signal }: PeerGetBounds,
): Promise<PeerAnswer> {
  const giveUp = new AbortController();
  const timer = timers.after(timeoutMs, () => giveUp.abort(new Error(`no answer within ${timeoutMs} ms`)));
  const failure = (error: string, isFinal: boolean): PeerAnswer => ({ bytes: null, isFinal, error });
  try {
    const response = await world.fetch(`${base}${suffix}${query}`, {
      method: "GET",
      headers: { [TICKET_HEADER]: ticket, ...(isRelayed ? { [RELAYED_HEADER]: "1" } : {}) },
      redirect: "manual",
      signal: AbortSignal.any([giveUp.signal, signal]),
    });
    if (response.status !== 200 || response.headers.get("content-type") !== contentType) {
      await response.body?.cancel();
      const isFinal = response.status === 404 || response.status === 403;
      return failure(`HTTP ${response.status} ${response.headers.get("content-type") ?? ""}`, isFinal);
    }
    const bytes = await readBytes(response, maxBytes);
    return bytes === null ? failure(`more than ${maxBytes} bytes`, true) : { bytes, isFinal: true, error: "" };
  } catch (error) {
    return failure(describeError(error), false);
  } finally {
    timer.cancel();
  }
}

/** The body; null if it is longer than it may be. */
async function readBytes({ body }: Response, maxBytes: number): Promise<Uint8Array | null> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > maxBytes) return null;
    pieces.push(piece);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
