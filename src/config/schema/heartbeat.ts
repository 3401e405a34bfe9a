import { directive } from "./row.ts";
import { seconds } from "../values/number.ts";
import { onOff, text } from "../values/type.ts";

/** `heartbeat { ... }`. */
export const heartbeatRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether to send reports." }),
  intervalMs: directive("interval", seconds({ min: 1, outside: "error" }), {
    default: 10_000,
    reload: "live",
    doc: "Time between two reports.",
  }),
  url: directive("url", text(), {
    default: "http://127.0.0.1:8085/api/v1/servers",
    reload: "live",
    doc: "URL to post reports to; its query is dropped, as in SRS.",
  }),
  deviceId: directive("device_id", text(), { default: "", reload: "live", doc: "Name of this server in reports." }),
  summaries: directive("summaries", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether reports include the API's summaries.",
  }),
  ports: directive("ports", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether reports include the listen addresses, which SRS's proxy needs.",
  }),
};
