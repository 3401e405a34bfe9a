import { directive } from "./row.ts";
import { onOff } from "../values/type.ts";
import { httpUrl, rtmpTargets } from "../values/url.ts";

/** `forward { ... }` of a vhost. */
export const forwardRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "newClients",
    doc: "Whether streams are forwarded.",
  }),
  destination: directive("destination", rtmpTargets(1935), {
    default: [],
    reload: "newClients",
    doc:
      "Servers that get every stream under its own name, host[:port]; beyond SRS also rtmp://host[:port]/app/[stream], or rtmps:// with TLS.",
  }),
  backend: directive("backend", httpUrl(), {
    default: "",
    reload: "newClients",
    mistakenFor: ["on_forward"],
    doc:
      "URL that answers with the servers for one stream, which replace `destination`; without an answer it is refused.",
  }),
};
