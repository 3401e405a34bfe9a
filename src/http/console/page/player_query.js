import { httpUrl } from "./dom.js";

const DEFAULT_VHOST = "__defaultVhost__";

/**
 * The HTTP-FLV address of a stream.
 *
 * @param host Name or address, IPv6 in brackets.
 */
export function flvUrl({ schema = "http", host, port, vhost, app, stream, mount = "[vhost]/[app]/[stream].flv" }) {
  const isDefault = vhost === undefined || vhost === "" || vhost === DEFAULT_VHOST;
  const parts = {
    vhost: encodeURIComponent(isDefault ? DEFAULT_VHOST : vhost),
    app: encodePath(app),
    stream: encodeURIComponent(stream),
  };
  // What stands before the first slash of a mount is the host.
  const template = mount.slice(Math.max(0, mount.indexOf("/")));
  const path = template.replace(/\[(vhost|app|stream)\]/g, (_, name) => parts[name]);
  return `${schema}://${host}:${port}${path}${isDefault ? "" : `?vhost=${encodeURIComponent(vhost)}`}`;
}

/** The HLS address of a stream, as servers have it that set no `hls_m3u8_file`. */
export function hlsUrl(place) {
  return flvUrl({ ...place, mount: "/[app]/[stream].m3u8" });
}

/** An app may have several levels. */
function encodePath(path) {
  return path.split("/").map(encodeURIComponent).join("/");
}

/** `vhost/app/stream` of the API; the vhost is empty for the default one. */
export function splitKey(key) {
  const [vhost = "", ...rest] = key.split("/");
  return { vhost, app: rest.slice(0, -1).join("/"), stream: rest.at(-1) ?? "" };
}

/**
 * What SRS's player page reads from its address: `server`, `port`, `app`, `stream` (with `.m3u8` for HLS, with or
 * without `.flv`), `vhost`,
 * `schema`, `autostart`, or a whole `url`. What it does not know goes to the server with the stream's address.
 */
export function readPlayerQuery(search, { hostname }) {
  const query = new URLSearchParams(search);
  const get = (name, otherwise = "") => query.get(name) || otherwise;
  const autostart = get("autostart", "true") !== "false";
  const given = get("url");
  if (given !== "") return { url: httpUrl(given)?.href ?? "", autostart };
  const stream = get("stream", "livestream");
  const isHls = stream.endsWith(".m3u8");
  const schema = get("schema", "http") === "https" ? "https" : "http";
  const server = get("server", hostname);
  const url = (isHls ? hlsUrl : flvUrl)({
    schema,
    host: server,
    port: get("port", schema === "https" ? "8088" : "8080"),
    vhost: get("vhost") === server ? "" : get("vhost"),
    app: get("app", "live"),
    stream: stream.replace(/\.(?:flv|m3u8)$/, ""),
  });
  const own = ["autostart", "server", "port", "app", "stream", "vhost", "schema", "url", "dir", "api", "buffer"];
  const made = httpUrl(url);
  if (made === null) return { url: "", autostart };
  for (const [name, value] of query) if (!own.includes(name)) made.searchParams.append(name, value);
  return { url: made.href, autostart };
}
