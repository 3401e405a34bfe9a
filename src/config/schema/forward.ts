import { directive } from "../schema.ts";
import { endpoints } from "../value_address.ts";
import { onOff, text } from "../value_type.ts";

/** `forward { ... }` of a vhost. */
export const forwardRows = {
  enabled: directive("enabled", onOff(), { default: false, reload: "live", doc: "Whether streams are forwarded." }),
  destination: directive("destination", endpoints(1935), {
    default: [],
    reload: "live",
    doc: "Servers that get every stream, host[:port].",
  }),
  backend: directive("backend", text(), {
    default: "",
    reload: "live",
    mistakenFor: ["on_forward"],
    doc: "URL that answers with the servers for one stream.",
  }),
};
