import { directive } from "./row.ts";
import { onOff, text } from "../values/type.ts";

/** `http_static { ... }` of a vhost, in SRS 1 `http`. */
export const httpStaticRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve files for the vhost." }),
  mount: directive("mount", text(), { default: "[vhost]/", doc: "URL path of the files." }),
  dir: directive("dir", text(), { default: "./objs/nginx/html", doc: "Directory of the files." }),
};
