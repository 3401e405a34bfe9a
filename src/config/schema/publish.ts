import { accepted, directive } from "./row.ts";
import { milliseconds, seconds } from "../values/number.ts";
import { oneOf, onOff } from "../values/type.ts";

/** `publish { ... }` of a vhost. */
export const publishRows = {
  firstpktTimeoutMs: directive("firstpkt_timeout", milliseconds({ min: 1 }), {
    default: 20_000,
    reload: "live",
    doc: "How long to wait for a publisher's first media before disconnecting it.",
  }),
  normalTimeoutMs: directive("normal_timeout", milliseconds({ min: 1 }), {
    default: 5000,
    reload: "live",
    doc: "How long a publisher may send nothing before it is disconnected.",
  }),
  mr: directive("mr", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to read a publisher only every `mr_latency`; when off, the server chooses the interval.",
  }),
  mrLatencyMs: directive("mr_latency", milliseconds(), {
    default: 350,
    reload: "live",
    doc: "How long to let messages gather before reading them, with `mr on`.",
  }),
  parseSps: directive("parse_sps", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether to read the picture size from the video's headers.",
    status: accepted("this server always reads it"),
  }),
  tryAnnexbFirst: directive("try_annexb_first", onOff(), {
    default: true,
    reload: "newClients",
    doc: "Whether to try H.264 in FLV as Annex B first.",
    status: accepted("this server passes media on unchanged"),
  }),
  kickoffForIdleMs: directive("kickoff_for_idle", seconds({ fraction: true }), {
    default: 0,
    reload: "live",
    doc: "How long a publisher may have no players before it is disconnected; 0 means forever.",
  }),
  onConflict: directive("on_conflict", oneOf(["reject", "takeover", "standby"], "reject"), {
    default: "reject",
    reload: "live",
    extension: true,
    doc: "What happens to a second publisher of a stream: `reject` refuses it, `takeover` lets it replace the " +
      "first, `standby` keeps it waiting until the first leaves.",
  }),
};
