import { afterLimit } from "../../base/clock.ts";
import type { LiveSource } from "../../stream/live_source.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import { DownOrigins } from "../down_origins.ts";
import { OriginPool } from "../origin_pool.ts";
import type { SegmentPlace } from "../segment_place.ts";
import { OriginWatch, reachOver } from "./origin_watch.ts";
import type { PullRequest } from "./pull_request.ts";
import { type PullState, StreamPull } from "./stream_pull.ts";

/** One player's share in a pull; disposing it gives the share back. */
export interface PullLease extends Disposable {
  /** Why the stream is not there (yet); empty when it is. */
  readonly lastError: string;
  /** The server that feeds the stream sends nothing any more; it may go on, or another one take over. */
  readonly isSilent: boolean;
  /** Somebody who published the stream here has just left: it is looked for elsewhere at once. */
  hurry(): void;
  /** What comes is wanted at once, not gathered as for players. */
  hasten(): void;
}

interface PullEntry {
  pull: StreamPull;
  /** Those for whom it is pulled. */
  leases: Set<PullRequest>;
  lingerTimer: { cancel(): void } | null;
}

/** The pulls of an edge: one per stream, begun by its first player and ended a while after its last. */
export class PullRegistry {
  readonly pool: OriginPool;
  readonly environment: UpstreamEnvironment;
  readonly #entries = new Map<LiveSource, PullEntry>();
  /** Of pulls that are over. */
  #endedSwitches = 0;

  constructor(environment: Omit<UpstreamEnvironment, "pool" | "watch" | "down">) {
    this.pool = new OriginPool(environment.timers);
    const watch = new OriginWatch(environment.timers, reachOver(environment));
    const down = new DownOrigins({ ...environment, pool: this.pool });
    this.environment = { ...environment, pool: this.pool, watch, down };
  }

  /** How often another server took over, in all pulls since the start. */
  get totalSwitches(): number {
    return this.states().reduce((sum, { switches }) => sum + switches, this.#endedSwitches);
  }

  /** What every pull does now, for the API. */
  states(): PullState[] {
    return [...this.#entries.values()].map(({ pull }) => pull.state);
  }

  /** Where the server that feeds a source has segments of the stream; null if none does, or it does not say. */
  segmentsOf(source: LiveSource): SegmentPlace | null {
    return this.#entries.get(source)?.pull.segments ?? null;
  }

  /** Makes sure that the source is fed while the lease is held. */
  acquire(source: LiveSource, request: PullRequest): PullLease {
    const entry = this.#entries.get(source) ?? this.#start(source, request);
    entry.leases.add(request);
    entry.lingerTimer?.cancel();
    entry.lingerTimer = null;
    entry.pull.request = request;
    return {
      get lastError() {
        return entry.pull.state.lastError;
      },
      get isSilent() {
        return entry.pull.isSilent;
      },
      hurry: () => entry.pull.hurry(),
      hasten: () => entry.pull.hasten(),
      [Symbol.dispose]: () => {
        if (entry.leases.delete(request)) this.#release(source, entry);
      },
    };
  }

  /** Ends all pulls. */
  stop(): void {
    this.environment.down.stop();
    for (const [source, entry] of [...this.#entries]) this.#stop(source, entry);
  }

  #start(source: LiveSource, request: PullRequest): PullEntry {
    const leases = new Set<PullRequest>();
    const pull = new StreamPull(source, request, this.environment, leases);
    const entry: PullEntry = { pull, leases, lingerTimer: null };
    this.#entries.set(source, entry);
    pull.run().finally(() => this.#stop(source, entry));
    return entry;
  }

  #release(source: LiveSource, entry: PullEntry): void {
    if (entry.leases.size > 0 || this.#entries.get(source) !== entry) return;
    const { request: { vhost, isApart = false }, mayLinger } = entry.pull;
    // With token_traverse the origin judges who plays: nobody gets for nothing what it lets another one have.
    if (!mayLinger || isApart || vhost.now.cluster.tokenTraverse) return this.#stop(source, entry);
    const lingerMs = () => entry.pull.request.vhost.now.cluster.lingerMs;
    // While it lingers, a player that comes right back (a reload of the page) finds the stream running.
    entry.lingerTimer = afterLimit(this.environment.timers, lingerMs, () => this.#stop(source, entry));
  }

  /** A pull that ended late must not take along the one that was begun since. */
  #stop(source: LiveSource, entry: PullEntry): void {
    if (this.#entries.get(source) === entry) {
      this.#entries.delete(source);
      this.#endedSwitches += entry.pull.state.switches;
    }
    entry.lingerTimer?.cancel();
    entry.pull.stop();
  }
}
