import type { Clock } from "../../base/clock.ts";
import type { World } from "../../base/world.ts";

/** Leave to fetch the segments of a stream, until it is disposed of. */
export interface IssuedTicket extends Disposable {
  readonly text: string;
  /** The publisher has left, and so the play ends: the ticket is good for a minute more. */
  linger(): void;
}

const TICKET_BYTES = 16;
/** With the publisher the play ends, but not the interest in the last segments. */
const LINGER_MS = 60_000;
/** Of plays that have ended. */
const MAX_ENDED = 10_000;

/**
 * Tickets of servers that play a stream here, and were let in for it: by theirs, they may fetch its segments as long as
 * they play it, and a minute longer if the publisher has ended it. So nobody else gets segments past hooks and sessions.
 */
export class SegmentTickets {
  readonly #world: Clock & Pick<World, "randomBytes">;
  /** Keys of streams; one for each play of a server. */
  readonly #keys = new Map<string, string>();
  /** Of those whose play has ended: until when they are good, the first to go first. */
  readonly #ended = new Map<string, number>();

  constructor(world: Clock & Pick<World, "randomBytes">) {
    this.#world = world;
  }

  /** @param key Of the stream. */
  issue(key: string): IssuedTicket {
    const bytes = this.#world.randomBytes(TICKET_BYTES);
    const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#keys.set(text, key);
    return {
      text,
      linger: () => this.#linger(text),
      [Symbol.dispose]: () => {
        this.#ended.delete(text);
        this.#keys.delete(text);
      },
    };
  }

  /** Whether somebody who shows this text may fetch segments of the stream. */
  opens(text: string, key: string): boolean {
    this.#forget();
    return this.#keys.get(text) === key;
  }

  #linger(text: string): void {
    if (this.#keys.has(text)) this.#ended.set(text, this.#world.nowMs() + LINGER_MS);
    this.#forget();
  }

  #forget(): void {
    const nowMs = this.#world.nowMs();
    for (const [text, untilMs] of this.#ended) {
      if (untilMs > nowMs && this.#ended.size <= MAX_ENDED) return;
      this.#ended.delete(text);
      this.#keys.delete(text);
    }
  }
}
