import { ByteBudget } from "../../rtmp/byte_budget.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { AddressCounter, type AddressLimits, type LimitHit } from "./address_counter.ts";

/** What bounds the connections of a server. */
export interface ConnectionBounds extends AddressLimits {
  readonly maxConnections: number;
}

/** What a {@link ConnectionLimits} needs. */
export interface ConnectionLimitsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Those in force, asked for each connection. */
  bounds(): ConnectionBounds;
}

/** Which limit leaves no room for a connection. */
export type NoRoom = LimitHit | "max_connections";

/**
 * Unfinished messages of all clients together, beyond the first 256 KiB of each: room for the keyframes of hundreds of
 * publishers that arrive at the same moment, and little enough for a small machine.
 */
const MAX_PARTIAL_BYTES = 256 * 1024 * 1024;

/**
 * Counts the clients of a server: the connections of RTMP and the viewers over HTTP, for all limits together. Whoever
 * asks the API or for a file does not count, so that a full server can still be managed.
 */
export class ConnectionLimits {
  /** Of what clients leave unfinished. */
  readonly partialBudget = new ByteBudget(MAX_PARTIAL_BYTES);
  readonly #options: ConnectionLimitsOptions;
  readonly #addresses = new AddressCounter();
  #count = 0;
  /** Refused since the last tick, by limit. */
  readonly #refused = new Map<NoRoom, { count: number; lastIp: string }>();

  constructor(options: ConnectionLimitsOptions) {
    this.#options = options;
  }

  /** Clients of this moment. */
  get count(): number {
    return this.#count;
  }

  /** Gives one more client a place, which it is to dispose of at its end; or tells what it is one too many for. */
  enter(ip: string): Disposable | NoRoom {
    const { clock, bounds } = this.#options;
    const limits = bounds();
    // SRS stops accepting for ever at this point (ossrs/srs#3797); here only this connection is lost.
    const hit = this.#count >= limits.maxConnections
      ? "max_connections"
      : this.#addresses.enter(ip, clock.nowMs(), limits);
    if (hit !== null) {
      this.#refused.set(hit, { count: (this.#refused.get(hit)?.count ?? 0) + 1, lastIp: ip });
      return hit;
    }
    this.#count++;
    let hasLeft = false;
    return {
      [Symbol.dispose]: () => {
        if (hasLeft) return;
        hasLeft = true;
        this.#count--;
        this.#addresses.leave(ip);
      },
    };
  }

  /** About once a second: tells of those refused, in one line a limit, and forgets addresses. */
  tick(): void {
    const { clock, log, bounds } = this.#options;
    this.#addresses.sweep(clock.nowMs());
    for (const [limit, { count, lastIp }] of this.#refused) {
      const name = limit === "max_connections" ? `${limit} ${bounds().maxConnections}` : limit;
      log.warn(`${count} connections refused: ${name} reached; latest from ${lastIp}`);
    }
    this.#refused.clear();
  }
}
