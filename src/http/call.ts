import { Query } from "./query.ts";

/** An HTTP request as handlers see it. The body is never read. */
export interface Call {
  readonly method: string;
  /** Address as sent, with scheme and host. */
  readonly uri: string;
  /** Neither decoded nor made shorter: `..` and escapes match no route. */
  readonly path: string;
  /** Path and query as they were sent: what a sender can sign. */
  readonly target: string;
  /** What stands behind the `?`, without it. */
  readonly search: string;
  readonly query: Query;
  readonly headers: Headers;
  /** 1 in HTTP/1.1: only then answers may come in chunks. */
  readonly minorVersion: 0 | 1;
  readonly remoteIp: string;
}

/** What a connection knows of a request. */
export type HttpRequest = Pick<Request, "method" | "url" | "headers"> & { readonly minorVersion?: 0 | 1 };

/** Cuts a request into pieces. Not by `new URL`: that changes what it finds odd, and what SRS sends may be odd. */
export function readCall(request: HttpRequest, remoteIp: string): Call {
  const { method, url, headers, minorVersion = 1 } = request;
  const [, path = "", search = ""] = /^[a-z]+:\/\/[^/?#]*([^?#]*)\??([^#]*)/i.exec(url) ?? [];
  const query = new Query(search);
  const target = url.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  return { method, uri: url, path: path === "" ? "/" : path, target, search, query, headers, minorVersion, remoteIp };
}
