import { directive, repeated } from "./row.ts";
import { accessRule } from "../values/rule.ts";
import { onOff } from "../values/type.ts";

/** `security { ... }` of a vhost. */
export const securityRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to apply the rules; without any rule, nobody may publish or play.",
  }),
  allow: repeated("allow", accessRule(), {
    reload: "live",
    tomlKey: "rules",
    doc: "`allow publish|play all|IP|IP/BITS` admits matching clients; once there is such a rule, only clients that " +
      "match one are admitted.",
  }),
  deny: repeated("deny", accessRule(), {
    reload: "live",
    tomlKey: "rules",
    doc: "`deny publish|play all|IP|IP/BITS` refuses matching clients, whatever `allow` says.",
  }),
};
