import { parseAddress } from "./address_range.ts";

/** Limits for one address; 0: none. */
export interface AddressLimits {
  readonly maxConnectionsPerIp: number;
  /** New connections a second, over {@link WINDOW_MS}. */
  readonly connectRatePerIp: number;
}

/** Which limit a connection ran into. */
export type LimitHit = "max_connections_per_ip" | "connect_rate_per_ip";

interface AddressUse {
  connections: number;
  /** Connections let in since `windowStartMs`. */
  recent: number;
  windowStartMs: number;
}

/** A short burst is not a flood: the rate is counted over this time. */
const WINDOW_MS = 10_000;
/** Most addresses that are remembered only for their rate. */
const MAX_IDLE_ADDRESSES = 65_536;

/**
 * Counts the connections of every address. The hosts of one IPv6 network of 64 bits count as one: each has more addresses
 * to choose from than could be counted.
 */
export class AddressCounter {
  readonly #uses = new Map<string, AddressUse>();
  #idle = 0;

  /** Addresses that are remembered. */
  get size(): number {
    return this.#uses.size;
  }

  /**
   * Counts a new connection.
   *
   * @returns The limit that it breaks, or null: then {@link leave} is to be called at its end.
   */
  enter(ip: string, nowMs: number, { maxConnectionsPerIp, connectRatePerIp }: AddressLimits): LimitHit | null {
    if (maxConnectionsPerIp === 0 && connectRatePerIp === 0) return this.#add(ip, nowMs);
    const use = this.#uses.get(addressKey(ip));
    if (use === undefined) return this.#add(ip, nowMs);
    const recent = nowMs - use.windowStartMs < WINDOW_MS ? use.recent : 0;
    if (maxConnectionsPerIp > 0 && use.connections >= maxConnectionsPerIp) return "max_connections_per_ip";
    if (connectRatePerIp > 0 && recent >= connectRatePerIp * WINDOW_MS / 1000) return "connect_rate_per_ip";
    return this.#add(ip, nowMs);
  }

  /** A connection that {@link enter} let in has ended. */
  leave(ip: string): void {
    const use = this.#uses.get(addressKey(ip));
    if (use !== undefined && --use.connections === 0) this.#idle++;
  }

  /** Forgets addresses that have no connection and had none of late. */
  sweep(nowMs: number): void {
    if (this.#idle === 0) return;
    for (const [network, use] of this.#uses) {
      if (use.connections > 0) continue;
      const isOld = nowMs - use.windowStartMs >= WINDOW_MS;
      if (!isOld && this.#idle <= MAX_IDLE_ADDRESSES) continue;
      this.#uses.delete(network);
      this.#idle--;
    }
  }

  #add(ip: string, nowMs: number): null {
    const network = addressKey(ip);
    const use = this.#uses.get(network);
    if (use === undefined) {
      this.#uses.set(network, { connections: 1, recent: 1, windowStartMs: nowMs });
      return null;
    }
    if (use.connections++ === 0) this.#idle--;
    if (nowMs - use.windowStartMs >= WINDOW_MS) {
      use.windowStartMs = nowMs;
      use.recent = 0;
    }
    use.recent++;
    return null;
  }
}

/** What connections are counted by: IPv4, also where it is written in IPv6, or of IPv6 the first 64 bits. */
export function addressKey(ip: string): string {
  const bytes = parseAddress(ip);
  return bytes === null ? ip : bytes.length === 16 ? `${bytes.subarray(0, 8)}` : bytes.join(".");
}
