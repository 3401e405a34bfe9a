import { directive } from "../schema.ts";
import { listenAddresses } from "../value_address.ts";
import { onOff } from "../value_type.ts";
import { tlsFileRows } from "./tls.ts";

/** `rtmps { ... }`. */
export const rtmpsRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether to serve RTMP over TLS.",
  }),
  listen: directive("listen", listenAddresses(), { default: [], reload: "live", doc: "Addresses of RTMP over TLS." }),
  ...tlsFileRows,
};
