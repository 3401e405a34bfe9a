import { SrsCode, type SrsCodeName } from "../base/errors.ts";
import type { Identity } from "../server/identity.ts";

/** Members of a JSON answer. */
export type JsonBody = Readonly<Record<string, unknown>>;

/** A good answer: the members that all of SRS's answers have, then its own. `pid` is a string, as in SRS. */
export function envelope({ serverId, serviceId, pid }: Identity, body: JsonBody = {}): JsonBody {
  return { code: 0, server: serverId, service: serviceId, pid: String(pid), ...body };
}

/**
 * An API error: HTTP status 200 and a code, as in SRS.
 *
 * @param message For people; an extension.
 */
export function errorBody(codeName: SrsCodeName, message: string): JsonBody {
  return { code: SrsCode[codeName], message };
}

/** A JSON response. */
export function jsonResponse(body: JsonBody, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

/** A request that HTTP itself refuses; `message` is for people. */
export function refusal(status: number, message: string): Response {
  return jsonResponse({ code: status, message }, status);
}

/** The answer to a method that a path does not have. */
export function methodNotAllowed(allowed: readonly string[]): Response {
  const answer = refusal(405, `allowed: ${allowed.join(", ")}`);
  answer.headers.set("allow", allowed.join(", "));
  return answer;
}
