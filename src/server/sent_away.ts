import type { Clock } from "../base/clock.ts";

/** Whoever comes back later comes for another reason. */
const REMEMBERED_MS = 10_000;
const MAX_CLIENTS = 10_000;

/**
 * Clients that a server that is about to stop has sent to others. One that comes back was sent back, by somebody who does
 * not know yet: without an end to that it would go round in circles, and see nothing.
 */
export class SentAway {
  readonly #clock: Clock;
  /** When each was sent, the longest ago first. */
  readonly #sent = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(client: string): void {
    this.#sent.delete(client);
    this.#sent.set(client, this.#clock.nowMs());
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > MAX_CLIENTS && oldest !== undefined) this.#sent.delete(oldest);
  }

  /** It was sent a moment ago. */
  has(client: string): boolean {
    return this.#clock.nowMs() - (this.#sent.get(client) ?? -Infinity) < REMEMBERED_MS;
  }
}
