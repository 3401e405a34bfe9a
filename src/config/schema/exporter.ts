import { directive } from "./row.ts";
import { listenAddress } from "../values/address.ts";
import { onOff, text } from "../values/type.ts";
import { anyHost } from "./http_api.ts";

/** `exporter { ... }`. */
export const exporterRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve metrics for Prometheus." }),
  listen: directive("listen", listenAddress(), {
    default: anyHost(9972),
    doc: "Listen address of `/metrics`, which the API serves too.",
  }),
  label: directive("label", text(), { default: "", doc: "Label of the metric `srs_build_info`." }),
  tag: directive("tag", text(), { default: "", doc: "Tag of the metric `srs_build_info`." }),
};
