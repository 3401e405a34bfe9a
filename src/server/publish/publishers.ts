import { RequestDenied } from "../../base/errors.ts";
import { type ConflictPolicy, DEAD_AFTER_MS, givesWay, type Rival } from "../../cluster/rivals.ts";

/** One client that wants to publish a stream, or does. */
export interface Claimant {
  /** Tells clients apart: two with the same one are the same encoder, which comes back. */
  readonly clientKey: string;
  /** When it came, Unix time in whole ms; later than any publisher that it is to replace. */
  readonly sinceMs: number;
  /** Where its publish is traced, for links to it. */
  readonly traceparent?: string | null;
  /** How long its connection has brought nothing. */
  silentMs(): number;
  /** Another publisher has the stream now. */
  onLost(reason: string): void;
  /** It stood by, and now the stream is its own. */
  onPromoted(): void;
}

interface Claim {
  active: Claimant;
  /** In the order they came. */
  standbys: Claimant[];
}

/** Who publishes what on this server, who stands by, and who wins. */
export class Publishers {
  readonly #claims = new Map<string, Claim>();

  /** Streams that are published. */
  get count(): number {
    return this.#claims.size;
  }

  /** The publisher of a stream. */
  active(key: string): Claimant | null {
    return this.#claims.get(key)?.active ?? null;
  }

  /**
   * Decides about a new publisher.
   *
   * @returns What it is now.
   * @throws {RequestDenied} `StreamBusy`: another one has the stream and keeps it.
   */
  claim(key: string, claimant: Claimant, policy: ConflictPolicy): "active" | "standby" {
    const claim = this.#claims.get(key);
    if (claim === undefined) {
      this.#claims.set(key, { active: claimant, standbys: [] });
      return "active";
    }
    const returns = claim.active.clientKey === claimant.clientKey && claim.active.silentMs() >= DEAD_AFTER_MS;
    if (returns || policy === "takeover") {
      const loser = claim.active;
      claim.active = claimant;
      loser.onLost(returns ? "the same client publishes again" : "another publisher took over the stream");
      return "active";
    }
    if (policy === "reject") throw new RequestDenied("StreamBusy", `stream ${key} already has a publisher`);
    claim.standbys.push(claimant);
    return "standby";
  }

  /**
   * A coworker has a publisher of the stream too: the one here ends if it is the one to give way.
   *
   * @param instance Id of this server.
   * @returns Whether it gave way.
   */
  yieldTo(key: string, rival: Rival, { policy, instance }: { policy: ConflictPolicy; instance: string }): boolean {
    const claim = this.#claims.get(key);
    if (claim === undefined) return false;
    const { active: loser, standbys } = claim;
    const own = { sinceMs: loser.sinceMs, silentMs: loser.silentMs(), instance };
    if (!givesWay(own, rival, policy)) return false;
    this.#claims.delete(key);
    for (const other of [...standbys, loser]) other.onLost("a publisher at another origin has the stream");
    return true;
  }

  /** The claimant has left; the first that stands by gets the stream. */
  release(key: string, claimant: Claimant): void {
    const claim = this.#claims.get(key);
    if (claim === undefined) return;
    claim.standbys = claim.standbys.filter((other) => other !== claimant);
    if (claim.active !== claimant) return;
    const next = claim.standbys.shift();
    if (next === undefined) {
      this.#claims.delete(key);
      return;
    }
    claim.active = next;
    next.onPromoted();
  }
}
