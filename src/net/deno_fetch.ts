import type { Fetch, FreshFetch } from "../base/world.ts";

/**
 * `fetch` with a new connection for each request, as SRS calls hooks. An idle connection that is used again may be closed
 * by the server at that very moment: a client would be refused for nothing.
 */
export class DenoFetch implements FreshFetch {
  readonly #caCerts: () => readonly string[];
  /** By the authorities they trust: a reload may change these while requests are under way. */
  readonly #clients = new Map<string, Deno.HttpClient>();

  /** @param caCerts Authorities, PEM, that are trusted besides the public ones. */
  constructor(caCerts: () => readonly string[]) {
    this.#caCerts = caCerts;
  }

  readonly fetch: Fetch = (url, init) => {
    const caCerts = [...this.#caCerts()];
    const key = caCerts.join("\n");
    const client = this.#clients.get(key) ?? Deno.createHttpClient({ poolMaxIdlePerHost: 0, caCerts });
    this.#clients.set(key, client);
    return fetch(url, { ...init, client });
  };

  /** Ends what is left of requests. */
  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
