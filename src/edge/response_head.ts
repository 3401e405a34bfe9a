/** The first part of an HTTP/1 answer, read. */
export interface ResponseHead {
  readonly status: number;
  /** `Server`; empty if it does not say. */
  readonly server: string;
  /** `Location`; empty if there is none. */
  readonly location: string;
  /** How the body comes: in chunks, with this length, or until the end of the connection. */
  readonly body: "chunks" | "untilClose" | number;
}

const MAX_HEADERS = 100;
const namePattern = /^[!#$%&'*+.^_`|~\w-]+$/;
// deno-lint-ignore no-control-regex -- finding control characters is the point
const badValuePattern = /[\x00-\x08\x0a-\x1f\x7f]/;

/**
 * Reads a status line and headers, without the empty line at their end. Source: RFC 9112.
 *
 * Strict where the length of the body is at stake; unlike SRS, which takes any.
 *
 * @returns What is wrong with it, if something is.
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead | string {
  const [statusLine = "", ...fields] = String.fromCharCode(...bytes).split("\r\n");
  const [, digits] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(statusLine) ?? [];
  if (digits === undefined) return "no HTTP/1 answer";
  if (fields.length > MAX_HEADERS) return `more than ${MAX_HEADERS} headers`;
  const headers = new Map<string, string>();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, Math.max(0, colon)).toLowerCase();
    const value = field.slice(colon + 1).trim();
    if (!namePattern.test(name) || badValuePattern.test(value)) return "a broken header";
    // A second one of those that matter makes the answer ambiguous.
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value);
  }
  const body = bodyOf(headers);
  return body === null ? "a body of unknown length" : {
    status: Number(digits),
    server: headers.get("server") ?? "",
    location: headers.get("location") ?? "",
    body,
  };
}

function bodyOf(headers: ReadonlyMap<string, string>): ResponseHead["body"] | null {
  const coding = headers.get("transfer-encoding");
  const length = headers.get("content-length");
  if (coding !== undefined) return coding.toLowerCase() === "chunked" && length === undefined ? "chunks" : null;
  if (length === undefined) return "untilClose";
  return /^\d{1,15}$/.test(length) ? Number(length) : null;
}
