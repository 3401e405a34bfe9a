import { accepted, directive } from "./row.ts";
import { integer } from "../values/number.ts";
import { onOff, words } from "../values/type.ts";

/** `stats { ... }`. */
export const statsRows = {
  enabled: directive("enabled", onOff(), {
    default: true,
    doc: "Whether to count network and disk use.",
    status: accepted("this server always counts network use and never disk use"),
  }),
  network: directive("network", integer({ outside: "error" }), {
    default: 0,
    doc: "Which local address reports give for this server, counted from 0.",
  }),
  disk: directive("disk", words(), {
    default: [],
    doc: "Disks to count the use of.",
    status: accepted("this server does not count disk use"),
  }),
};
