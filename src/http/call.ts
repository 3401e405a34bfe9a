import { Query } from "./query.ts";

/** An HTTP request as handlers see it. The body is never read. */
export interface Call {
  readonly method: string;
  /** Address as sent, with scheme and host. */
  readonly uri: string;
  /** Neither decoded nor made shorter: `..` and escapes match no route. */
  readonly path: string;
  /** What stands behind the `?`, without it. */
  readonly search: string;
  readonly query: Query;
  readonly headers: Headers;
  readonly remoteIp: string;
}

/** Cuts a request into pieces. Not by `new URL`: that changes what it finds odd, and what SRS sends may be odd. */
export function readCall(request: Request, remoteIp: string): Call {
  const { method, url, headers } = request;
  const [, path = "", search = ""] = /^[a-z]+:\/\/[^/?#]*([^?#]*)\??([^#]*)/i.exec(url) ?? [];
  return { method, uri: url, path: path === "" ? "/" : path, search, query: new Query(search), headers, remoteIp };
}
