import { escapeControls } from "../../base/log.ts";
import { UpstreamError } from "../../base/errors.ts";
import type { HookReply } from "./request.ts";

/** Most servers that one stream is forwarded to by the word of a hook. */
const MAX_FORWARD_URLS = 16;
const MAX_MESSAGE_LENGTH = 200;

/** The hook says no. */
export interface HookRefusal {
  /** For the log. */
  readonly why: string;
  /** What the client may be told; empty if the hook left it open. */
  readonly message: string;
}

/**
 * What a hook's answer means; null: the client may go on.
 *
 * It may with status 200 or 201 and a body that is exactly `0`, or a JSON object with `code` 0. Anything else refuses:
 * a quoted `"0"`, a line end after it, an empty body. Source: SRS 7 `SrsHttpHooks::do_post`. A member `msg` beside
 * another code, which is this server's own, is told to the client.
 */
export function judgeReply({ status, body }: HookReply): HookRefusal | null {
  if (status !== 200 && status !== 201) return { why: `HTTP status ${status}`, message: "" };
  if (body === "0") return null;
  const answer = parseObject(body);
  if (answer === null) return { why: 'the answer is neither 0 nor {"code":0}', message: "" };
  if (answer.code === 0) return null;
  const { code, msg } = answer;
  const why = typeof code === "number" ? `code ${code}` : "no numeric code in the answer";
  return { why, message: typeof msg === "string" ? escapeControls(msg.slice(0, MAX_MESSAGE_LENGTH)) : "" };
}

/**
 * Servers that a stream is to be forwarded to, by the answer of `forward.backend`: `{"code":0,"data":{"urls":[...]}}`.
 * A bare `0` does not answer this question, as in SRS.
 *
 * @throws {UpstreamError} The answer is another.
 */
export function readForwardUrls(reply: HookReply): string[] {
  const refusal = judgeReply(reply);
  if (refusal !== null) throw new UpstreamError("HttpResponseCode", refusal.why);
  const urls = asObject(parseObject(reply.body)?.data)?.urls;
  if (!Array.isArray(urls)) throw new UpstreamError("HttpResponseData", "no data.urls in the answer");
  if (urls.length > MAX_FORWARD_URLS) {
    throw new UpstreamError(
      "HttpResponseData",
      `${urls.length} addresses in data.urls, the limit is ${MAX_FORWARD_URLS}`,
    );
  }
  if (!urls.every((url) => typeof url === "string")) {
    throw new UpstreamError("HttpResponseData", "data.urls contains something other than strings");
  }
  return urls;
}

/** A JSON object with the members that it has itself. */
function parseObject(body: string): Readonly<Record<string, unknown>> | null {
  try {
    return asObject(JSON.parse(body));
  } catch {
    return null;
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  // Without a prototype: what is not in the answer is not found in `Object` either.
  return Object.assign(Object.create(null), value);
}
