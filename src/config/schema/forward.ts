import { directive } from "./row.ts";
import { onOff } from "../values/type.ts";
import { httpUrl, rtmpTargets } from "../values/url.ts";

/** `forward { ... }` of a vhost. */
export const forwardRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether to forward streams.",
  }),
  destination: directive("destination", rtmpTargets(1935), {
    default: [],
    reload: "newClients",
    doc: "Servers to send every stream to under its own name, `host[:port]`; unlike SRS, also " +
      "`rtmp://host[:port]/app/[stream]`, or `rtmps://` for TLS.",
  }),
  backend: directive("backend", httpUrl(), {
    default: "",
    reload: "newClients",
    mistakenFor: ["on_forward"],
    doc: "URL to ask for the servers of one stream, which replace `destination`; without a usable answer the " +
      "publisher is refused.",
  }),
};
