import type { FieldReader } from "../../base/field_reader.ts";
import { equalInConstantTime } from "../../base/constant_time.ts";

/** `http_api.auth`. */
export interface Credentials {
  readonly enabled: boolean;
  readonly username: string;
  readonly password: string;
}

/**
 * Whether a request may pass: authentication is off, or it has the right name and password (RFC 7617). Takes the same
 * time however much of them is right. Without a configured name and password nobody passes.
 *
 * A password may contain `:`; in SRS 7 such a one never matches.
 */
export function isAuthorized({ enabled, username, password }: Credentials, headers: FieldReader): boolean {
  if (!enabled) return true;
  const sent = /^basic +([\w+/]+=*) *$/i.exec(headers.get("authorization") ?? "")?.[1];
  if (sent === undefined || username === "" || password === "") return false;
  return equalInConstantTime(decodeBase64(sent), new TextEncoder().encode(`${username}:${password}`));
}

/** The answer to a request without the right credentials. */
export function unauthorized(): Response {
  return new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="srs-ts", charset="UTF-8"' } });
}

function decodeBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}
