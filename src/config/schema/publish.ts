import { accepted, directive } from "./row.ts";
import { milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff } from "../values/type.ts";

/** `publish { ... }` of a vhost. */
export const publishRows = {
  firstpktTimeoutMs: directive("firstpkt_timeout", milliseconds({ min: 1 }), {
    default: 20_000,
    reload: "newClients",
    doc: "Time for the first media of a publisher.",
  }),
  normalTimeoutMs: directive("normal_timeout", milliseconds({ min: 1 }), {
    default: 5000,
    reload: "newClients",
    doc: "Silence after which a publisher counts as lost.",
  }),
  mr: directive("mr", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether a publisher is read only every `mr_latency`; off, it is read as often as pays.",
  }),
  mrLatencyMs: directive("mr_latency", milliseconds(), {
    default: 350,
    reload: "live",
    doc: "How long messages may gather before they are read.",
  }),
  parseSps: directive("parse_sps", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether the picture size is read from the video's headers.",
  }),
  tryAnnexbFirst: directive("try_annexb_first", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Which of two forms of H.264 in FLV is tried first.",
    status: accepted("media is passed on untouched"),
  }),
  kickoffForIdleMs: directive("kickoff_for_idle", seconds({ fraction: true }), {
    default: 0,
    reload: "newClients",
    doc: "Time without players after which a publisher is sent away; 0: never.",
  }),
  onConflict: directive("on_conflict", oneOf(["reject", "takeover", "standby"], "reject"), {
    default: "reject",
    reload: "newClients",
    extension: true,
    doc: "A second publisher of a stream: refused, takes over, or waits for the first to leave.",
  }),
};
