import { directive } from "../row.ts";
import { seconds } from "../../values/number.ts";
import { oneOf, onOff, text, words } from "../../values/type.ts";

/** `dvr { ... }` of a vhost. */
export const dvrRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether to record streams." }),
  dvrApply: directive("dvr_apply", words(), {
    default: ["all"],
    reload: "live",
    doc: "Streams to record, as `app/stream`; `all` for every one.",
  }),
  dvrPlan: directive("dvr_plan", oneOf(["session", "segment"], "session"), {
    default: "session",
    reload: "live",
    doc: "`session`: one file for each publish; `segment`: a new file every `dvr_duration`.",
  }),
  dvrPath: directive("dvr_path", text(), {
    default: "./objs/nginx/html/[app]/[stream].[timestamp].flv",
    reload: "live",
    doc: "Names of files, ending in .flv or .mp4; a directory gets `/[app]/[stream].[timestamp].flv`. Variables: " +
      "[vhost], [app], [stream], [2006] year, [01] month, [02] day, [15] hour, [04] minute, [05] second, [999] " +
      "millisecond, [timestamp] Unix time in ms; in local time or, with `utc_time on`, UTC. A file has `.tmp` at its end " +
      "until it is complete. Where the name is taken, `-EPOCH-PART` comes before the extension. MP4 is fragmented.",
  }),
  dvrDurationMs: directive("dvr_duration", seconds({ min: 1, fraction: true }), {
    default: 30_000,
    reload: "live",
    doc: "How long a file is at least, with `dvr_plan segment`.",
  }),
  dvrWaitKeyframe: directive("dvr_wait_keyframe", onOff(), {
    default: true,
    reload: "live",
    doc:
      "Whether a file of `dvr_plan segment` ends only before a keyframe, whatever the codec; streams without video " +
      "end anywhere.",
  }),
  timeJitter: directive("time_jitter", oneOf(["full", "zero", "off"], "off"), {
    default: "full",
    reload: "newClients",
    doc: "Timestamps in files: `full` and `zero` start each file at 0 and close gaps; `off` leaves them as they come.",
  }),
  dvrReconnectMs: directive("dvr_reconnect", seconds({ fraction: true }), {
    default: 10_000,
    reload: "live",
    extension: true,
    doc:
      "How long a recording waits for its publisher to return, also to another origin that shares the disk, and then goes " +
      "on in the same file; at an origin that does not, in another file of the same recording. 0 ends it at once, as SRS " +
      "does: `on_dvr` then does not wait.",
  }),
};
