import type { AmfObject } from "../amf/amf0.ts";
import type { Timers } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Tracer } from "../base/trace.ts";
import type { Network } from "../net/network.ts";
import type { DownOrigins } from "./down_origins.ts";
import type { NodeReporter } from "./node_reporter.ts";
import type { OriginPool } from "./origin_pool.ts";
import type { OriginWatch } from "./pull/origin_watch.ts";

/** Which publish of a stream may feed it; see `cluster/epoch_book.ts`. */
export interface FeedEpochs {
  accepts(key: string, epoch: number): boolean;
  /** The highest that fed the stream of late; 0 for none. */
  highest(key: string): number;
  hold(key: string, epoch: number): { release(isOver: boolean): void };
}

/** What all connections to other servers share. */
export interface UpstreamEnvironment extends Network {
  timers: Timers;
  log: Logger;
  pool: OriginPool;
  watch: OriginWatch;
  down: DownOrigins;
  epochs: FeedEpochs;
  /** Discontinuities of a stream that are known here, which a new owner has to go on from; null, or absent, for none. */
  knownDiscontinuities?(key: string): number | null;
  /** Tells other servers how this one is; default nobody. */
  reporter?: NodeReporter;
  /** Told when another server goes on with a stream than the one that fed it. */
  onSwitched?(key: string, upstream: string): void;
  /** Authorities, PEM, that servers asked over TLS may be signed by besides the public ones; default none. */
  caCerts?(): readonly string[];
  /** For what nobody's play is the cause of. */
  tracer?: Tracer | null;
  /** A new connection id for log lines. */
  newCid(): string;
  /**
   * Identity told to origins (`debug_srs_upnode`).
   *
   * @param via Servers that play the stream here.
   * @param isRelay An origin pulls from the owner.
   */
  connectArgs(cid: string, via?: readonly string[], isRelay?: boolean): AmfObject;
  /** The same over HTTP: headers. */
  httpHeaders(via: readonly string[]): readonly (readonly [name: string, value: string])[];
}
