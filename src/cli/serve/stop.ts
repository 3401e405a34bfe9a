import type { Timers } from "../../base/clock.ts";
import type { HttpServer } from "../../http/server.ts";
import type { Server } from "../../server/server.ts";

/** What runs in the process of an origin or edge. */
export interface ServerParts {
  readonly server: Server;
  readonly http: HttpServer;
}

/** Longest time that closed connections may take to be gone. */
const STOP_TIMEOUT_MS = 3000;
const REPORT_MS = 10_000;
const CHECK_MS = 100;

/**
 * Ends a server as SRS does for the signal, or other cause: SIGQUIT lets clients leave first, SIGTERM with
 * `force_grace_quit`. What is left is for {@link stopServer}.
 *
 * @param hurry Settles when somebody does not want to wait any longer after SIGQUIT.
 */
export async function stopBySignal(parts: ServerParts, signal: string, hurry: Promise<unknown>): Promise<void> {
  if (signal === "SIGQUIT") await stopGracefully(parts, signal, hurry);
  else if (signal === "SIGTERM" && parts.server.config.forceGraceQuit) await stopGracefully(parts, signal, never);
  else parts.server.log.info(`${signal}: stop`);
}

const never = new Promise<never>(() => {});

/**
 * Takes no more clients, sends those that can elsewhere, and waits until the last one has left, but no longer than
 * `grace_final_wait`; SRS waits for the last one however long it stays, and then for that time.
 *
 * Coworkers are answered until the end: they relay the streams that are still here for the players that were sent to them.
 *
 * @param hurry Settles when somebody does not want to wait any longer.
 */
export async function stopGracefully(parts: ServerParts, signal: string, hurry: Promise<unknown>): Promise<void> {
  const { server: { log, rtmp, config, timers, drain }, http } = parts;
  let hurried = false;
  hurry.then(() => hurried = true);
  drain.announce();
  log.info(`${signal}: graceful stop, accepting new clients for another ${config.graceStartWaitMs} ms`);
  await waitFor(timers, config.graceStartWaitMs, hurry);
  rtmp.drain();
  http.stopAccepting();
  const clients = () => rtmp.connectionCount + http.viewerCount;
  const endMs = timers.nowMs() + config.graceFinalWaitMs;
  for (let reportMs = timers.nowMs(); !hurried && clients() > 0 && timers.nowMs() < endMs;) {
    if (timers.nowMs() >= reportMs) {
      const leftMs = Math.round(endMs - timers.nowMs());
      log.info(`graceful stop: waiting for clients: ${clients()}, for ${leftMs} ms at most`);
      reportMs += REPORT_MS;
    }
    await waitFor(timers, Math.min(CHECK_MS, endMs - timers.nowMs()), hurry);
  }
  if (clients() > 0) log.info(`graceful stop: disconnecting clients that stayed: ${clients()}`);
}

/** Ends everything at once. */
export async function stopServer({ server, http }: ServerParts): Promise<void> {
  const isStopped = await waitFor(server.timers, STOP_TIMEOUT_MS, Promise.all([server.stop(), http.stop()]));
  if (!isStopped) server.log.warn(`some connections were still open ${STOP_TIMEOUT_MS} ms after they were closed`);
}

/** Waits for the promise, for a limited time. Whether it settled. */
async function waitFor(timers: Timers, limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  const { promise: limit, resolve } = Promise.withResolvers<false>();
  const timer = timers.after(limitMs, () => resolve(false));
  const settled = await Promise.race([promise.then(() => true), limit]);
  timer.cancel();
  return settled;
}
