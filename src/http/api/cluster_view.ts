/**
 * What `GET /api/v1/cluster` answers, besides the members that all answers have (`code`, `server`, `service`, `pid`).
 * Names are stable: the console and `srs-ts status` read them. Times are Unix times in ms, rates averages over 30 s.
 */
export interface ClusterView {
  /** `degraded` as soon as there is a problem that is no mere note. */
  readonly state: "healthy" | "degraded";
  /** Clock of the server that answers. */
  readonly now_ms: number;
  readonly totals: ClusterTotals;
  /** This server first, then its coworkers as configured, origins it pulls from, and servers that pull from it. */
  readonly members: readonly MemberView[];
  /** The worst first. */
  readonly problems: readonly ProblemView[];
}

/** Sums over the members that are not down. */
export interface ClusterTotals {
  readonly members: number;
  readonly up: number;
  readonly down: number;
  readonly draining: number;
  /** Members that are origins; those that are edges too count in both. */
  readonly origins: number;
  readonly edges: number;
  /** Streams that clients publish at origins. */
  readonly streams: number;
  /** People: players that are no servers. */
  readonly viewers: number;
  /** What goes from one member to another is in both. */
  readonly recv_kbps: number;
  readonly send_kbps: number;
}

/** One server. */
export interface MemberView {
  /** Its instance, another one after each start; its address while that is unknown. */
  readonly id: string;
  /** `server_id`; empty where it is unknown. */
  readonly server_id: string;
  /** Its HTTP API, `host:port`; empty where it has none, or that is unknown. */
  readonly address: string;
  /** Where it takes RTMP, `host:port`; only of origins that this edge pulls from, else empty. */
  readonly rtmp: string;
  readonly role: "origin" | "edge" | "origin and edge" | "unknown";
  /** `srs-ts/0.1.0`, `SRS/6.0.1`; empty where it is unknown. */
  readonly software: string;
  /** What it is to the server that answers: itself, a coworker, pulled from (`upstream`), or pulling (`downstream`). */
  readonly link: "self" | "coworker" | "upstream" | "downstream";
  readonly state: "up" | "down" | "draining";
  readonly state_since_ms: number;
  readonly started_ms: number | null;
  /** Null where it is unknown; the last that was known of a member that is down. */
  readonly load: LoadView | null;
  /** What is wrong and what to do, in one line; empty if nothing is. */
  readonly problem: string;
}

/** What a server does. */
export interface LoadView {
  /** Streams that run there. */
  readonly streams: number;
  /** Of these, the ones that a client publishes there. */
  readonly published: number;
  readonly viewers: number;
  readonly recv_kbps: number;
  readonly send_kbps: number;
  /** Of one core. */
  readonly cpu_percent: number;
  readonly memory_bytes: number;
}

/** Something wrong, and its remedy. */
export interface ProblemView {
  /** An `error` takes a member out; a `warning` will hurt some day; a `note` may be as it should. */
  readonly severity: "error" | "warning" | "note";
  /** `id` of the member. */
  readonly member: string;
  /** How the member is called in texts: its API, or else another address or its id. */
  readonly name: string;
  readonly since_ms: number;
  readonly what: string;
  /** What to do about it; may be empty. */
  readonly remedy: string;
}
