import type { InterfaceAddress } from "./world.ts";

/** The address by which others of a network most likely reach this machine: the first private IPv4 address. */
export function mainAddress(addresses: readonly InterfaceAddress[]): string {
  const outward = addresses.filter(({ family, address }) => family === "IPv4" && !address.startsWith("127."))
    .map(({ address }) => address);
  return outward.find(isPrivateIpv4) ?? outward[0] ?? "127.0.0.1";
}

/** Whether an IPv4 address is of a private network or of this machine (RFC 1918, loopback, link-local). */
export function isPrivateIpv4(ip: string): boolean {
  return /^(10\.|127\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(ip);
}
