import type { Timers, WallClock } from "../../base/clock.ts";
import { describeError, UpstreamError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Fetch } from "../../base/world.ts";
import type { Owner } from "../directory.ts";
import { ask, askCoworker, clustersUrl, type OwnerQuery } from "./coworker_question.ts";

/** Most claims that are confirmed at one time. */
const MAX_CONFIRMATIONS = 32;

/** What two origins tell each other of a stream that both publish. Extension: SRS takes it for a plain question. */
export class CoworkerClaims {
  readonly #fetch: Fetch;
  readonly #timers: Timers & WallClock;
  readonly #log: Logger;
  readonly #instance: string;
  /** Claims that are asked back, by instance and stream. */
  readonly #confirming = new Map<string, Promise<Owner | null>>();

  /** @param instance Id of this server. */
  constructor(fetch: Fetch, timers: Timers & WallClock, log: Logger, instance: string) {
    this.#fetch = fetch;
    this.#timers = timers;
    this.#log = log;
    this.#instance = instance;
  }

  /**
   * Tells a coworker that the publisher of a stream here is to stay and its own is to go; it asks back before it obeys.
   * Never throws.
   *
   * @returns Whether it heard.
   */
  async claim(coworker: string, query: OwnerQuery): Promise<boolean> {
    const giveUp = new AbortController();
    const timer = this.#timers.after(query.timeoutMs, () => giveUp.abort());
    try {
      const url = `${clustersUrl(coworker, query)}&claim=${this.#instance}`;
      await ask(this.#fetch, url, coworker, { ...query, wallMs: this.#timers.wallMs(), signal: giveUp.signal });
      return true;
    } catch (error) {
      this.#log.warn(
        `coworker ${coworker} could not be told that ${query.key} is published here: ${describeError(error)}`,
      );
      return false;
    } finally {
      timer.cancel();
    }
  }

  /**
   * Asks the coworkers back after a claim: the owner among them that is the instance which claims; null if none is.
   * Never throws.
   */
  async confirm(query: OwnerQuery, instance: string): Promise<Owner | null> {
    const id = `${instance} ${query.key}`;
    const running = this.#confirming.get(id);
    if (running !== undefined) return await running;
    if (this.#confirming.size >= MAX_CONFIRMATIONS) return null;
    const asked = query.coworkers.map(async (coworker) => {
      const { owner } = await askCoworker(this.#fetch, this.#timers, coworker, query);
      if (owner?.instance !== instance) {
        throw new UpstreamError("OriginClusterDiscover", "another instance has the stream");
      }
      return owner;
    });
    const confirmed = Promise.any(asked).catch(() => null);
    this.#confirming.set(id, confirmed);
    confirmed.then(() => this.#confirming.delete(id));
    return await confirmed;
  }
}
