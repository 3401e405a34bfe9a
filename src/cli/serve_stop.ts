import type { HttpServer } from "../http/http_server.ts";
import type { Server } from "../server/server.ts";

/** What runs in the process of an origin or edge. */
export interface ServerParts {
  readonly server: Server;
  readonly http: HttpServer;
}

/** Longest time that closed connections may take to be gone. */
const STOP_TIMEOUT_MS = 3000;
const REPORT_MS = 10_000;

/**
 * Accepts no more clients, asks those that can to go elsewhere, and waits until the last one has left, as SRS does on
 * SIGQUIT.
 *
 * @param hurry Settles when somebody does not want to wait any longer.
 */
export async function stopGracefully(parts: ServerParts, signal: string, hurry: Promise<unknown>): Promise<void> {
  const { log, rtmp, config } = parts.server;
  let hurried = false;
  hurry.then(() => hurried = true);
  log.info(`${signal}: graceful stop, new clients are taken for ${config.graceStartWaitMs} ms more`);
  await waitFor(config.graceStartWaitMs, hurry);
  rtmp.stopAccepting();
  rtmp.drain();
  // Coworkers must not send players to a server that takes none.
  await waitFor(STOP_TIMEOUT_MS, parts.http.stop());
  while (!hurried && rtmp.connectionCount > 0) {
    log.info(`graceful stop: clients still here: ${rtmp.connectionCount}`);
    await waitFor(REPORT_MS, Promise.race([hurry, rtmp.drained()]));
  }
  if (!hurried) await waitFor(config.graceFinalWaitMs, hurry);
}

/** Ends everything at once. */
export async function stopServer({ server, http }: ServerParts): Promise<void> {
  const isStopped = await waitFor(STOP_TIMEOUT_MS, Promise.all([server.stop(), http.stop()]));
  if (!isStopped) server.log.warn(`connections were not gone ${STOP_TIMEOUT_MS} ms after their close`);
}

/** Waits for the promise, for a limited time. Whether it settled. */
async function waitFor(limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), limitMs));
  const settled = await Promise.race([promise.then(() => true), limit]);
  clearTimeout(timer);
  return settled;
}
