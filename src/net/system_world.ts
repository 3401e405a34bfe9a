import { resolve, resolveService } from "./name_look_up.ts";
import { systemTimers } from "../base/clock.ts";
import type { Endpoint, World } from "../base/world.ts";
import { DenoFetch } from "./deno_fetch.ts";
import { lockFile } from "./file_lock.ts";
import { openEngine } from "./engine_client.ts";
import { listenHere } from "./tcp_listener.ts";
import { listenTlsHere } from "./tls/listener.ts";
import { threadTurns } from "./thread_turns.ts";
import { TlsSocket } from "./tls/socket.ts";

/** Longer than a connection takes that is about to come about. */
const ABORT_DELAY_MS = 50;

/** The world of the running process. Threads replace `listen` and `listenTls` by ports that all of them share. */
export const systemWorld: World = {
  ...systemTimers,
  wallMs: () => Date.now(),
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  random: () => Math.random(),
  turns: threadTurns,
  listen: listenHere,
  listenTls: listenTlsHere,
  connect,
  startTls: async (socket, { host, caCerts }) =>
    new TlsSocket(await Deno.startTls(socket as Deno.TcpConn, { hostname: host, caCerts: [...caCerts] })),
  resolve,
  resolveService,
  fetch: (url, init) => fetch(url, init),
  freshFetch: (caCerts) => new DenoFetch(caCerts),
  openEngine,
  files: Deno,
  lockFile,
  interfaces: () => {
    try {
      return Deno.networkInterfaces();
    } catch {
      // Started without the permission: what depends on it is left out.
      return [];
    }
  },
  env: (name) => Deno.env.get(name) ?? "",
  process: Deno,
};

/**
 * Deno 2.9.6 forgets about a connection that comes about in the very moment of its abort: nobody holds it, and it stays
 * open. So the abort is passed on a little later; what has come about by then is the caller's, to be closed.
 */
async function connect({ host, port }: Endpoint, signal: AbortSignal): Promise<Deno.TcpConn> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const onAbort = () => timer = setTimeout(() => abort.abort(), ABORT_DELAY_MS);
  if (signal.aborted) abort.abort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Deno.connect({ hostname: host, port, signal: abort.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
