import { directive, repeated } from "./row.ts";
import { onOff, words } from "../values/type.ts";

/** `exec { ... }` of a vhost. */
export const execRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether programs are run." }),
  publish: repeated("publish", words(), { reload: "live", doc: "A program and its arguments, run on publish." }),
};
