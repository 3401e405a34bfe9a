import type { World } from "../../base/world.ts";

/** Leave to fetch the segments of a stream, until it is disposed of. */
export interface IssuedTicket extends Disposable {
  readonly text: string;
}

const TICKET_BYTES = 16;

/**
 * Tickets of servers that play a stream here, and were let in for it: by theirs, they may fetch its segments as long as
 * they play it. So nobody else gets segments past hooks and sessions.
 */
export class SegmentTickets {
  readonly #world: Pick<World, "randomBytes">;
  /** Keys of streams; one for each play of a server. */
  readonly #keys = new Map<string, string>();

  constructor(world: Pick<World, "randomBytes">) {
    this.#world = world;
  }

  /** @param key Of the stream. */
  issue(key: string): IssuedTicket {
    const bytes = this.#world.randomBytes(TICKET_BYTES);
    const text = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#keys.set(text, key);
    return { text, [Symbol.dispose]: () => void this.#keys.delete(text) };
  }

  /** Whether somebody who shows this text may fetch segments of the stream. */
  opens(text: string, key: string): boolean {
    return this.#keys.get(text) === key;
  }
}
