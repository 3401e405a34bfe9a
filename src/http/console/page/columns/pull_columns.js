import { nameColumn, notedColumn } from "./cells.js";
import { clockTime, count, duration } from "../format.js";

export const pullColumns = [
  nameColumn("Stream", ({ pull }) => pull.url, { sort: "stream" }),
  nameColumn("Upstream", ({ pull }) => pull.upstream || "none now", { sort: "upstream", rowHead: false }),
  { title: "State", text: ({ pull }) => String(pull.state) },
  { title: "Switches", sort: "switches", numeric: true, text: ({ pull }) => count(pull.switches) },
  { title: "Last error", sort: "error", text: ({ pull }) => pull.last_error || "none" },
];

/** Of streams that are sent on to other servers. */
export const copyColumns = [
  nameColumn("Stream", ({ copy }) => copy.stream, { sort: "stream" }),
  nameColumn("To", ({ copy }) => copy.destination, { sort: "destination", rowHead: false }),
  { title: "State", sort: "state", text: ({ copy }) => String(copy.state) },
  { title: "Reconnects", numeric: true, text: ({ copy }) => count(copy.reconnects) },
  { title: "Last error", text: ({ copy }) => copy.last_error || "none" },
];

export const upstreamColumns = [
  nameColumn("Origin", ({ origin }) => origin.origin),
  { title: "Pulls", numeric: true, text: ({ origin }) => count(origin.pulls) },
  { title: "Failures", numeric: true, text: ({ origin }) => count(origin.failures) },
  { title: "Rests for", text: ({ origin }) => origin.rest_ms > 0 ? duration(origin.rest_ms / 1000) : "–" },
  notedColumn(
    "Last error",
    ({ origin }) => origin.last_error || "none",
    ({ origin }) => typeof origin.last_error_at === "number" ? `at ${clockTime(new Date(origin.last_error_at))}` : "",
  ),
];
