import type { HttpRequest } from "../../../src/http/call.ts";

/**
 * A request as a connection brings it; not by `new Request`, which would tidy the address.
 *
 * @param address Path and query, for host `h`, or an address with scheme and host.
 */
export function requestOf(address: string, given: Partial<HttpRequest> = {}): HttpRequest {
  const [, scheme = "http", host = "h", target = address] = /^(https?):\/\/([^/?#]*)(.*)$/s.exec(address) ?? [];
  const ofAddress = { scheme: scheme === "https" ? "https" as const : "http" as const, host, target };
  return { method: "GET", headers: new Headers(), minorVersion: 1, ...ofAddress, ...given };
}
