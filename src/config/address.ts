/** An address to listen on. `text` is the value as written: the HTTP API shows it. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  readonly text: string;
}

/** A server to connect to. `text` is the value as written. */
export interface ConnectAddress {
  readonly host: string;
  readonly port: number;
  readonly text: string;
}

/** Where the HTTP APIs of coworkers are: one address, or a name under which DNS has the addresses of all. */
export interface CoworkerAddress extends ConnectAddress {
  /** `dns`: all addresses of `host`, each at `port`; `srv`: the services of that name, which have ports of their own. */
  readonly lookUp?: "dns" | "srv";
}

/** The address that this server tells others; `port` null means "the first `listen` port". */
export interface AdvertisedAddress {
  readonly host: string;
  readonly port: number | null;
  readonly text: string;
}

/**
 * Reads `port`, `ip:port` or `[ipv6]:port`; a port alone means all IPv4 addresses.
 *
 * Host names are refused, as SRS does. Source: SRS 7 `srs_parse_endpoint`, `srs_check_ip_addr_valid`.
 *
 * @returns null when `text` has none of the three forms or the port is not in 1..65535.
 */
export function parseListenAddress(text: string): ListenAddress | null {
  const { host, port } = splitHostPort(text.includes(":") ? text : `0.0.0.0:${text}`);
  if (port === null || Number.isNaN(port)) return null;
  return isIpv4(host) || isIpv6(host) ? { host, port, text } : null;
}

/** Reads `host`, `host:port`, `[ipv6]` or `[ipv6]:port`; host may be a name. Null when it is none of them. */
export function parseHostPort(text: string): AdvertisedAddress | null {
  const { host, port } = splitHostPort(text);
  if (Number.isNaN(port)) return null;
  return isIpv6(host) || /^[A-Za-z0-9._-]+$/.test(host) ? { host, port, text } : null;
}

/** `port` is null when there is none and NaN when it is not in 1..65535. */
function splitHostPort(text: string): { host: string; port: number | null } {
  const colon = text.lastIndexOf(":");
  const bracket = text.startsWith("[") ? text.lastIndexOf("]") : -1;
  if (bracket > 0 && bracket === text.length - 1) return { host: text.slice(1, bracket), port: null };
  if (colon < 0) return { host: text, port: null };
  const host = bracket > 0 && bracket === colon - 1 ? text.slice(1, bracket) : text.slice(0, colon);
  return { host, port: parsePort(text.slice(colon + 1)) };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port >= 1 && port <= 65535 ? port : NaN;
}

/** Whether `host` is a dotted IPv4 address. */
export function isIpv4(host: string): boolean {
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Whether `host` is an IPv6 address, without brackets and without a zone. */
export function isIpv6(host: string): boolean {
  return host.includes(":") && /^[0-9A-Fa-f:.]{2,45}$/.test(host) && URL.canParse(`http://[${host}]/`);
}
