import { directive } from "./row.ts";
import { integer, milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff } from "../values/type.ts";

/** `play { ... }` of a vhost. */
export const playRows = {
  gopCache: directive("gop_cache", onOff(), {
    default: true,
    reload: "live",
    doc: "Whether new players begin with the last keyframe.",
  }),
  gopCacheMaxFrames: directive("gop_cache_max_frames", integer({ unit: "frames" }), {
    default: 2500,
    reload: "live",
    doc: "Most frames since the last keyframe that are kept for new players; 0: no limit.",
  }),
  queueLengthMs: directive("queue_length", seconds({ fraction: true }), {
    default: 30_000,
    reload: "live",
    doc: "How far a player may lag in stream time before it is moved to the newest keyframe.",
  }),
  mwLatencyMs: directive("mw_latency", milliseconds(), {
    default: 350,
    defaultWith: { property: "minLatency", value: 0 },
    reload: "live",
    doc: "Time that is collected before it is sent; 0 by default with min_latency.",
  }),
  mwMsgs: directive("mw_msgs", integer({ max: 128, unit: "messages" }), {
    default: 8,
    defaultWith: { property: "minLatency", value: 0 },
    reload: "live",
    doc: "Sent is only when more messages than this were collected, too, or 25 ms for each of them have passed; 0 by " +
      "default with min_latency.",
  }),
  sendMinIntervalMs: directive("send_min_interval", milliseconds({ fraction: true }), {
    default: 0,
    reload: "live",
    doc: "Least time between two messages to an RTMP player; 0: they go in portions.",
  }),
  timeJitter: directive("time_jitter", oneOf(["full", "zero", "off"], "off"), {
    default: "full",
    reload: "newClients",
    doc: "Repair of timestamps: `full` makes them rise steadily, `zero` only starts them at 0.",
  }),
  mixCorrect: directive("mix_correct", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether audio and video of a publisher are put in the order of their timestamps.",
  }),
  atc: directive("atc", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether the publisher's absolute timestamps are kept, as with time_jitter off.",
  }),
  atcAuto: directive("atc_auto", onOff(), {
    default: false,
    reload: "live",
    doc: 'Whether metadata with `bravo_atc` "true" switches atc on, for this publisher.',
  }),
  reduceSequenceHeader: directive("reduce_sequence_header", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether repeated equal sequence headers are dropped.",
  }),
  realtime: directive("realtime", onOff(), {
    default: false,
    reload: "live",
    extension: true,
    doc: "Whether a player that lags by 2 s is moved to the newest keyframe, to stay near live.",
  }),
};
