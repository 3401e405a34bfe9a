import { accepted, directive } from "./row.ts";
import { integer } from "../values/number.ts";
import { onOff, words } from "../values/type.ts";

/** `stats { ... }`. */
export const statsRows = {
  enabled: directive("enabled", onOff(), {
    default: true,
    doc: "Whether to count network and disk use.",
    status: accepted("network use is always counted, disk use never"),
  }),
  network: directive("network", integer({ outside: "error" }), {
    default: 0,
    doc: "Index of the local address that reports give for this server.",
  }),
  disk: directive("disk", words(), {
    default: [],
    doc: "Disks whose use is counted.",
    status: accepted("disk use is not counted"),
  }),
};
