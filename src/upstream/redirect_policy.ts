import { mayLeadTo } from "./redirect_trust.ts";

/** Most redirects followed in one attempt. SRS's edge follows without end. */
const MAX_REDIRECTS = 3;

/** A server at one end of a redirect. */
export interface RedirectEnd {
  readonly host: string;
  /** `host:port`, with the scheme in front where that matters: what one server is known by. */
  readonly text: string;
  readonly tls?: boolean;
}

/** Why a redirect is not followed. */
export type RedirectRefusal = "visited" | "downgrade" | "tooMany" | "untrusted";

const refusalTexts: Record<RedirectRefusal, string> = {
  visited: "that server was already asked",
  // What is said over TLS is not for everybody.
  downgrade: "it leads from TLS to an unencrypted connection",
  tooMany: `the limit is ${MAX_REDIRECTS} redirects`,
  untrusted: "a server outside the local network may not point to a local address",
};

/** A refusal in words that complete "redirect to … not followed: ". */
export function describeRefusal(refusal: RedirectRefusal): string {
  return refusalTexts[refusal];
}

/** Judges the redirects of one attempt, from one server to the next: how many, in circles, in the clear, to whom. */
export class RedirectPolicy {
  readonly #visited: Set<string>;
  #hops = 0;

  /** @param visited Servers that were asked already, by their texts; those that are followed to are added to it. */
  constructor(visited: Set<string>) {
    this.#visited = visited;
  }

  /**
   * Judges a redirect, and counts it if it may be followed.
   *
   * @param fromIp Address that the redirecting server was reached at.
   * @returns Null if it is to be followed.
   */
  refuse(from: RedirectEnd, to: RedirectEnd, fromIp: string): RedirectRefusal | null {
    if (this.#visited.has(to.text)) return "visited";
    if (from.tls === true && to.tls !== true) return "downgrade";
    if (this.#hops >= MAX_REDIRECTS) return "tooMany";
    if (!mayLeadTo(fromIp, to.host)) return "untrusted";
    this.#visited.add(to.text);
    this.#hops++;
    return null;
  }
}

/**
 * Whether a server may be talked to at the address that its host name led to.
 *
 * @param namedBy Who named the server: as {@link mayLeadTo} takes it; null for the configuration, or a user.
 */
export function talkRule(namedBy: string | null): (ip: string) => boolean {
  return (ip) => namedBy === null || mayLeadTo(namedBy, ip);
}
