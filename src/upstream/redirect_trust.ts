import { canonicalIp } from "../net/socket_shutdown.ts";
import { formatHost } from "../rtmp/url.ts";

/**
 * Metadata services of clouds that are not link-local: Alibaba Cloud's and AWS's would count as private, Azure's and
 * Oracle's as public.
 */
const METADATA_SERVICES = ["100.100.100.200", "fd00:ec2::254", "168.63.129.16", "192.0.0.192"];
/** What NAT64 turns into IPv4 (RFC 6052): the last two groups are the address. */
const NAT64 = /^64:ff9b::(?=[\da-f]{0,4}:?[\da-f]{0,4}$)/;

/** Where a host lies, as far as that decides who may lead there. */
type HostScope = "unspecified" | "linkLocal" | "loopback" | "private" | "elsewhere";

/**
 * Whether a server may lead this process to another one: by a redirect, or by an answer about a stream's owner.
 *
 * A server of the same machine or a private network may lead anywhere on it, a public one not to this machine. Nobody
 * leads to link-local addresses but a server of that link: the metadata services of clouds live there, and those that
 * live elsewhere count as if they did. And nobody leads to 0.0.0.0 or ::, which are no addresses of servers.
 *
 * @param fromHost Address of the server that leads; a host name counts as a public server.
 * @param toHost Where to; a host name is judged again once it is resolved.
 */
export function mayLeadTo(fromHost: string, toHost: string): boolean {
  const from = scopeOf(fromHost);
  switch (scopeOf(toHost)) {
    case "unspecified":
      return false;
    case "linkLocal":
      return from === "linkLocal";
    case "loopback":
      return from === "loopback" || from === "private" || from === "linkLocal";
    case "private":
    case "elsewhere":
      return true;
  }
}

/**
 * The host of a coworker's API, `host:port`, or of an engine, a URL, as {@link mayLeadTo} takes it. One that is configured
 * by name may be on this machine: it is trusted as such.
 */
export function namerOf(coworker: string): string {
  const host = coworker.replace(/^[a-z+]+:\/\//, "").replace(/[,/].*$/, "").replace(/:\d+$/, "").replace(
    /^\[|\]$/g,
    "",
  );
  const isAddress = /^[\d.]+$/.test(host) || host.includes(":");
  return isAddress ? host : "localhost";
}

function scopeOf(host: string): HostScope {
  const ip = canonicalHost(host);
  if (/^(0\.|::$)/.test(ip)) return "unspecified";
  if (/^(169\.254\.|fe[89ab][0-9a-f]:)/.test(ip) || METADATA_SERVICES.includes(ip)) return "linkLocal";
  if (/^(127\.|::1$|localhost$)/.test(ip)) return "loopback";
  // RFC 1918, carrier-grade NAT (RFC 6598), RFC 4193.
  const isPrivate =
    /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][0-9a-f]{2}:)/.test(ip);
  return isPrivate ? "private" : "elsewhere";
}

/** Addresses have many spellings that the system's resolver knows, `0x7f.1` and `::ffff:7f00:1` among them. */
function canonicalHost(host: string): string {
  if (host.includes(":")) return canonicalIp(canonicalIp(host).toLowerCase().replace(NAT64, "::ffff:"));
  const url = `http://${formatHost(host)}/`;
  return URL.canParse(url) ? new URL(url).hostname : host.toLowerCase();
}
