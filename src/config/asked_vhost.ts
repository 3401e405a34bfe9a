import type { VhostConfig } from "./config.ts";

/** The vhost that origins are asked for (`cluster.vhost`), for one of an edge. Empty: that which the client's host names. */
export function askedVhost({ cluster }: Pick<VhostConfig, "cluster">, vhost: string): string {
  return cluster.vhost.replace("[vhost]", vhost);
}
