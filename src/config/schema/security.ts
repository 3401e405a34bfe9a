import { directive, repeated } from "./row.ts";
import { accessRule } from "../values/rule.ts";
import { onOff } from "../values/type.ts";

/** `security { ... }` of a vhost. */
export const securityRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether the rules are applied." }),
  allow: repeated("allow", accessRule(), {
    reload: "live",
    tomlKey: "rules",
    doc: "allow publish|play all|IP|IP/BITS.",
  }),
  deny: repeated("deny", accessRule(), {
    reload: "live",
    tomlKey: "rules",
    doc: "deny publish|play all|IP|IP/BITS; looked at first.",
  }),
};
