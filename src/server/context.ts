import type { Logger } from "../base/log.ts";
import type { Timers } from "../base/clock.ts";
import type { Tracer } from "../base/trace.ts";
import type { World } from "../base/world.ts";
import type { StreamDirectory } from "../cluster/directory.ts";
import type { Config } from "../config/mod.ts";
import type { PullRegistry } from "../upstream/pull/pull_registry.ts";
import type { SourceManager } from "../stream/source_manager.ts";
import type { ClientRegistry } from "./client_registry.ts";
import type { ConnectionLimits } from "./access/connection_limits.ts";
import type { ClusterHealth } from "./health/cluster_health.ts";
import type { Drain } from "./drain.ts";
import type { SeenPublishes } from "./record/recording_run.ts";
import type { DiscontinuityBook } from "./hls/discontinuity_book.ts";
import type { SegmentTickets } from "./hls/segment_tickets.ts";
import type { Hooks } from "./hooks/hooks.ts";
import type { Identity } from "./identity.ts";
import type { ForwardBook } from "./publish/forward_book.ts";
import type { Publishers } from "./publish/publishers.ts";
import type { WaitingPlays } from "./play/waiting_plays.ts";

/** What every connection of one server shares. */
export interface ServerContext {
  /** The configuration in force; read for each client, so that a reload reaches the next one. */
  readonly config: Config;
  readonly identity: Identity;
  readonly world: World;
  /** Those of the world. */
  readonly timers: Timers;
  readonly log: Logger;
  readonly sources: SourceManager;
  readonly registry: ClientRegistry;
  readonly hooks: Hooks;
  /** Who owns which stream in the cluster. */
  readonly directory: StreamDirectory;
  readonly pulls: PullRegistry;
  readonly publishers: Publishers;
  /** Who gets copies of which stream. */
  readonly forwards: ForwardBook;
  readonly drain: Drain;
  /** Of servers that play streams of this one. */
  readonly segmentTickets: SegmentTickets;
  readonly discontinuities: DiscontinuityBook;
  readonly seenPublishes: SeenPublishes;
  readonly limits: ConnectionLimits;
  readonly waitingPlays: WaitingPlays;
  readonly health: Pick<ClusterHealth, "answerMember" | "greet" | "hear" | "hold">;
  /** Null while nobody wants traces. */
  readonly tracer: Tracer | null;
}
