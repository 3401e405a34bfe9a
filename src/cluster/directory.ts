import type { Span } from "../base/trace.ts";
import type { VhostHandle } from "../config/mod.ts";
import type { StreamUrl } from "../rtmp/url.ts";
import type { SegmentOffer } from "../stream/segment_offer.ts";

/** A stream of a vhost, as a directory is asked for it. */
export interface StreamRef {
  readonly vhost: VhostHandle;
  readonly url: Pick<StreamUrl, "key" | "app" | "stream" | "host">;
}

/** Where another server takes RTMP clients. */
export interface ServerAddress {
  ip: string;
  port: number;
}

/** Another server that has the stream. */
export interface Owner extends ServerAddress {
  /** Where it serves the stream over HTTP, `host:port`; only of servers that do, and tell (SRS does not). */
  http?: string;
  /** The same over TLS, with the host name of its certificate. */
  https?: string;
  /** Who names it: the HTTP API of a coworker, `host:port`, or the URL of an engine. */
  coworker: string;
  /** How long its publisher has sent nothing; 0 where that is not told (SRS, engines). */
  silentMs: number;
  /** Of its publish: the higher one is the newer. Only of servers that tell (SRS does not). */
  epoch?: number;
  /** When its publisher came, as its own clock says: the rank among rivals. Only of servers that tell (SRS does not). */
  sinceMs?: number;
  /** Instance that has it; only of servers that tell (SRS does not). */
  instance?: string;
  /** It is about to stop: who is sent there is sent away again, unless to relay the stream. */
  isDraining: boolean;
}

/** What another server knows of the segments of a stream. */
export interface SegmentHolder {
  readonly host: string;
  /** How it gives out those that it has; null if it has none. */
  readonly offer: SegmentOffer | null;
  /** How many discontinuities the stream has had; null if it does not know. */
  readonly discontinuities: number | null;
  /** The part of the stream's recording that it makes, or made until a moment ago; null for none. */
  readonly recording: { readonly epoch: number; readonly part: number } | null;
}

/** Options of {@link StreamDirectory.find}. */
export interface FindOptions {
  /** Ask again, whatever was asked a moment ago, and wait for slow servers as long as the budget allows. */
  readonly fresh?: boolean;
  /** Whether anybody waits for the answer still; by default somebody does. */
  readonly isWanted?: () => boolean;
  /** Network of the client that waits: places at coworkers are shared by these. By default all such clients count as one. */
  readonly from?: string;
  /** Of what the question is a part, if that is traced. */
  readonly trace?: Span | null;
}

/** Whether a claim succeeds only where nobody has the stream, or takes it from whoever has it. */
export type ClaimMode = "first" | "takeover";

/** A stream that this server publishes, as the others know it; disposing it gives the stream up. */
export interface Claim extends Disposable {
  /**
   * Higher than that of any publish of the stream before: in ms since 1970, unless clocks ran ahead. 0 where no other
   * server could claim the stream: it may then be published at several that do not know each other.
   */
  readonly epoch: number;
  /**
   * The publisher is in place, so that others can find it: two that claimed at one moment see each other now, and one
   * of them gives way.
   */
  announce(): void;
  /** Another directory has raised the epoch of the same publish. */
  raise?(epoch: number): void;
}

/** Options of {@link StreamDirectory.claim}. */
export interface ClaimOptions {
  /** In force now: a reload may change it. */
  readonly mode: () => ClaimMode;
  /** When the publisher came, Unix time in ms; by default now. */
  readonly sinceMs?: number;
  /** How long the publisher has sent nothing: one that is dead gives way to any other; by default it never is silent. */
  readonly silentMs?: () => number;
  /** The epoch is not to be lower: another directory has chosen this one for the same publish. */
  readonly minEpoch?: number;
  /** Of what the claim is a part, if that is traced. */
  readonly trace?: Span | null;
  /** The publish goes on under a higher epoch: another one had come between, which is over. Not called after the claim is disposed of. */
  onRaised?(epoch: number): void;
  /** Another publish of the stream counts from now on. Called once at most, and not after the claim is disposed of. */
  onLost(reason: string): void;
}

/** How a claim went. */
export type ClaimOutcome = { readonly claim: Claim } | { readonly takenBy: Owner };

/** What a server does, as it says. */
export interface NodeLoad {
  readonly streams: number;
  /** People: players that are no servers. */
  readonly viewers: number;
  readonly recvKbps: number;
  readonly sendKbps: number;
  /** Of one core. */
  readonly cpuPercent: number;
  readonly memoryBytes: number;
}

/** One server of the cluster, as this one sees it. */
export interface ClusterNode {
  /** Its instance, which is another one after each start; its address while that is unknown. */
  readonly id: string;
  /** Its HTTP API, `host:port`; empty where that is unknown. */
  readonly address: string;
  readonly role: "origin" | "edge" | "origin and edge" | "unknown";
  /** `srs-ts/0.1.0`, `SRS/6.0.1`; empty where it is unknown. */
  readonly software: string;
  readonly state: "up" | "down" | "draining";
  readonly isSelf: boolean;
  /** Since when it has this state, Unix time in ms. */
  readonly stateSinceMs: number;
  /** When it started, Unix time in ms; null where that is unknown. */
  readonly startedMs: number | null;
  /** Null where it is unknown. */
  readonly load: NodeLoad | null;
  /** What is wrong with it and what to do, in plain words; empty if nothing is. */
  readonly problem: string;
}

/**
 * Who owns which stream, in the whole cluster. Everything that asks, waits or claims speaks to this alone.
 *
 * Three kinds: the coworkers ask each other (`mesh/`), an engine knows (`valkey/`), or the engine is asked first and the
 * coworkers where it does not answer.
 */
export interface StreamDirectory {
  /** Whether other servers may have streams of the vhost, as far as this directory goes. */
  covers(vhost: VhostHandle): boolean;
  /** All other servers that say they have the stream, the newest epoch first. Never rejects. */
  find(stream: StreamRef, options?: FindOptions): Promise<readonly Owner[]>;
  /**
   * Tells as soon as somebody else has the stream, and again whenever others come to have it, until it is disposed of;
   * never before this returns.
   * However many watch a stream, and however long, other servers have one question of it.
   */
  watch(stream: StreamRef, onOwners: (owners: readonly Owner[]) => void, options?: FindOptions): Disposable;
  /** Claims a stream for a publisher of this server. Never rejects: whoever cannot be asked does not stand in the way. */
  claim(stream: StreamRef, options: ClaimOptions): Promise<ClaimOutcome>;
  /**
   * Somebody says that another server has a newer publish of a stream that is published here, true or not: looks whether
   * that is so, now and then, and gives the stream up then.
   */
  recheck(stream: StreamRef, epoch: number): void;
  /** Who could not be asked about a stream, and why, in words; empty if all could be. */
  unasked(stream: StreamRef): string;
  /** Servers that take the clients of this one while it stops. Never rejects. */
  standIns(stream: StreamRef): Promise<readonly ServerAddress[]>;
  /** Other servers that have segments of the stream, of a publish that is over maybe, or know of it. Never rejects. */
  segmentHolders(stream: StreamRef): Promise<readonly SegmentHolder[]>;
  /** Who belongs to the cluster, this server among them. */
  members(): readonly ClusterNode[];
}
