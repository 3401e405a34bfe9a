import { directive } from "./row.ts";
import { text } from "../values/type.ts";

/** What every listener with TLS needs. */
export const tlsFileRows = {
  key: directive("key", text(), {
    default: "./conf/server.key",
    reload: "live",
    doc: "Private key, a PEM file; every reload reads it again.",
  }),
  cert: directive("cert", text(), {
    default: "./conf/server.crt",
    reload: "live",
    doc: "Certificate and any intermediate ones after it, a PEM file; every reload reads it again.",
  }),
};
