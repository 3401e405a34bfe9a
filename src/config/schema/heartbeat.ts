import { directive } from "./row.ts";
import { seconds } from "../values/number.ts";
import { onOff, text } from "../values/type.ts";

/** `heartbeat { ... }`. */
export const heartbeatRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether to report to a server." }),
  intervalMs: directive("interval", seconds({ min: 1, outside: "error" }), {
    default: 10_000,
    reload: "live",
    doc: "Time between two reports.",
  }),
  url: directive("url", text(), {
    default: "http://127.0.0.1:8085/api/v1/servers",
    reload: "live",
    doc: "Where reports are posted; a query is left out, as SRS does.",
  }),
  deviceId: directive("device_id", text(), { default: "", reload: "live", doc: "Name of this server in reports." }),
  summaries: directive("summaries", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether reports carry the summaries of the API.",
  }),
  ports: directive("ports", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether reports carry the listen addresses, as SRS's proxy wants.",
  }),
};
