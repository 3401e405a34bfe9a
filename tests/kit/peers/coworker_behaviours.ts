/** What a coworker does with a question; the default of a fetch that hangs is to wait for its signal. */
export type Behaviour = (url: URL, init: RequestInit) => Response | Promise<Response>;

/** Says that the stream is here. */
export function owns(ip: string, port: number): Behaviour {
  return () => Response.json({ code: 0, data: { query: {}, origin: { ip, port, vhost: "v", api: "", routers: [] } } });
}

/** Has no stream. */
export const knowsNothing: Behaviour = () => Response.json({ code: 0, data: { query: {}, origin: null } });
/** There is no server. */
export const refuses: Behaviour = () => Promise.reject(new TypeError("connection refused"));
/** Says nothing until the signal. */
export const hangs: Behaviour = (_url, { signal }) =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
/** Not even the signal ends it. */
export const hangsForGood: Behaviour = () => new Promise(() => {});
