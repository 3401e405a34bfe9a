import { directive, repeated } from "../schema.ts";
import { accessRule } from "../value_rule.ts";
import { onOff } from "../value_type.ts";

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
