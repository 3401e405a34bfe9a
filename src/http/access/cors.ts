import type { FieldReader } from "../../base/field_reader.ts";
import type { MessageFields } from "../../http1/message_fields.ts";

/** What decides whether pages of other origins may read an answer. */
export interface CorsRules {
  /** The answer is the API's: streams and files have no password. */
  readonly isApi: boolean;
  readonly hasPassword: boolean;
  readonly crossdomain: boolean;
  readonly allowOrigin: readonly string[];
}

/**
 * Lets pages of other origins read an answer, if they may: every page as in SRS, without credentials, but of the API
 * only what needs no password and changes nothing; pages that `allow_origin` names all that the API can do.
 *
 * SRS also lets pages of the internet reach servers of private networks (`Access-Control-Allow-Private-Network`): not
 * here. Source: SRS 7 `SrsHttpCorsMux::serve_http`; Fetch standard.
 */
export function allowCrossOrigin(
  request: FieldReader,
  answer: Pick<MessageFields, "set" | "append">,
  rules: CorsRules,
): void {
  const { isApi, allowOrigin } = rules;
  const origin = request.get("origin");
  if (isApi && allowOrigin.length > 0) answer.append("vary", "Origin");
  if (origin === null || !mayAnswerOrigin(origin, rules)) return;
  const isNamed = isApi && allowOrigin.includes(origin.toLowerCase());
  const set = (what: string, value: string) => answer.set(`Access-Control-${what}`, value);
  set("Allow-Origin", isNamed ? origin : "*");
  set("Allow-Methods", isNamed ? "GET, HEAD, POST, DELETE" : isApi ? "GET, HEAD" : "*");
  set("Allow-Headers", isNamed ? "authorization, content-type" : "*");
  set("Allow-Credentials", String(isNamed));
  if (!isNamed) set("Expose-Headers", "*");
}

/** Whether pages of an origin may read an answer at all. */
export function mayAnswerOrigin(origin: string | null, rules: CorsRules): boolean {
  const { isApi, hasPassword, crossdomain, allowOrigin } = rules;
  if (isApi && allowOrigin.includes(origin?.toLowerCase() ?? "")) return true;
  return crossdomain && !(isApi && hasPassword);
}
