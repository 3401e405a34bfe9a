import { directive } from "./row.ts";
import { listenAddresses } from "../values/address.ts";
import { onOff } from "../values/type.ts";
import { tlsFileRows } from "./tls.ts";

/** `rtmps { ... }`. */
export const rtmpsRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to serve RTMP over TLS.",
  }),
  listen: directive("listen", listenAddresses(), {
    default: [],
    reload: "live",
    doc: "Listen addresses for RTMP over TLS.",
  }),
  ...tlsFileRows,
};
