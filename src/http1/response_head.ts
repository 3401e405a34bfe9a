import { MAX_FIELDS, parseHeaderFields } from "./fields.ts";

/** The first part of an HTTP/1 answer, read. */
export interface ResponseHead {
  readonly status: number;
  /** `Server`; empty if it does not say. */
  readonly server: string;
  /** `Location`; empty if there is none. */
  readonly location: string;
  readonly headers: Headers;
  /** How the body comes: in chunks, with this length, or until the end of the connection. */
  readonly body: "chunks" | "untilClose" | number;
}

/**
 * Reads a status line and headers, without the empty line at their end. Source: RFC 9112.
 *
 * Strict where the length of the body is at stake; unlike SRS, which takes any.
 *
 * @returns What is wrong with it, if something is.
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead | string {
  const [statusLine = "", ...lines] = String.fromCharCode(...bytes).split("\r\n");
  const [, digits] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (digits === undefined) return "not an HTTP/1 response";
  const fields = parseHeaderFields(lines);
  if (!Array.isArray(fields)) return fields === "tooMany" ? `more than ${MAX_FIELDS} headers` : "malformed header";
  // A second one of those that matter becomes part of the first, and makes the answer ambiguous.
  const headers = new Headers(fields);
  const body = bodyOf(headers);
  return body === null ? "ambiguous body length" : {
    status: Number(digits),
    server: headers.get("server") ?? "",
    location: headers.get("location") ?? "",
    headers,
    body,
  };
}

function bodyOf(headers: Headers): ResponseHead["body"] | null {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== null) return coding.toLowerCase() === "chunked" && length === null ? "chunks" : null;
  if (length === null) return "untilClose";
  return /^\d{1,15}$/.test(length) ? Number(length) : null;
}
