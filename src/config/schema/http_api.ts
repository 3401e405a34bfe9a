import type { ListenAddress } from "../address.ts";
import { accepted, block, directive } from "./row.ts";
import { listenAddress } from "../values/address.ts";
import { oneOf, onOff, secret, text } from "../values/type.ts";
import { webOrigins } from "../values/url.ts";
import { tlsFileRows } from "./tls.ts";

/** A default address: all IPv4 interfaces. */
export function anyHost(port: number): ListenAddress {
  return { host: "0.0.0.0", port, text: String(port) };
}

/** Rows of an `https` block; SRS does not check the names in it. */
export function httpsRows(port: number) {
  return {
    enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve HTTPS." }),
    listen: directive("listen", listenAddress(), { default: anyHost(port), doc: "Listen address for HTTPS." }),
    ...tlsFileRows,
    http2: directive("http2", onOff(), {
      default: false,
      extension: true,
      doc: "Whether clients that ask for it are served by HTTP/2, as Apple's players need it for low latency.",
    }),
  };
}

const rawApiRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether `/api/v1/raw` is available." }),
  allowReload: directive("allow_reload", onOff(), { default: false, doc: "Whether it may reload the configuration." }),
  allowQuery: directive("allow_query", onOff(), {
    default: false,
    doc: "Whether it may show directives.",
    status: accepted("SRS removed this call"),
  }),
  allowUpdate: directive("allow_update", onOff(), {
    default: false,
    doc: "Whether it may change directives.",
    status: accepted("SRS removed this call"),
  }),
};

const authRows = {
  enabled: directive("enabled", onOff(), {
    default: false,
    reload: "live",
    doc: "Whether the API requires a user name and password.",
  }),
  username: directive("username", text(), {
    default: "",
    reload: "live",
    doc: "User name for basic authentication.",
  }),
  password: directive("password", secret(text()), {
    default: "",
    reload: "live",
    doc: "Password for basic authentication.",
  }),
};

/** `http_api { ... }`. */
export const httpApiRows = {
  enabled: directive("enabled", onOff(), { default: false, doc: "Whether to serve the HTTP API." }),
  listen: directive("listen", listenAddress(), { default: anyHost(1985), doc: "Listen address of the HTTP API." }),
  crossdomain: directive("crossdomain", onOff(), {
    default: true,
    doc: "Whether other web sites may call the API.",
    status: accepted("the API obeys http_server.crossdomain, as in SRS"),
  }),
  remoteControl: directive("remote_control", oneOf(["off", "kick", "all"], "off"), {
    default: "kick",
    reload: "live",
    extension: true,
    doc:
      "What programs on other machines may do without a password or token, besides reading: nothing, `kick` clients " +
      "as in SRS, or `all`, which adds drain and reload. Pages of other web sites may do none of this.",
  }),
  allowOrigin: directive("allow_origin", webOrigins(), {
    default: [],
    reload: "live",
    extension: true,
    doc: "Web sites whose pages may use the API like this server's own pages, such as `https://admin.example.com`.",
  }),
  rawApi: block("raw_api", rawApiRows, { doc: "Reload over HTTP." }),
  auth: block("auth", authRows, { doc: "Basic authentication for the API." }),
  https: block("https", httpsRows(1990), {
    doc: "The API over HTTPS.",
    unchecked: true,
  }),
};
