import { RequestDenied } from "../../base/errors.ts";
import type { VhostConfig } from "../../config/mod.ts";
import { isInRange, parseAddress, parseRange } from "./address_range.ts";

/** What a client wants to do with a stream. */
export type AccessKind = "publish" | "play";

/**
 * Judges a client by its address, with the rules of a vhost.
 *
 * A `deny` that matches refuses. Else an `allow` that matches lets in; without one the client is refused if there is any
 * `allow` rule, be it for the other kind of client, or no rule at all. Source: SRS 7 `SrsSecurity::do_check`; IPv6 is
 * this server's own.
 *
 * @param ip Address of the TCP peer.
 * @throws {RequestDenied} `SecurityDeny` or `SecurityAllow`.
 */
export function checkSecurity({ enabled, allow, deny }: VhostConfig["security"], kind: AccessKind, ip: string): void {
  if (!enabled) return;
  const address = parseAddress(ip);
  const matches = (rule: { action: string; address: string }) =>
    rule.action === kind && matchesAddress(rule.address, ip, address);
  if (deny.some(matches)) {
    throw new RequestDenied("SecurityDeny", `${ip} may not ${kind}: a deny rule forbids it (security)`);
  }
  if (allow.some(matches) || (allow.length === 0 && deny.length > 0)) return;
  throw new RequestDenied("SecurityAllow", `${ip} may not ${kind}: no rule allows it (security)`);
}

/**
 * Judges a client before it has told what it wants: it is refused if it could do nothing at all.
 *
 * @throws {RequestDenied} As {@link checkSecurity}.
 */
export function checkShutOut(security: VhostConfig["security"], ip: string): void {
  try {
    checkSecurity(security, "play", ip);
  } catch {
    checkSecurity(security, "publish", ip);
  }
}

function matchesAddress(rule: string, ip: string, address: Uint8Array | null): boolean {
  if (rule === "all" || (rule !== "" && rule === ip)) return true;
  const range = parseRange(rule);
  return range !== null && address !== null && isInRange(address, range);
}
