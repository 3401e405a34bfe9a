import type { FieldReader } from "../base/field_reader.ts";
import { Query } from "./query.ts";

/** What a connection knows of a request. The body is never read. */
export interface HttpRequest {
  readonly method: string;
  /** Whether it came over TLS. */
  readonly scheme: "http" | "https";
  /** Host and port as the client named them; empty if it did not. */
  readonly host: string;
  /** Path and query as they were sent: what a sender can sign. */
  readonly target: string;
  readonly headers: FieldReader;
  /** 1 in HTTP/1.1: only then answers may come in chunks. */
  readonly minorVersion: 0 | 1;
  /** HTTP/2: answers of any length come in frames, and chunks must not be in them. */
  readonly isFramed?: boolean;
  /** Calls back if the client leaves before the answer, until it is disposed of; absent where nobody can tell. */
  readonly onGone?: (call: () => void) => Disposable;
}

/** An HTTP request as handlers see it. */
export interface Call extends HttpRequest {
  /** Name or address in {@link host}, without port and brackets. */
  readonly hostname: string;
  /** Neither decoded nor made shorter: `..` and escapes match no route. */
  readonly path: string;
  /** What follows the `?`, without it. */
  readonly search: string;
  readonly query: Query;
  readonly remoteIp: string;
  /** Made for a web page, even if no header says so; absent where the headers tell. */
  readonly isOfPage?: boolean;
}

/** Cuts a request into pieces. Not by `new URL`: that changes what it finds odd, and what SRS sends may be odd. */
export function readCall(request: HttpRequest, remoteIp: string): Call {
  const { host, target } = request;
  const [, path = "", search = ""] = /^([^?#]*)\??([^#]*)/.exec(target) ?? [];
  const hostname = host.replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1");
  return { ...request, hostname, path, search, query: new Query(search), remoteIp };
}
