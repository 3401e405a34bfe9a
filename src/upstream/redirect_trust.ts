/** Most redirects followed in one attempt. SRS's edge follows without end. */
export const MAX_REDIRECTS = 3;

/**
 * Whether a redirect may be followed: the server that sent it is trusted, being configured or reached from one that is,
 * but a public one may not send this process to a service of its own machine or link.
 *
 * @param fromIp Address of the server that redirects.
 * @param toIp Address it redirects to; a host name is judged again once it is resolved.
 */
export function mayFollow(fromIp: string, toIp: string): boolean {
  return !isLocal(toIp) || isLocal(fromIp) || isPrivate(fromIp);
}

/**
 * Whether an owner that a coworker names may be connected to, by the same rule. A coworker that is configured by name may
 * be anywhere: it may name anybody.
 *
 * @param coworker Its API, `host:port`.
 */
export function mayName(coworker: string, ownerIp: string): boolean {
  const host = coworker.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  const isAddress = /^[\d.]+$/.test(host) || host.includes(":");
  return !isAddress || mayFollow(host, ownerIp);
}

/** Loopback, link-local, unspecified. */
function isLocal(host: string): boolean {
  return /^(127\.|169\.254\.|0\.)/.test(host) || /^(::1?|fe[89ab][0-9a-f]:.*|::ffff:127\..*)$/i.test(host) ||
    host.toLowerCase() === "localhost";
}

/** Private networks (RFC 1918, RFC 4193, carrier-grade NAT). */
function isPrivate(ip: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(ip) ||
    /^f[cd][0-9a-f]{2}:/i.test(ip);
}
