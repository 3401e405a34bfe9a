import { block, directive } from "./row.ts";
import { listenAddress } from "../values/address.ts";
import { onOff, text } from "../values/type.ts";
import { anyHost, httpsRows } from "./http_api.ts";

/** `http_server { ... }`, in SRS 1 `http_stream`. */
export const httpServerRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve files and HTTP streams." }),
  listen: directive("listen", listenAddress(), { default: anyHost(8080), doc: "Listen address of the HTTP server." }),
  dir: directive("dir", text(), { default: "./objs/nginx/html", doc: "Directory of the files to serve at `/`." }),
  crossdomain: directive("crossdomain", onOff(), {
    default: true,
    doc: "Whether other web sites may use the server and the API.",
  }),
  https: block("https", httpsRows(8088), {
    doc: "The same over HTTPS.",
    unchecked: true,
  }),
};
