import { directive } from "../schema.ts";
import { listenAddresses } from "../value_address.ts";
import { onOff, text } from "../value_type.ts";

/** `rtmps { ... }`. */
export const rtmpsRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve RTMP over TLS." }),
  listen: directive("listen", listenAddresses(), { default: [], doc: "Addresses of RTMP over TLS." }),
  key: directive("key", text(), { default: "./conf/server.key", doc: "File of the private key." }),
  cert: directive("cert", text(), { default: "./conf/server.crt", doc: "File of the certificate." }),
};
