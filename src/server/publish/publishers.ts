import { RequestDenied } from "../../base/errors.ts";
import type { Claim } from "../../cluster/directory.ts";
import { DEAD_AFTER_MS } from "../../cluster/mesh/rivals.ts";

/** What decides between two publishers: `publish { on_conflict }`. */
export type ConflictPolicy = "reject" | "takeover" | "standby";

/** One client that wants to publish a stream, or does. */
export interface Claimant {
  /** Tells clients apart: two with the same one are the same encoder, which comes back. */
  readonly clientKey: string;
  /** When it came. */
  readonly sinceMs: number;
  /** Where its publish is traced, for links to it. */
  readonly traceparent?: string | null;
  /** How long its connection has brought nothing. */
  silentMs(): number;
  /** Its publish has a higher epoch from now on. */
  onRaised(epoch: number): void;
  /** Another publisher has the stream now. */
  onLost(reason: string): void;
  /** It stood by, and now the stream is its own. */
  onPromoted(claim: Claim): void;
}

interface Published {
  active: Claimant;
  /** What makes the stream this server's, in the cluster. */
  claim: Claim;
  /** In the order they came. */
  standbys: Claimant[];
}

/** Who publishes what on this server, who stands by, and who wins. */
export class Publishers {
  readonly #published = new Map<string, Published>();

  /** Streams that are published. */
  get count(): number {
    return this.#published.size;
  }

  /** The publisher of a stream. */
  active(key: string): Claimant | null {
    return this.#published.get(key)?.active ?? null;
  }

  /**
   * What a new publisher would be.
   *
   * @throws {RequestDenied} `StreamBusy`: another one has the stream and keeps it.
   */
  judge(key: string, claimant: Claimant, policy: ConflictPolicy): "active" | "standby" {
    const published = this.#published.get(key);
    if (published === undefined || policy === "takeover" || isReturn(claimant, published.active)) return "active";
    if (policy === "reject") throw new RequestDenied("StreamBusy", `stream ${key} already has a publisher`);
    return "standby";
  }

  /** Gives the stream to a publisher, which has its claim in the cluster, and takes it from the one before. */
  take(key: string, claimant: Claimant, claim: Claim): void {
    const published = this.#published.get(key);
    if (published === undefined) return void this.#published.set(key, { active: claimant, claim, standbys: [] });
    const { active: loser, claim: replaced } = published;
    published.active = claimant;
    published.claim = claim;
    replaced[Symbol.dispose]();
    const returns = isReturn(claimant, loser);
    loser.onLost(returns ? "the same client publishes again" : "another publisher took over the stream");
  }

  /** Puts a publisher last in the row of those that stand by. @returns Whether there is one on this server to stand by for. */
  standBy(key: string, claimant: Claimant): boolean {
    const published = this.#published.get(key);
    published?.standbys.push(claimant);
    return published !== undefined;
  }

  /** A claim was made that is not used after all: the one in force is to be found again. */
  announce(key: string): void {
    this.#published.get(key)?.claim.announce();
  }

  /** The publish of a stream has a higher epoch from now on. */
  raise(key: string, epoch: number): void {
    this.#published.get(key)?.active.onRaised(epoch);
  }

  /** Another server has the stream now: the publisher here ends, with those that stand by. */
  lose(key: string, reason: string): void {
    const published = this.#published.get(key);
    if (published === undefined) return;
    this.#published.delete(key);
    published.claim[Symbol.dispose]();
    for (const claimant of [...published.standbys, published.active]) claimant.onLost(reason);
  }

  /** The claimant has left; the first that stands by gets the stream. */
  release(key: string, claimant: Claimant): void {
    const published = this.#published.get(key);
    if (published === undefined) return;
    published.standbys = published.standbys.filter((other) => other !== claimant);
    if (published.active !== claimant) return;
    const next = published.standbys.shift();
    if (next === undefined) {
      this.#published.delete(key);
      published.claim[Symbol.dispose]();
      return;
    }
    published.active = next;
    next.onPromoted(published.claim);
  }
}

/** An encoder that comes back while its connection before is dead. */
function isReturn(claimant: Claimant, active: Claimant): boolean {
  return active.clientKey === claimant.clientKey && active.silentMs() >= DEAD_AFTER_MS;
}
