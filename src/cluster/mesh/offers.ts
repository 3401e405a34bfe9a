import type { Timers, WallClock } from "../../base/clock.ts";
import { UpstreamError } from "../../base/errors.ts";
import type { Fetch } from "../../base/world.ts";
import { ask, clustersUrl, type OwnerQuery, type ReadAnswer } from "./coworker_question.ts";

/** How long to wait for the others after the first coworker offers something. */
const OTHERS_TIMEOUT_MS = 50;

/** What is asked for, beside who has a stream. */
export interface OfferQuestion<Offer> {
  /** `name=value` behind the question. SRS takes it for a plain one, and offers nothing. */
  readonly parameter: string;
  /** Null for none. */
  read(answer: ReadAnswer, coworker: string): Offer | null;
}

/**
 * Asks all coworkers at once for something that one of them may have. Extension.
 *
 * @returns What they offer, in the order of the coworkers; empty if none does. Never rejects.
 */
export async function findOffers<Offer>(
  fetch: Fetch,
  timers: Timers & WallClock,
  { coworkers, timeoutMs, token = "", proof = "token", ...question }: OwnerQuery,
  { parameter, read }: OfferQuestion<Offer>,
): Promise<readonly Offer[]> {
  const giveUp = new AbortController();
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const limit = timers.after(timeoutMs, resolve);
  const stop = new DisposableStack();
  stop.defer(() => limit.cancel());
  stop.defer(() => giveUp.abort(new UpstreamError("OriginClusterDiscover", "no answer in time")));
  const found: (Offer | null)[] = coworkers.map(() => null);
  const answers = coworkers.map(async (coworker, at) => {
    try {
      const url = `${clustersUrl(coworker, { ...question, timeoutMs })}&${parameter}`;
      const wanted = { token, proof, wallMs: timers.wallMs(), signal: giveUp.signal };
      found[at] = read(await ask(fetch, url, coworker, wanted), coworker);
      if (found[at] === null || stop.disposed) return;
      const others = timers.after(OTHERS_TIMEOUT_MS, resolve);
      stop.defer(() => others.cancel());
    } catch {
      // One that does not answer offers nothing.
    }
  });
  await Promise.race([enough, Promise.all(answers)]);
  stop.dispose();
  return found.filter((offer) => offer !== null);
}
