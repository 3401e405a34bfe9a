import type { Config, ListenAddress, VhostConfig } from "../config/mod.ts";
import { formatHost } from "../rtmp/url.ts";

/** What a listener is bound to that says nothing to other machines. */
const NO_ADDRESS = ["", "0.0.0.0", "::", "127.0.0.1"];

/**
 * The host by which others reach what listens here.
 *
 * @param fallback Where neither `advertise` nor the listener tells one; what that is bound to is handed in.
 */
export function reachableHost(
  { advertise }: Pick<Config, "advertise">,
  listen: ListenAddress | undefined,
  fallback: (bound: string) => string,
): string {
  const bound = listen?.host ?? "";
  return advertise?.host ?? (NO_ADDRESS.includes(bound) ? fallback(bound) : bound);
}

/**
 * Where the streams of a vhost, or of some of several, are served as HTTP-FLV, `host:port`, if they are; over TLS only where
 * the server is known by a name that its certificate can have.
 *
 * @param fallback As for {@link reachableHost}.
 */
export function flvAddresses(
  config: Pick<Config, "advertise" | "httpServer">,
  vhosts: readonly Pick<VhostConfig, "httpRemux">[],
  fallback: (bound: string) => string,
): { http?: string; https?: string } {
  const { httpServer, advertise } = config;
  const isServed = vhosts.some(({ httpRemux }) => httpRemux.enabled && httpRemux.mount.endsWith(".flv"));
  if (!httpServer.enabled || !isServed) return {};
  const { listen, https } = httpServer;
  const http = `${formatHost(reachableHost(config, listen, fallback))}:${listen.port}`;
  const name = advertise?.host ?? "";
  const isName = /[a-z]/i.test(name) && !name.includes(":");
  return https.enabled && isName ? { http, https: `${name}:${https.listen.port}` } : { http };
}
