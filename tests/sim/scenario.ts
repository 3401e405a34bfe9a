/** How the network is on a day. */
export interface Weather {
  /** One way, at least. */
  readonly latencyMs: number;
  /** At most so much more, piece by piece. */
  readonly jitterMs: number;
  /** Most that one segment bears; 0 for all that was written. */
  readonly segmentBytes: number;
}

/** A time in which an encoder sends nothing, though its connection and its clock go on. */
export interface Silence {
  /** After the begin of the publish, or the end of the silence before. */
  readonly afterMs: number;
  readonly lastsMs: number;
}

/** How an encoder goes on after its connection has ended: at the same server, or at the next of its list. */
export type Reconnect = "same" | "next";

/** One encoder. */
export interface PublisherPlan {
  readonly name: string;
  readonly stream: string;
  /** Number of the origin it begins with. */
  readonly origin: number;
  /** The SRS that it goes to instead, and nowhere else; empty for none. */
  readonly home: string;
  readonly reconnect: Reconnect;
  readonly reconnectMs: number;
  /** It waits longer after each failure, as OBS does. */
  readonly backsOff: boolean;
  /** Encoders with the same source send the same frames with the same times; empty for one of its own. */
  readonly source: string;
  readonly startMs: number;
  /** It leaves for good; Infinity is written as null. */
  readonly endMs: number | null;
  readonly frameMs: number;
  /** So much earlier than its place is the time of sound. */
  readonly audioLagMs: number;
  readonly gopFrames: number;
  /** Frames that leave together. */
  readonly burst: number;
  readonly hasBFrames: boolean;
  readonly frameBytes: number;
  /** Time of the first frame. */
  readonly firstTimestampMs: number;
  readonly hasMetadata: boolean;
  /** Frames that it sends at once when a publish begins. */
  readonly startBurst: number;
  /** It changes its codec's parameters at every so many keyframes; 0 for never. */
  readonly headerGops: number;
  /** It goes to another server when the one it is at asks it to (enhanced RTMP). */
  readonly canReconnect: boolean;
  readonly silences: readonly Silence[];
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

/** How streams are cut into segments. */
export interface HlsPlan {
  readonly fragmentMs: number;
  readonly windowMs: number;
  readonly isFmp4: boolean;
}

/** Somebody who watches by HLS behind a balancer: each request goes to any of its servers. */
export interface HlsViewerPlan {
  readonly name: string;
  readonly stream: string;
  readonly servers: readonly string[];
  readonly startMs: number;
  readonly endMs: number | null;
  /** Between two playlists. */
  readonly pollMs: number;
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
  | "kick"
  | "apiDrain"
  | "join"
  | "dnsDown"
  | "engineDown"
  | "engineHang"
  | "engineFlush"
  | "engineReadOnly";

/** What an operator changes by a reload. */
export type Setting = "pithyPrint" | "mwLatency" | "gopCache" | "onConflict" | "coworkers";

/** One fault; when it is over, all is whole again. */
export interface FaultPlan {
  readonly name: string;
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly lastsMs: number;
  /** A server, or none. */
  readonly server: string;
  /** What a reload changes. */
  readonly setting: Setting;
  /** The other side of a partition; those that a reload takes out of the list of coworkers. */
  readonly others: readonly string[];
  /** Of a clock: how far it jumps. */
  readonly aheadMs: number;
}

/** How an SRS is: it may say that it has whatever is asked for, take its time, answer never, or send half an answer. */
export type SrsMood = "well" | "lies" | "slow" | "hangs" | "garbled";

/** An SRS among the coworkers. */
export interface SrsPlan {
  readonly name: string;
  /** One after the other. */
  readonly moods: readonly { readonly mood: SrsMood; readonly atMs: number; readonly lastsMs: number }[];
}

/** What an attacker does, again and again. */
export type AttackKind =
  | "garbage"
  | "halfHandshake"
  | "flood"
  | "madeUpNames"
  | "forgedClaims"
  | "slowLoris"
  | "hugeHead";

/** Somebody who means harm. */
export interface AttackerPlan {
  readonly name: string;
  readonly kind: AttackKind;
  readonly server: string;
  readonly atMs: number;
  readonly lastsMs: number;
  readonly perS: number;
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
  /** How origins find each other: by a list of addresses, or of the name that they have in DNS; or by the engine alone. */
  readonly discovery: "list" | "dns" | "engine";
  /** The last so many origins start only when an operator lets them join, and are in DNS only then. */
  readonly latecomers: number;
  readonly srs: readonly SrsPlan[];
  readonly publishers: readonly PublisherPlan[];
  readonly players: readonly PlayerPlan[];
  /** Null where nobody watches by HLS, and it is off. */
  readonly hls: HlsPlan | null;
  readonly hlsViewers: readonly HlsViewerPlan[];
  readonly attackers: readonly AttackerPlan[];
  readonly faults: readonly FaultPlan[];
}
