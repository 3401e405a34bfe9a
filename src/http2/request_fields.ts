import { decodeUtf8 } from "../base/bytes.ts";
import { isFieldText, isToken } from "../http1/fields.ts";
import type { Field } from "./field_decoder.ts";

/** A request, read. */
export interface H2RequestHead {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  /** Host and port that the client used; empty if it does not say. */
  readonly host: string;
  readonly headers: Headers;
}

const pseudoNames: readonly string[] = [":method", ":scheme", ":path", ":authority"];
/** What only a connection of HTTP/1 can say. Source: RFC 9113 §8.2.2. */
const ofConnections: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
];

/** Reads the fields of a request; null for a malformed one. Source: RFC 9113 §8.3. */
export function readRequestFields(fields: readonly Field[]): H2RequestHead | null {
  const pseudo = new Map<string, string>();
  const headers = new Headers();
  const cookies: string[] = [];
  let hasFields = false;
  for (const [name, value] of fields) {
    if (!isFieldText(value)) return null;
    if (name.startsWith(":")) {
      if (hasFields || pseudo.has(name) || !pseudoNames.includes(name)) return null;
      pseudo.set(name, value);
      continue;
    }
    hasFields = true;
    if (!isToken(name) || /[A-Z]/.test(name) || ofConnections.includes(name)) return null;
    if (name === "te" && value !== "trailers") return null;
    if (name === "cookie") cookies.push(value);
    else headers.append(name, value);
  }
  if (cookies.length > 0) headers.set("cookie", cookies.join("; "));
  const [method = "", scheme, path = ""] = [":method", ":scheme", ":path"].map((name) => pseudo.get(name));
  const authority = pseudo.get(":authority");
  const host = authority ?? headers.get("host") ?? "";
  if (!isToken(method) || scheme === undefined || !isHost(host)) return null;
  // A second name of the server, which another reader might prefer.
  if (authority !== undefined && headers.has("host") && headers.get("host") !== authority) return null;
  if (/[^\x21-\x7e\x80-\xff]/.test(path)) return null;
  if (!path.startsWith("/") && !(method === "OPTIONS" && path === "*")) return null;
  headers.set("host", host);
  return { method, target: utf8(path), host, headers };
}

function isHost(host: string): boolean {
  return /^(?:\[[\da-f:.]*\]|[^\s,/?#@[\]:]+)(?::\d*)?$/i.test(host);
}

/** Characters that stand for bytes, as the UTF-8 that they are. */
function utf8(text: string): string {
  return /^[\x21-\x7e]*$/.test(text) ? text : decodeUtf8(Uint8Array.from(text, (char) => char.charCodeAt(0)));
}
