import type { Fetch } from "../cluster/coworkers.ts";

/**
 * `fetch` with a new connection for each request, as SRS calls hooks. An idle connection that is used again may be closed
 * by the server at that very moment: a client would be refused for nothing.
 */
export class FreshFetch implements Disposable {
  #client: Deno.HttpClient | null = null;

  readonly fetch: Fetch = (url, init) => {
    this.#client ??= Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
    return fetch(url, { ...init, client: this.#client });
  };

  /** Ends what is left of requests. */
  [Symbol.dispose](): void {
    this.#client?.close();
    this.#client = null;
  }
}
