import type { TlsDialOptions } from "../../net/tls/dial.ts";
import type { UpstreamEnvironment } from "../environment.ts";
import type { PullTarget } from "../target.ts";

/** How to speak TLS to a server; null for one that is not asked over TLS. */
export function tlsFor(
  { tls = false }: PullTarget,
  { caCerts }: Pick<UpstreamEnvironment, "caCerts">,
): TlsDialOptions | null {
  return tls ? { caCerts: caCerts?.() ?? [] } : null;
}
