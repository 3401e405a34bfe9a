import type { AmfObject } from "../amf/amf0.ts";
import type { TimeJitter } from "./timeline.ts";

/** How a source treats its players and its publisher; the names are SRS's directives. */
export interface SourceOptions {
  /** `chunk_size`: players of this source all send with it. */
  chunkSizeBytes: number;
  /** `mw_latency`: packets are gathered for this long, then sent to all players in one write each. */
  mwLatencyMs: number;
  /** `mw_msgs`: more packets than this are gathered too, unless that takes too long. 0 and 0: no gathering at all. */
  mwMsgs: number;
  gopCache: boolean;
  /** 0 is no limit. */
  gopCacheMaxFrames: number;
  /** `queue_length`: a player that is further behind than this jumps to the newest keyframe. */
  queueLengthMs: number;
  /** `send_min_interval`: least time between two packets to an RTMP player; 0 sends them in portions. */
  sendMinIntervalMs: number;
  timeJitter: TimeJitter;
  /** `atc_auto`: metadata may ask for times as they are. */
  atcAuto: boolean;
  /** `mix_correct`: the next publisher's audio and video are put in order. */
  mixCorrect: boolean;
  /** Drop sequence headers that repeat what players have. */
  reduceSequenceHeader: boolean;
  /** Whoever publishes here is handed on to another server, which owns the stream and tells its time; by default not. */
  isForwarded?: boolean;
  /** Members added to metadata: which server this is. */
  identity: AmfObject;
}
