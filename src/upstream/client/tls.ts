import type { TlsDialOptions } from "../../net/tls_dial.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import type { PullTarget } from "../target.ts";

/** How to speak TLS to a server; null for one that is not asked over TLS. */
export function tlsFor(
  { tls = false }: PullTarget,
  { caCerts }: Pick<UpstreamEnvironment, "caCerts">,
): TlsDialOptions | null {
  return tls ? { caCerts: caCerts?.() ?? [] } : null;
}

/** A server that is asked over TLS may not send elsewhere in the clear: what is said there is not for everybody. */
export function isDowngrade(from: PullTarget, to: PullTarget): boolean {
  return from.tls === true && to.tls !== true;
}
