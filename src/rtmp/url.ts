import { RequestDenied } from "../base/errors.ts";

/** Vhost that serves every name which has no vhost of its own. */
export const DEFAULT_VHOST = "__defaultVhost__";
const DEFAULT_APP = "__defaultApp__";
export const DEFAULT_RTMP_PORT = 1935;
const MAX_NAME_LENGTH = 512;
/** Address and name together, with all parameters; signed tokens need some thousand characters. */
const MAX_ADDRESS_LENGTH = 8192;
/** What an error text quotes of an address. */
const MAX_QUOTED_LENGTH = 120;

/** Which stream a client means. */
export interface StreamUrl {
  /** Host the client used, without brackets. */
  host: string;
  port: number;
  /** Vhost asked for: `vhost=` or `domain=` of the query, else the host. */
  vhost: string;
  /** Application, possibly of several levels; no slash at either end. */
  app: string;
  stream: string;
  /** All parameters, with the leading `?`; empty when there are none. */
  query: string;
  /** Name of the stream within this server: `/app/stream`, with the vhost in front unless it is the default one. */
  key: string;
}

/** An `rtmp://` address cut in pieces, without any meaning given to them. */
export interface RtmpAddress {
  tls: boolean;
  host: string;
  port: number;
  /** Path without the leading slash. */
  path: string;
  /** With the leading `?`, or empty. */
  query: string;
}

/** Scheme, host, port, path, query; after quotes; user and password before the host. */
const addressPattern =
  /^["']*(?:(rtmps?):)?\/\/(?:[^/?#]*@)?(\[[^\][@/?#]*\]|[^@:/?#[\]]*)(?::(\d*))?(\/[^?#]*)?([?#].*)?$/i;

/**
 * Cuts an RTMP address in pieces; null when it has no host.
 *
 * Not `new URL`: real clients send quotes around it (GStreamer), blanks, port 0, queries in odd places.
 */
export function parseRtmpAddress(text: string): RtmpAddress | null {
  const match = addressPattern.exec(trimQuotes(stripBlanks(text)));
  if (match === null) return null;
  const [, scheme = "rtmp", host = "", port = "", path = "", query = ""] = match;
  const name = host.replace(/^\[|\]$/g, "");
  if (name === "") return null;
  const tls = scheme.toLowerCase() === "rtmps";
  const number = Number(port);
  return {
    tls,
    host: name,
    port: isPort(number) ? number : tls ? 443 : DEFAULT_RTMP_PORT,
    path: path.replace(/^\/+/, ""),
    query: cleanQuery(query),
  };
}

/** The port that an address names, if no server can have it, as it is written; null otherwise. */
export function impossiblePort(address: string): string | null {
  const written = addressPattern.exec(trimQuotes(stripBlanks(address)))?.[3] ?? "";
  return written === "" || isPort(Number(written)) ? null : written;
}

function isPort(number: number): boolean {
  return number > 0 && number < 65536;
}

/**
 * Finds out which stream a client means by the `tcUrl` of its connect and the name in its publish or play.
 *
 * As SRS does (`srs_discovery_tc_url`): the two are joined, the last part of the path is the stream and the rest the
 * app; a query may stand on either (FMLE puts it on the app) and all parameters count; `...vhost...` means `?vhost=`;
 * `/_definst_` is dropped; an empty name takes the last part of the app (OBS without a stream key), or what stands
 * after the last slash of the query (`rtmp://h/app?k=v/stream`).
 *
 * @throws {RequestDenied} `RtmpTcUrl` if the address cannot be read, `StreamNameEmpty`, or a name with forbidden parts.
 */
export function parseStreamUrl(tcUrl: string, name: string): StreamUrl {
  if (tcUrl.length + name.length > MAX_ADDRESS_LENGTH) {
    const length = tcUrl.length + name.length;
    throw new RequestDenied("RtmpTcUrl", `address of ${length} characters, the limit is ${MAX_ADDRESS_LENGTH}`);
  }
  const address = parseRtmpAddress(tcUrl.replace("...vhost...", "?vhost="));
  if (address === null) {
    throw new RequestDenied(
      "RtmpTcUrl",
      `cannot read tcUrl ${quote(withoutSecrets(tcUrl))}: expected rtmp://host[:port]/app`,
    );
  }
  const [plainName, nameQuery] = cutQuery(name.replace("...vhost...", "?vhost="));
  const segments = `/${address.path}/${plainName}`.replaceAll("/_definst_", "")
    .split("/").map(stripBlanks).filter((part) => part !== "");
  let query = joinQueries(nameQuery, address.query);
  if (stripBlanks(plainName) === "" && segments.length < 2) {
    // With an empty name, rtmp://h/app alone leaves nothing that could be the stream.
    const slash = query.lastIndexOf("/");
    const [last, rest] = cutQuery(slash < 0 ? "" : query.slice(slash + 1));
    segments.push(stripBlanks(last));
    if (slash >= 0) query = joinQueries(rest, cleanQuery(query.slice(0, slash)));
  }
  const stream = segments.pop() ?? "";
  if (stream === "") {
    const [shownUrl, shownName] = [tcUrl, name].map((text) => quote(withoutSecrets(text)));
    throw new RequestDenied("StreamNameEmpty", `no stream name in tcUrl ${shownUrl} and name ${shownName}`);
  }
  const app = segments.join("/") || DEFAULT_APP;
  const asked = queryValue(query, "vhost") || queryValue(query, "domain");
  const vhost = stripBlanks(asked === DEFAULT_VHOST ? "" : asked).replaceAll("/", "") || address.host;
  for (const part of [address.host, vhost, app, stream]) checkName(part);
  if (controlCharacter.test(query)) throw new RequestDenied("RtmpTcUrl", "control character among the parameters");
  return withVhost({ host: address.host, port: address.port, vhost, app, stream, query, key: "" }, vhost);
}

/** The same stream under the vhost that the configuration resolved it to. */
export function withVhost(url: StreamUrl, vhost: string): StreamUrl {
  return { ...url, vhost, key: streamKey(vhost, url.app, url.stream) };
}

/**
 * Name of a stream within a server: `/live/livestream`, or `a.com/live/livestream`.
 *
 * The suffix of an HTTP mount is dropped: an SRS edge whose first viewer came by HTTP-FLV asks for `livestream.flv`.
 * Other dots belong to the name.
 */
export function streamKey(vhost: string, app: string, stream: string): string {
  return `${vhost === DEFAULT_VHOST ? "" : vhost}/${app}/${stream.replace(/(?<=.)\.(?:flv|ts|aac|mp3)$/, "")}`;
}

/** An address as others may see it: without user, password and parameters, any of which may be secrets. */
export function withoutSecrets(address: string): string {
  return address.replace(/[?#].*/s, "").replace(/^([^/]*\/\/)[^/]*@/, "$1");
}

/** Value of a parameter, the last one if it is given twice; empty when it is missing. Separators as in SRS. */
export function queryValue(query: string, name: string): string {
  let value = "";
  for (const pair of query.replace(/^\?/, "").split(/[&,;?]+/)) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals) === name) value = pair.slice(equals + 1);
  }
  return value;
}

/** `rtmp://host:port/path`, with brackets around an IPv6 address. */
export function formatRtmpUrl(host: string, port: number, path: string): string {
  return `rtmp://${formatHost(host)}:${port}/${path}`;
}

/** A host as it stands in a URL. */
export function formatHost(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

function stripBlanks(text: string): string {
  return text.replace(/[\s]/g, "");
}

function trimQuotes(text: string): string {
  let end = text.length;
  // Not by a pattern: one that is anchored at the end only takes quadratic time.
  while (end > 0 && (text[end - 1] === '"' || text[end - 1] === "'")) end--;
  return text.slice(0, end);
}

/** Text before the query, and the query. */
function cutQuery(text: string): [string, string] {
  const cut = text.search(/[?#]/);
  return cut < 0 ? [text, ""] : [text.slice(0, cut), cleanQuery(text.slice(cut))];
}

function cleanQuery(text: string): string {
  const query = stripBlanks(text).replace(/^[?#]+/, "");
  return query === "" || query === `vhost=${DEFAULT_VHOST}` ? "" : `?${query}`;
}

function joinQueries(first: string, second: string): string {
  if (first === "" || second === "" || second === first) return first || second;
  return `${first}&${second.slice(1)}`;
}

const FORBIDDEN_IN_NAMES = '"." and ".." parts, backslashes, encoded slashes and control characters';
const controlCharacter = /\p{Cc}/u;

/** Names become file paths, log lines and metric labels: what could leave its place in one of them is refused. */
function checkName(name: string): void {
  if (name.length > MAX_NAME_LENGTH) {
    throw new RequestDenied("RtmpTcUrl", `name of ${name.length} characters, the limit is ${MAX_NAME_LENGTH}`);
  }
  const decoded = name.replace(/%2e/gi, ".");
  const bad = controlCharacter.test(decoded) || /\\|%(?:2f|5c|7f|[01][0-9a-f])/i.test(decoded) ||
    decoded.split("/").some((part) => part === "." || part === "..");
  if (bad) throw new RequestDenied("RtmpTcUrl", `invalid name ${quote(name)}: ${FORBIDDEN_IN_NAMES} are not allowed`);
}

/** A peer's text as it may stand in an error: cut to a bearable length, control characters escaped. */
function quote(text: string): string {
  const cut = text.length > MAX_QUOTED_LENGTH ? `${text.slice(0, MAX_QUOTED_LENGTH)}…` : text;
  return JSON.stringify(cut);
}
