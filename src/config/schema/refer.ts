import { directive } from "./row.ts";
import { onOff, words } from "../values/type.ts";

/** `refer { ... }` of a vhost. */
export const referRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether to check pages." }),
  all: directive("all", words(), {
    default: [],
    reload: "live",
    doc: "Host suffixes of the pages allowed for all clients; none allows every page.",
  }),
  play: directive("play", words(), {
    default: [],
    reload: "live",
    doc: "Host suffixes of the pages allowed for players; none allows every page.",
  }),
  publish: directive("publish", words(), {
    default: [],
    reload: "live",
    doc: "Host suffixes of the pages allowed for publishers; none allows every page.",
  }),
};
