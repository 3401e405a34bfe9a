import { directive, repeated } from "./row.ts";
import { onOff, words } from "../values/type.ts";

/** `exec { ... }` of a vhost. */
export const execRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether to run programs." }),
  publish: repeated("publish", words(), { reload: "live", doc: "Program to run on publish, with its arguments." }),
};
