import { directive } from "./row.ts";
import { integer, milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff } from "../values/type.ts";

/** `play { ... }` of a vhost. */
export const playRows = {
  gopCache: directive("gop_cache", onOff(), {
    default: true,
    reload: "live",
    doc: "Whether new players start at the last keyframe instead of waiting for the next one.",
  }),
  gopCacheMaxFrames: directive("gop_cache_max_frames", integer({ unit: "frames" }), {
    default: 2500,
    reload: "live",
    doc: "Maximum number of frames since the last keyframe to keep for new players; 0 means no limit.",
  }),
  queueLengthMs: directive("queue_length", seconds({ fraction: true }), {
    default: 30_000,
    reload: "live",
    doc: "How far a player may fall behind, in stream time, before it skips to the newest keyframe.",
  }),
  mwLatencyMs: directive("mw_latency", milliseconds(), {
    default: 350,
    defaultWith: { property: "minLatency", value: 0 },
    reload: "live",
    doc: "How long to gather messages before sending them together; 0 by default with `min_latency on`.",
  }),
  mwMsgs: directive("mw_msgs", integer({ max: 128, unit: "messages" }), {
    default: 8,
    defaultWith: { property: "minLatency", value: 0 },
    reload: "live",
    doc: "After `mw_latency`, wait until more than this many messages have gathered, but at most 25 ms for each; " +
      "0 by default with `min_latency on`.",
  }),
  sendMinIntervalMs: directive("send_min_interval", milliseconds({ fraction: true }), {
    default: 0,
    reload: "live",
    doc: "Minimum time between two messages to an RTMP player; 0 sends them together, as gathered.",
  }),
  timeJitter: directive("time_jitter", oneOf(["full", "zero", "off"], "off"), {
    default: "full",
    reload: "newClients",
    doc: "How to treat timestamps: `full` and `zero` start them at 0 and close gaps; `off` leaves them as they come.",
  }),
  mixCorrect: directive("mix_correct", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether to put a publisher's audio and video into the order of their timestamps.",
  }),
  atc: directive("atc", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether to keep the publisher's absolute timestamps, as `time_jitter off` does.",
  }),
  atcAuto: directive("atc_auto", onOff(), {
    default: false,
    reload: "live",
    doc: 'Whether a publisher whose metadata has `bravo_atc` set to "true" gets `atc on`.',
  }),
  reduceSequenceHeader: directive("reduce_sequence_header", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to drop sequence headers that only repeat the last one.",
  }),
  realtime: directive("realtime", onOff(), {
    default: false,
    reload: "live",
    extension: true,
    doc: "Whether a player that falls 2 s behind skips to the newest keyframe, to stay close to live.",
  }),
};
