/** How the network is on a day. */
export interface Weather {
  /** One way, at least. */
  readonly latencyMs: number;
  /** At most so much more, piece by piece. */
  readonly jitterMs: number;
  /** Most that one segment bears; 0 for all that was written. */
  readonly segmentBytes: number;
}

/** How an encoder goes on after its connection has ended: at the same server, or at the next of its list. */
export type Reconnect = "same" | "next";

/** One encoder. */
export interface PublisherPlan {
  readonly name: string;
  readonly stream: string;
  /** Number of the origin it begins with. */
  readonly origin: number;
  readonly reconnect: Reconnect;
  readonly reconnectMs: number;
  readonly startMs: number;
  /** It leaves for good; Infinity is written as null. */
  readonly endMs: number | null;
  readonly frameMs: number;
  readonly gopFrames: number;
  /** Frames that leave together. */
  readonly burst: number;
  readonly hasBFrames: boolean;
  readonly frameBytes: number;
  /** Time of the first frame. */
  readonly firstTimestampMs: number;
  readonly hasMetadata: boolean;
}

/** Somebody who watches. */
export interface PlayerPlan {
  readonly name: string;
  readonly stream: string;
  /** An edge of SRS pulls for whom nobody sees: from one origin after the other, whatever {@link server} says. */
  readonly kind: "rtmp" | "flv" | "srsEdge";
  /** An edge, or an origin. */
  readonly server: string;
  readonly startMs: number;
  readonly endMs: number | null;
  /** Before it comes again after its connection has ended. */
  readonly returnMs: number;
  /** What its line takes, bytes a millisecond; 0 for no limit. */
  readonly lineBytesPerMs: number;
  /** It goes where it is sent (302), and says who it is: an edge of SRS over RTMP, ffmpeg over HTTP. */
  readonly follows: boolean;
  /** It pauses for so long, and watches for as long, by day; 0 for never. RTMP only. */
  readonly pauseMs: number;
  /** It leaves after so long, and comes again, by day; 0 for never. */
  readonly staysMs: number;
}

/** Names of what can happen to servers, lines and the engine. */
export type FaultKind =
  | "kill"
  | "powerCut"
  | "freeze"
  | "drain"
  | "partition"
  | "oneWay"
  | "clock"
  | "reload"
  | "engineDown"
  | "engineHang"
  | "engineFlush"
  | "engineReadOnly";

/** One fault; when it is over, all is whole again. */
export interface FaultPlan {
  readonly name: string;
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly lastsMs: number;
  /** A server, or none. */
  readonly server: string;
  /** The other side of a partition. */
  readonly others: readonly string[];
  /** Of a clock: how far it jumps. */
  readonly aheadMs: number;
}

/** A cluster's day, as data: whatever is left out changes nothing for the rest. */
export interface Scenario {
  readonly seed: number;
  /** From then on nothing more goes wrong. */
  readonly dayMs: number;
  readonly directory: "mesh" | "engine";
  readonly onConflict: "reject" | "takeover" | "standby";
  readonly weather: Weather;
  readonly origins: number;
  readonly edges: number;
  readonly publishers: readonly PublisherPlan[];
  readonly players: readonly PlayerPlan[];
  readonly faults: readonly FaultPlan[];
}
