import { directive } from "./row.ts";
import { text } from "../values/type.ts";

/** What every listener with TLS needs. */
export const tlsFileRows = {
  key: directive("key", text(), {
    default: "./conf/server.key",
    reload: "live",
    doc: "File of the private key, PEM; read anew by each reload.",
  }),
  cert: directive("cert", text(), {
    default: "./conf/server.crt",
    reload: "live",
    doc: "File of the certificate and those between it and its authority, PEM; read anew by each reload.",
  }),
};
