import type { Timers, WallClock } from "../../base/clock.ts";
import { UpstreamError } from "../../base/errors.ts";
import type { ServerAddress } from "../directory.ts";
import { ask, clustersUrl, type OwnerQuery } from "./coworker_question.ts";
import type { Fetch } from "../../base/world.ts";

/** How long to wait for the others after the first coworker offers itself. */
const OTHERS_TIMEOUT_MS = 50;

/**
 * Asks all coworkers at once who of them takes the clients of a server that is about to stop. Extension: SRS takes it for
 * a plain question, and does not offer itself.
 *
 * @returns Where they take RTMP clients, in the order of the coworkers; empty if none offers itself. Never rejects.
 */
export async function findStandIns(
  fetch: Fetch,
  timers: Timers & WallClock,
  { coworkers, timeoutMs, token = "", proof = "token", ...question }: OwnerQuery,
): Promise<readonly ServerAddress[]> {
  const giveUp = new AbortController();
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const limit = timers.after(timeoutMs, resolve);
  const stop = new DisposableStack();
  stop.defer(() => limit.cancel());
  stop.defer(() => giveUp.abort(new UpstreamError("OriginClusterDiscover", "no answer in time")));
  const found: (ServerAddress | null)[] = coworkers.map(() => null);
  const answers = coworkers.map(async (coworker, at) => {
    try {
      const url = `${clustersUrl(coworker, { ...question, timeoutMs })}&stand_in=1`;
      found[at] =
        (await ask(fetch, url, coworker, { token, proof, wallMs: timers.wallMs(), signal: giveUp.signal })).standIn;
      if (found[at] === null || stop.disposed) return;
      const others = timers.after(OTHERS_TIMEOUT_MS, resolve);
      stop.defer(() => others.cancel());
    } catch {
      // One that does not answer cannot stand in.
    }
  });
  await Promise.race([enough, Promise.all(answers)]);
  stop.dispose();
  return found.filter((standIn) => standIn !== null);
}
