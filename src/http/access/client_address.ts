import type { FieldReader } from "../../base/field_reader.ts";
import { type AddressRange, isInRange, parseAddress, parseRange } from "../../server/access/address_range.ts";
import { canonicalIp } from "../../net/socket_shutdown.ts";

/** Header to which each proxy appends the address that connected to it. */
const HEADER = "x-forwarded-for";

/**
 * Address of the client that a request comes from. Only `trusted` proxies are believed: the list is read from its end,
 * and the first address that is not one of theirs is the client's. What stands before that, the client may have made up.
 *
 * @param peerIp Address of the TCP peer.
 * @param trusted `trusted_proxies`: addresses and networks.
 */
export function clientAddress(peerIp: string, headers: FieldReader, trusted: readonly string[]): string {
  if (trusted.length === 0) return peerIp;
  const ranges = trusted.map(parseRange).filter((range) => range !== null);
  const hops = headers.get(HEADER)?.split(",") ?? [];
  let client = peerIp;
  while (isTrusted(client, ranges)) {
    const hop = hopAddress(hops.pop() ?? "");
    if (hop === null) break;
    client = hop;
  }
  return client;
}

function isTrusted(ip: string, ranges: readonly AddressRange[]): boolean {
  const address = parseAddress(ip);
  return address !== null && ranges.some((range) => isInRange(address, range));
}

/** Some proxies add the port. */
function hopAddress(text: string): string | null {
  const [, ipv6, ipv4] = /^\s*(?:\[([^\]]+)\](?::\d+)?|([\d.]+):\d+)\s*$/.exec(text) ?? [];
  const ip = ipv6 ?? ipv4 ?? text.trim();
  return parseAddress(ip) === null ? null : canonicalIp(ip).toLowerCase();
}
