import { directive } from "./row.ts";
import { onOff, words } from "../values/type.ts";

/** `refer { ... }` of a vhost. */
export const referRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether pages are checked." }),
  all: directive("all", words(), { default: [], reload: "live", doc: "Host suffixes for every client." }),
  play: directive("play", words(), { default: [], reload: "live", doc: "Host suffixes for players." }),
  publish: directive("publish", words(), { default: [], reload: "live", doc: "Host suffixes for publishers." }),
};
