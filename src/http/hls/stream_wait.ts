import type { Soon } from "../../base/soon.ts";
import type { HlsHolder } from "../../server/hls/hls_hub.ts";
import type { HlsStream } from "../../server/hls/hls_stream.ts";
import type { Call } from "../call.ts";
import { refusal } from "../envelope.ts";
import type { HlsRequest } from "./hls_path.ts";
import { pageUrlOf } from "./request_access.ts";

/** What waiting for a stream takes of a server. */
export type WaitServer = HlsHolder;

/** What a segment may take besides its own time: a GOP that begins late, and a slow moment. */
const SLACK_MS = 2000;

/**
 * The stream that a request means, once it has something to serve. From here on it is fed: an edge begins to pull.
 *
 * @returns A 404 where nobody has it within `owner_timeout`; a 503 where it is there, but no segment is complete yet after
 * two fragments more: a server that joins late has to leave out the one that is under way.
 */
export function openStream(server: WaitServer, call: Call, request: HlsRequest): Soon<HlsStream | Response> {
  const { url, vhost } = request;
  const stream = server.hls.open({ url, vhost, remoteIp: call.remoteIp, pageUrl: pageUrlOf(call) });
  if (stream === null) return unavailable("this server keeps too many streams already");
  return isReady(stream) ? stream : awaitStream(server, call, request, stream);
}

async function awaitStream(
  server: WaitServer,
  call: Call,
  { vhost }: HlsRequest,
  stream: HlsStream,
): Promise<HlsStream | Response> {
  const { ownerTimeoutMs } = vhost.now.cluster;
  const wait = (find: () => Found | null, limitMs: number) =>
    stream.waiters.wait(() => stream.isDisposed || stream.notFound !== "" ? "notFound" : find(), {
      limitMs,
      onGone: call.onGone,
    });
  const fragmentMs = 2 * vhost.now.hls.fragmentMs + SLACK_MS;
  try {
    const found = await wait(() => isReady(stream) || stream.isPublished ? "found" : null, ownerTimeoutMs);
    if (found !== "found") return notFound(stream);
    const ready = await wait(() => isReady(stream) ? "found" : null, fragmentMs);
    if (ready === "found") return stream;
    return stream.isPublished ? unavailable("no segment is complete yet") : notFound(stream);
  } finally {
    server.hls.settle(stream);
  }
}

type Found = "found" | "notFound";

function notFound(stream: HlsStream): Response {
  const answer = refusal(404, stream.notFound || `no server publishes ${stream.key}`);
  answer.headers.set("cache-control", "max-age=1");
  return answer;
}

/** It has a complete segment. */
export function isReady({ view }: HlsStream): boolean {
  return view !== null && view.window.entries.length > 0;
}

/** An answer for now. */
export function unavailable(message: string): Response {
  const answer = refusal(503, message);
  answer.headers.set("retry-after", "1");
  answer.headers.set("cache-control", "no-store");
  return answer;
}
